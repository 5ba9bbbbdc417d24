"""NAT gateways: from the call to one that works, and 55,000 connections to one destination.

python -m bench.nat_gateway [ROUNDS]        as root

The first part asks a running Atoll over HTTP: CreateNatGateway, DescribeNatGateways that says available, and the same
for deletion. The others make connections through the kernel fabric until no more are let through, and say how many
that were, whether one to another destination still is, and how long the first and the last ten thousand took: once with
datagrams that are injected, once with TCP sockets that are all open at both ends. Throughput and new connections
through a NAT gateway are bench/data_path.py's.
"""

import contextlib
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.linux.packets import Listener, Reach
from bench.run import atoll, client, row
from tests.kernel.fabric_lab import fabric_lab
from tests.kernel.test_fabric_full_gateway import MOST, PART, SENDERS
from tests.kernel.test_fabric_full_gateway import fill as datagrams
from tests.kernel.test_fabric_translators import DB, EIP, SERVER, flood, left, plan
from tests.unit.lagoon import CLIENT


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with atoll() as (_, endpoint):
        created, deleted = calls(client(endpoint), rounds)
    print(row("CreateNatGateway to available", created))
    print(row("DeleteNatGateway to deleted", deleted))
    for filling in (fill, fill_with_sockets):
        with tempfile.TemporaryDirectory() as folder:
            filling(Path(folder))
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
        marks = datagrams(lab)
        held = len(left(lab)) - 1
        receiver.waiting()
        flood(lab, "db", DB, range(60_000, 60_100))
        lab.delivered("db", SERVER, 54, "server")
        more = len(receiver.waiting())
        other = lab.delivered("db2", "203.0.113.10", 53, "client").ip == EIP
        tell("datagrams", held, more, other, marks)


def fill_with_sockets(folder: Path) -> None:
    """TCP connections, held open by two hosts and a server."""
    needed = 2 * MOST + 1_000
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(needed, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    except ValueError:
        print(f"TCP sockets: not tried, a process may not open {needed} files here (ulimit -Hn)")
        return
    with fabric_lab(folder / "world", plan()) as lab, contextlib.ExitStack() as opened:
        server = opened.enter_context(Listener(lab.node("server"), SERVER, 80))
        elsewhere = opened.enter_context(Listener(lab.node("client"), CLIENT, 80))
        marks, held = [time.perf_counter()], 0
        for source, _, _ in SENDERS:
            for number in range(MOST // len(SENDERS)):
                reach, stream = lab.stream(source, SERVER, 80)
                accepted = server.accept()
                if stream is None or accepted is None:
                    raise AssertionError(f"connection {held + 1}: {reach}")
                opened.enter_context(stream)
                opened.enter_context(accepted)
                held += 1
                if number % PART == PART - 1:
                    marks.append(time.perf_counter())
        more = sum(lab.tcp(source, SERVER, 80) is not Reach.SILENT for source, _, _ in SENDERS)
        other = lab.tcp("db", CLIENT, 80) is Reach.CONNECTED and elsewhere.accept() is not None
        tell("TCP sockets", held, more, other, marks)


def tell(what: str, held: int, more: int, other: bool, marks: list[float]) -> None:
    parts = 10_000 // PART
    print(f"{what}: {held} connections to one destination, then {more} more; to another one: {other}")
    print(f"the first 10,000: {marks[parts] - marks[0]:.1f} s, the last: {marks[-1] - marks[-1 - parts]:.1f} s")
    assert (held, more, other) == (MOST, 0, True)


if __name__ == "__main__":
    sys.exit(main())
