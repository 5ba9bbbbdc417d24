"""NAT gateways: from the call to one that works, and 55,000 connections to one destination.

python -m bench.nat_gateway [ROUNDS]        as root

The first part asks a running Atoll over HTTP: CreateNatGateway, DescribeNatGateways that says available, and the same
for deletion. The others make connections through the kernel fabric until no more are let through, and say how many
that were, whether one to another destination still is, and how long the first and the last ten thousand took: once with
datagrams that are injected, once with TCP sockets that are all open at both ends. Throughput and new connections
through a NAT gateway are bench/data_path.py's.
"""

import contextlib
import os
import resource
import socket
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.linux import packets
from atoll.linux.packets import Listener, Reach
from bench.run import atoll, client, row
from tests.kernel.fabric_lab import FabricLab, fabric_lab
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
    """TCP connections, held open by two hosts and a server: in as many processes as their open files need."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    each = (files - 500) // 2 // PART * PART
    with fabric_lab(folder / "world", plan()) as lab, contextlib.ExitStack() as opened:
        server = opened.enter_context(Listener(lab.node("server"), SERVER, 80))
        elsewhere = opened.enter_context(Listener(lab.node("client"), CLIENT, 80))
        marks = [time.perf_counter()]
        for source, _, first in SENDERS:
            ports = range(first, first + MOST // len(SENDERS))
            for begun in range(0, len(ports), each):
                marks += opened.enter_context(holding(lab, server, source, ports[begun : begun + each]))
        more = sum(lab.tcp(source, SERVER, 80) is not Reach.SILENT for source, _, _ in SENDERS)
        other = lab.tcp("db", CLIENT, 80) is Reach.CONNECTED and elsewhere.accept() is not None
        tell("TCP sockets", (len(marks) - 1) * PART, more, other, marks)


@contextlib.contextmanager
def holding(lab: FabricLab, server: Listener, source: str, ports: range) -> Iterator[list[float]]:
    """A process that holds a connection from each port open, at both ends; the time after each part of them.

    Ports are named, since the kernel looks for a free one ever longer when half of its range is taken.
    """
    told, telling = os.pipe()
    ending, end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(end)
            packets._worker.cache_clear()  # its thread is the parent's
            held: list[object] = []
            for port in ports:
                stream = packets.call_in(lab.node(source), socket.socket)
                stream.bind(("", port))
                stream.settimeout(10)
                stream.connect((SERVER, 80))
                held += [stream, server.accept(10)]
                if len(held) % (2 * PART) == 0:
                    os.write(telling, struct.pack("d", time.perf_counter()))
            os.close(telling)
            os.read(ending, 1)  # the parent's end
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(telling)
    os.close(ending)
    with open(told, "rb") as marks:
        found = [mark for (mark,) in struct.iter_unpack("d", marks.read())]
    try:
        assert len(found) == len(ports) // PART, "see above"
        yield found
    finally:
        os.close(end)
        os.waitpid(child, 0)


def tell(what: str, held: int, more: int, other: bool, marks: list[float]) -> None:
    parts = 10_000 // PART
    print(f"{what}: {held} connections to one destination, then {more} more; to another one: {other}")
    print(f"the first 10,000: {marks[parts] - marks[0]:.1f} s, the last: {marks[-1] - marks[-1 - parts]:.1f} s")
    assert (held, more, other) == (MOST, 0, True)


if __name__ == "__main__":
    sys.exit(main())
