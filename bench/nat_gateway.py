"""NAT gateways: from the call to one that works, and 55,000 connections to one destination.

python -m bench.nat_gateway [ROUNDS]        as root

The first part asks a running Atoll over HTTP: CreateNatGateway, DescribeNatGateways that says available, and the same
for deletion. The second makes connections through the kernel fabric until no more are let through, and says how many
that were, whether one to another destination still is, and how long the first and the last ten thousand took.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.run import atoll, client, row
from tests.kernel.fabric_lab import fabric_lab
from tests.kernel.test_fabric_translators import DB, EIP, SERVER, flood, left, plan

MOST, PART = 55_000, 500
SENDERS = (("db", DB, 2_000), ("db2", "10.0.2.6", 31_000))
"""Two hosts, each with 27,500 ports of its own and a few more, so that none has to be given another port."""


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with atoll() as (_, endpoint):
        created, deleted = calls(client(endpoint), rounds)
    print(row("CreateNatGateway to available", created))
    print(row("DeleteNatGateway to deleted", deleted))
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
    return 0


def calls(ec2: Any, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds until a gateway is what the call asked for, as the next calls show it."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    created, deleted = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
        assert state(ec2, made) == "available"
        created.append(time.perf_counter() - start)
        start = time.perf_counter()
        ec2.delete_nat_gateway(NatGatewayId=made)
        assert state(ec2, made) == "deleted"
        deleted.append(time.perf_counter() - start)
    return created, deleted


def state(ec2: Any, gateway: str) -> str:
    return str(ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"])


def fill(folder: Path) -> None:
    """Datagrams, each a connection: what the receiver's side is told is read from the gateway's own table."""
    with fabric_lab(folder / "world", plan()) as lab:
        receiver = lab.udp("server", 53)
        marks = [time.perf_counter()]
        for source, ip, first in SENDERS:
            for start in range(first, first + MOST // 2, PART):
                flood(lab, source, ip, range(start, start + PART))
                lab.delivered("db", SERVER, 54, "server")  # nothing waits in any queue any more
                marks.append(time.perf_counter())
        held = len(left(lab)) - 1
        receiver.waiting()
        flood(lab, "db", DB, range(60_000, 60_100))
        lab.delivered("db", SERVER, 54, "server")
        more = len(receiver.waiting())
        other = lab.delivered("db2", "203.0.113.10", 53, "client").ip == EIP
        parts = 10_000 // PART
        print(f"connections to one destination: {held}, then {more} of 100 more; to another one: {other}")
        print(f"the first 10,000: {marks[parts] - marks[0]:.1f} s, the last: {marks[-1] - marks[-1 - parts]:.1f} s")
        assert (held, more, other) == (MOST, 0, True)


if __name__ == "__main__":
    sys.exit(main())
