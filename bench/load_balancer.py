"""Network load balancers: from the call to one that works, and what a change of a target group costs by its size.

python -m bench.load_balancer [ROUNDS]        as root

Asks a running Atoll over HTTP: CreateLoadBalancer and DescribeLoadBalancers that says active; then RegisterTargets and
DeregisterTargets of one address in groups of 2, 30 and 300. When such a call answers, packets obey.
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.run import atoll, client, row

SIZES = (2, 30, 300)


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with atoll() as (_, endpoint):
        ec2, elb = client(endpoint), client(endpoint, service="elbv2")
        vpc, subnet = network(ec2)
        print(row("CreateLoadBalancer to active", creations(elb, subnet, rounds)))
        for size in SIZES:
            registered, deregistered = changes(elb, vpc, subnet, size, rounds)
            print(row(f"RegisterTargets, to {size} others", registered))
            print(row(f"DeregisterTargets, from {size} others", deregistered))
    return 0


def network(ec2: Any) -> tuple[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]


def creations(elb: Any, subnet: str, rounds: int) -> list[float]:
    """Seconds until one is active, as the next call shows it."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        arn = balancer(elb, subnet)
        taken.append(time.perf_counter() - start)
        elb.delete_load_balancer(LoadBalancerArn=arn)
    return taken


def balancer(elb: Any, subnet: str) -> str:
    named = {"Name": "bench", "Type": "network", "Scheme": "internal", "Subnets": [subnet]}
    arn = str(elb.create_load_balancer(**named)["LoadBalancers"][0]["LoadBalancerArn"])
    shown = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert shown["State"] == {"Code": "active"}
    return arn


def changes(elb: Any, vpc: str, subnet: str, size: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds that one target more, and one less, takes."""
    arn = balancer(elb, subnet)
    made = elb.create_target_group(Name=f"of-{size}", Protocol="TCP", Port=80, VpcId=vpc, TargetType="ip")
    group = made["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)
    others = [{"Id": f"10.0.{2 + number // 200}.{number % 200 + 1}"} for number in range(size)]
    elb.register_targets(TargetGroupArn=group, Targets=others)
    one = {"TargetGroupArn": group, "Targets": [{"Id": "10.0.1.1"}]}
    came, went = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        elb.register_targets(**one)
        came.append(time.perf_counter() - start)
        start = time.perf_counter()
        elb.deregister_targets(**one)
        went.append(time.perf_counter() - start)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    return came, went


if __name__ == "__main__":
    sys.exit(main())
