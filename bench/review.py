"""Reviews of a whole design, by its number of ENIs: atoll check, atoll diff and a case of atoll verify.

`python -m bench.review [ENIS ...]`: 30 and 100 unless said otherwise, in one VPC of four subnets over two zones, with a
group for every ten ENIs that wear it; each has a rule for the world, for another group, for a subnet, and one that no
packet can use. Times are of the processor: one thread computes, and nothing waits.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from atoll.fabric.none import NoFabric
from atoll.review.checks import check
from atoll.review.compare import compare
from atoll.review.states import State, read, written
from atoll.review.verify import verify
from tests.witness.clients import Client, client
from tests.witness.cloud import Cloud

T = TypeVar("T")

WEARERS = 10


def build(ec2: Client, count: int) -> list[str]:
    """Build it; the groups."""
    vpc = ec2.call("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.call(
            "CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{'ab'[number % 2]}"
        )
        for number in range(4)
    ]
    groups = [
        ec2.call("CreateSecurityGroup", GroupName=f"group-{number}", Description="bench", VpcId=vpc)["GroupId"]
        for number in range(count // WEARERS)
    ]
    for number, group in enumerate(groups):
        allow(ec2, group, 80 + number, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
        allow(ec2, group, 1000 + number, UserIdGroupPairs=[{"GroupId": groups[number - 1]}])
        allow(ec2, group, 2000 + number, IpRanges=[{"CidrIp": "10.0.1.0/24"}])
        allow(ec2, group, 3000 + number, IpRanges=[{"CidrIp": "192.168.0.0/16"}])
    for number in range(count):
        ec2.call(
            "RunInstances",
            ImageId="ami-12c6146b",
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnets[number % 4]["Subnet"]["SubnetId"],
            SecurityGroupIds=[groups[number % len(groups)]],
        )
    return groups


def allow(ec2: Client, group: str, port: int, **peer: object) -> None:
    """Let TCP in at one port."""
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission])


def timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the processor, and the result."""
    start = time.process_time()
    result = act()
    return time.process_time() - start, result


def measure(count: int) -> None:
    with contextlib.closing(Cloud(1, NoFabric())) as cloud:
        ec2 = client(cloud, 1)
        groups = build(ec2, count)
        model, plan = cloud.writer.model, cloud.plan

        def saved() -> State:
            return read(written(list(model.records.values())))

        print(f"{count} ENIs, {len(groups)} groups, {len(plan)} rows")
        seconds, found = timed(lambda: check(model, plan))
        print(f"  check: {seconds:.2f} s, {len(found)} findings")
        base = saved()
        allow(ec2, groups[0], 22, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
        seconds, head = timed(saved)
        print(f"  save and read: {seconds:.2f} s")
        seconds, difference = timed(lambda: compare(base, head))
        print(f"  diff, one more rule: {seconds:.2f} s, {len(difference.changes)} changes")
        denial = [{"deny": f"internet -> {groups[0]}:23"}]
        file = {"version": 1, "expect": denial, "when": [{"az-down": "us-east-1a"}]}
        seconds, results = timed(lambda: verify(model, plan, file))
        print(f"  an intent now and with a zone down: {seconds:.2f} s, {sum(one.holds for one in results)} hold")


if __name__ == "__main__":
    for words in sys.argv[1:] or ("30", "100"):
        measure(int(words))
