"""Names resolved a second: one client and one server, a process each, 64 questions under way.

python -m bench.names [SECONDS]    (as root: both are hosts of an internet, where no limit of an ENI counts)
"""

import asyncio
import itertools
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message

from atoll.agents.name_server import NameServer, sockets
from atoll.agents.names import look_up
from atoll.linux.packets import call_in
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Name, NameType, Numbering, Zone
from atoll.plan.services import DNS
from atoll.records import Table
from tests.kernel.fabric_lab import fabric_lab
from tests.unit.lagoon import CLIENT, VPC, host, world

WINDOW = 64
SERVER = "203.0.113.53"
ECHO = 7
KNOWN = 10_000
"""Public names in the plan."""


def plan() -> Table:
    """What a server knows: names made of addresses, and rows."""
    public = (f"ec2-198-18-{n >> 8}-{n & 255}.compute-1.amazonaws.com" for n in range(KNOWN))
    return Table(
        [
            Zone(domain=VPC, name="ec2.internal"),
            Zone(domain=INTERNET, name="compute-1.amazonaws.com"),
            Numbering(domain=VPC, zone="ec2.internal", prefix=Prefix.parse("10.0.0.0/8")),
            *(Name(domain=INTERNET, name=one, type=NameType.A, value="198.18.0.1") for one in public),
        ]
    )


def serve(namespace: str, ready: "multiprocessing.synchronize.Event") -> None:
    """Until it is ended."""
    known = plan()

    async def serving() -> None:
        echo = call_in(Path(namespace), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        echo.bind(("", ECHO))
        echo.setblocking(False)
        asyncio.get_running_loop().add_reader(echo, lambda: echo.sendto(*echo.recvfrom(4096)))
        server = NameServer(lambda name, kind: look_up(known, VPC, name, kind))
        await server.start(call_in(Path(namespace), sockets))
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serving())


def asked(kind: str) -> Iterator[str]:
    """Names to ask for, without end."""
    for n in itertools.count():
        yield {
            "made of an address, another each time": f"ip-10-{n >> 16 & 255}-{n >> 8 & 255}-{n & 255}.ec2.internal.",
            "of a row, another each time": f"ec2-198-18-{n % KNOWN >> 8}-{n % KNOWN & 255}.compute-1.amazonaws.com.",
            "that is not there, another each time": f"x{n}.ec2.internal.",
            "the same again": "ip-10-0-0-5.ec2.internal.",
        }[kind]


KINDS = ("made of an address, another each time", "of a row, another each time",
         "that is not there, another each time", "the same again")  # fmt: skip


def rate(client: socket.socket, port: int, kind: str, seconds: float) -> tuple[float, float]:
    """Answers a second, and the median of milliseconds from question to answer."""
    wires = [dns.message.make_query(name, "A", id=0).to_wire()[2:] for name in itertools.islice(asked(kind), 30_000)]
    sent: dict[int, float] = {}
    took: list[float] = []
    number = 0

    def ask() -> None:
        nonlocal number
        number = number % 65_535 + 1
        sent[number] = time.perf_counter()
        client.sendto(number.to_bytes(2, "big") + wires[number % len(wires)], (SERVER, port))

    began = time.perf_counter()
    for _ in range(WINDOW):
        ask()
    while (now := time.perf_counter()) < began + seconds:
        took.append(now - sent.pop(int.from_bytes(client.recv(4096)[:2], "big")))
        ask()
    while sent:
        sent.pop(int.from_bytes(client.recv(4096)[:2], "big"))
    return len(took) / seconds, statistics.median(took) * 1000


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder:
        rows = [*world(), *host("asker", CLIENT), *host("resolver", SERVER)]
        with fabric_lab(Path(folder) / "world", Table(rows)) as lab:
            spawn = multiprocessing.get_context("spawn")
            ready = spawn.Event()
            server = spawn.Process(target=serve, args=(str(lab.node("resolver")), ready), daemon=True)
            server.start()
            assert ready.wait(20)
            client = call_in(lab.node("asker"), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            client.settimeout(60)
            bare, _ = rate(client, ECHO, KINDS[0], seconds)
            print(f"{'datagrams that are sent back as they are':<47} {bare:8,.0f} a second")
            for kind in KINDS:
                answers, ms = rate(client, DNS, kind, seconds)
                share = f"{answers / bare:.2f} of that, {ms:.1f} ms with {WINDOW} under way"
                print(f"a name {kind:<40} {answers:8,.0f} a second, {share}")
            server.terminate()
            server.join()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3)
