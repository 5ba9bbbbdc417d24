"""A private world with a kernel fabric, and probes with real packets: what the fabric's tests and benchmarks share."""

import contextlib
import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from atoll.fabric.kernel import KernelFabric
from atoll.linux import mounts
from atoll.linux.packets import Datagram, Ping, Reach, Stream, Udp, call_in, connect
from atoll.linux.syscalls import Clone, setns, unshare
from atoll.plan.rows import Row
from atoll.records import Delta, Table

PATIENCE = 2.0
"""Seconds to wait for what must arrive. Nothing waits this long unless a test fails."""

SILENCE = 0.3
"""Seconds after which an unanswered TCP SYN counts as silence; its answer takes less than a millisecond here."""


class FabricLab:
    """A fabric that follows a plan, and sockets in its nodes."""

    def __init__(self, folder: Path) -> None:
        self.fabric = KernelFabric(folder)
        self.plan = Table()
        self._sockets: dict[tuple[str, str, int], Udp] = {}
        self._tags = itertools.count(1)

    def another_server(self) -> None:
        """Ours ends as if its process had, and another takes everything up."""
        world = self.fabric._world
        for router in (*world.routers.values(), *world.forwarders.values()):
            router.close()
        self.fabric = KernelFabric(world.folder)
        self.fabric.start({key: (None, one) for key, one in self.plan.records.items()})

    def become(self, plan: Table) -> None:
        """Apply the difference to that plan."""
        delta: Delta = {
            key: (self.plan.find(key), plan.find(key))
            for key in {**self.plan.records, **plan.records}
            if self.plan.find(key) != plan.find(key)
        }
        self.fabric.apply(delta)
        self.plan = Table(plan.records.values())

    def put(self, *rows: Row, without: Iterable[Row] = ()) -> None:
        """Add or replace rows, and take rows away, in one delta."""
        records = dict(self.plan.records)
        for gone in without:
            del records[gone.key]
        records.update({row.key: row for row in rows})
        self.become(Table(records.values()))

    def reap(self) -> None:
        """Remove everything that waits to be removed."""
        while self.fabric.reap():
            pass

    def node(self, name: str) -> Path:
        """The namespace of node i-NAME."""
        path = self.fabric.namespace(f"i-{name}")
        assert path is not None, f"i-{name} has no namespace"
        return path

    def udp(self, name: str, port: int = 0, ip: str = "") -> Udp:
        """A UDP socket in node i-NAME, kept for the whole test."""
        key = (name, ip, port)
        if key not in self._sockets:
            self._sockets[key] = Udp(self.node(name), ip, port)
        return self._sockets[key]

    def new_connection(self, name: str) -> None:
        """The next datagram from that node starts a connection of its own."""
        self._sockets.pop((name, "", 0)).close()

    def send(self, source: str, ip: str, port: int, source_ip: str = "", source_port: int = 0) -> bytes:
        """One tagged datagram from node i-SOURCE; its tag."""
        tag = b"probe %d" % next(self._tags)
        self.udp(source, source_port, source_ip).send(tag, ip, port)
        return tag

    def delivered(
        self, source: str, ip: str, port: int, to: str, source_ip: str = "", source_port: int = 0
    ) -> Datagram:
        """A datagram that must arrive at node i-TO."""
        receiver = self.udp(to, port)
        tag = self.send(source, ip, port, source_ip, source_port)
        arrived = receiver.receive(PATIENCE)
        assert arrived is not None, f"{source} -> {ip}:{port} did not arrive at {to}"
        assert arrived.data == tag, f"{arrived.data!r} arrived at {to} instead of {tag!r}"
        return arrived

    def dropped(
        self,
        source: str,
        ip: str,
        port: int,
        to: str,
        canary: tuple[str, str, int],
        source_ip: str = "",
        source_port: int = 0,
    ) -> None:
        """A datagram that must not arrive at i-TO, proved by a canary (sender, address, port) that does, after it."""
        receiver = self.udp(to, port)
        self.send(source, ip, port, source_ip, source_port)
        self.delivered(*canary, to=to)
        assert receiver.waiting() == [], f"{source} -> {ip}:{port} arrived at {to}"

    def tcp(self, source: str, ip: str, port: int, source_ip: str = "", seconds: float = SILENCE) -> Reach:
        """How an attempt to connect ends."""
        reach, stream = self.stream(source, ip, port, source_ip, seconds)
        if stream:
            stream.close()
        return reach

    def stream(
        self, source: str, ip: str, port: int, source_ip: str = "", seconds: float = PATIENCE
    ) -> tuple[Reach, Stream | None]:
        """A TCP connection, if it comes about."""
        return connect(self.node(source), source_ip, ip, port, seconds)

    def pings(self, source: str, source_ip: str, ip: str, seconds: float = SILENCE) -> bool:
        """Whether an echo request is answered."""
        with Ping(self.node(source), source_ip) as ping:
            return ping.ping(ip, seconds)

    def close(self) -> None:
        """Close sockets, end namespaces."""
        for held in self._sockets.values():
            held.close()
        self.fabric.close()


@contextlib.contextmanager
def private_world(folder: Path) -> Iterator[Path]:
    """Bring the calling thread into its own network and mount namespaces, and back. Yields an empty file system."""
    # A thread that starts inside shares this thread's mounts and would keep it from coming back.
    call_in(Path("/proc/thread-self/ns/net"), lambda: None)
    homes = [(os.open(f"/proc/thread-self/ns/{name}", os.O_RDONLY), kind) for name, kind in _KINDS]
    here = Path.cwd()
    before = set(os.listdir("/proc/self/task"))
    try:
        unshare(Clone.NEWNET | Clone.NEWNS)
        mounts.make_private()
        folder.mkdir(exist_ok=True)
        mounts.tmpfs(folder)
        yield folder
    finally:
        _until_threads_ended(before)
        for descriptor, kind in homes:
            setns(descriptor, kind)
            os.close(descriptor)
        os.chdir(here)  # a mount namespace is entered at its root


def _until_threads_ended(before: set[str]) -> None:
    """A thread that was joined has still a moment to go in the kernel, and holds this thread's mounts till then."""
    known = before | {str(thread.native_id) for thread in threading.enumerate()}
    while set(os.listdir("/proc/self/task")) - known:
        os.sched_yield()


_KINDS = (("net", Clone.NEWNET), ("mnt", Clone.NEWNS))


@contextlib.contextmanager
def fabric_lab(folder: Path, plan: Table | None = None) -> Iterator[FabricLab]:
    """A lab in a world of its own, with that plan applied."""
    with private_world(folder):
        lab = FabricLab(folder)
        try:
            if plan:
                lab.become(plan)
            yield lab
        finally:
            lab.close()
