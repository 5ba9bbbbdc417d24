"""Backends that get a header of the proxy protocol: real packets, and hands shaken in the node's place."""

import ast
import asyncio
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.agents.handshaker import Handshaker
from atoll.agents.health import PASSED
from atoll.agents.proxy_header import LENGTH, SIGNATURE, announcing, nobody
from atoll.agents.segments import SYN, read
from atoll.linux import conntrack
from atoll.linux.handshakes import HEADED
from atoll.linux.netlink import NETFILTER, Netlink
from atoll.linux.nft import wire
from atoll.linux.nft.expr import Base, Do, Is, LoadPacket, Verdict, encoded
from atoll.linux.packets import Listener, Reach, Stream, Tap, call_in
from atoll.packet import TCP
from atoll.plan.rows import Backend, Filter, Frontend
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.kernel.test_fabric_balancers import (
    API,
    API2,
    EIP,
    NODE,
    backend,
    checks,
    in_groups,
    inside,
    left,
    plan,
    talks,
)
from tests.support import silence
from tests.unit.lagoon import CLIENT, IN, VPC, guest, row, rule

pytestmark = pytest.mark.kernel


class Hands:
    """Somebody who shakes hands for node lb-a, on a loop and a thread of its own, until it is told to end."""

    def __init__(self, lab: FabricLab, port: int = 80) -> None:
        self._path = lab.fabric.namespace("lb-a")
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(5)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        assert self._path is not None
        made = Handshaker(self._path, {(ip, self._port): (NODE, self._port) for ip in (NODE, EIP)})
        self._ready.set()
        await self._end.wait()
        made.close()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


@contextlib.contextmanager
def hands(lab: FabricLab) -> Iterator[Hands]:
    made = Hands(lab)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        made.put(replace(row(made.plan, Frontend, "f-a"), header=True))
        yield made


def exactly(stream: Stream, length: int) -> bytes:
    """So many bytes and no more, fewer only when the other side has ended."""
    got = bytearray()
    stream.socket.settimeout(5)
    while len(got) < length and (more := stream.socket.recv(length - len(got))):
        got += more
    return bytes(got)


def connected(lab: FabricLab, server: Listener, source: str = "client", ip: str = EIP) -> tuple[Stream, Stream]:
    reach, stream = lab.stream(source, ip, 80)
    assert reach is Reach.CONNECTED
    assert stream is not None
    accepted = server.accept()
    assert accepted is not None
    return stream, accepted


@pytest.mark.parametrize("keep", [True, False])
def test_a_header_comes_first_and_all_else_as_it_was_sent(lab: FabricLab, keep: bool) -> None:
    lab.put(replace(row(lab.plan, Frontend, "f-a"), keep=keep))
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            header = exactly(accepted, LENGTH)
            source = stream.socket.getsockname()
            assert header == announcing((CLIENT, source[1]), (NODE, 80))
            assert accepted.peer == (CLIENT if keep else NODE)
            talks(stream, accepted)


def test_large_transfers_both_ways_at_once(lab: FabricLab) -> None:
    """8 MB each way, compared by hash."""
    up, down = (hashlib.sha256(seed).digest() * (8 << 15) for seed in (b"up", b"down"))

    def take(stream: Stream, length: int, found: list[str]) -> None:
        found.append(hashlib.sha256(exactly(stream, length)).hexdigest())

    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert len(exactly(accepted, LENGTH)) == LENGTH
            found_up: list[str] = []
            found_down: list[str] = []
            threads = [
                threading.Thread(target=take, args=(accepted, len(up), found_up)),
                threading.Thread(target=take, args=(stream, len(down), found_down)),
                threading.Thread(target=stream.send, args=(up,)),
                threading.Thread(target=accepted.send, args=(down,)),
            ]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
    assert found_up == [hashlib.sha256(up).hexdigest()]
    assert found_down == [hashlib.sha256(down).hexdigest()]


def test_a_server_that_speaks_first(lab: FabricLab) -> None:
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            accepted.send(b"220 welcome")
            assert stream.receive() == b"220 welcome"
            assert len(exactly(accepted, LENGTH)) == LENGTH
            talks(stream, accepted)


def test_a_closed_port_refuses_and_a_rule_is_silent(lab: FabricLab) -> None:
    with hands(lab):
        assert lab.tcp("client", EIP, 80, seconds=0.9) is Reach.REFUSED
        assert lab.tcp("client", EIP, 81) is Reach.SILENT
        shut = rule("narrow", "sg-api", IN, "192.0.2.1/32", TCP, (8080, 8080))
        lab.put(Filter(id="sg-api", domain=VPC), shut, *guest("api", "priv", API, ["sg-api"]))
        with Listener(lab.node("api"), API, 8080):
            assert lab.tcp("client", EIP, 80) is Reach.SILENT
            lab.put(rule("wide", "sg-api", IN, f"{CLIENT}/32", TCP, (8080, 8080)))
            assert lab.tcp("client", EIP, 80) is Reach.CONNECTED
            lab.put(backend(eligible=False))
            assert lab.tcp("client", EIP, 80) is Reach.SILENT


def test_connections_go_on_without_who_shook_hands_and_new_ones_wait(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        with hands(lab):
            stream, accepted = connected(lab, server)
        with stream, accepted:
            exactly(accepted, LENGTH)
            assert lab.tcp("client", EIP, 80) is Reach.SILENT
            lab.another_server()
            assert lab.fabric.observe() == []
            talks(stream, accepted)
            waiting = Connecting(lab)
            with hands(lab):  # the client's SYN comes again
                late = waiting.stream()
            again = server.accept()
            assert again is not None
            with late, again:
                assert exactly(again, LENGTH) == announcing(late.socket.getsockname(), (NODE, 80))
                talks(late, again)
                talks(stream, accepted)


class Connecting:
    """A client of the balancer whose first SYN finds nobody."""

    def __init__(self, lab: FabricLab) -> None:
        self._got: list[Stream | None] = []
        with Tap(lab.node("client")) as tap:
            self._thread = threading.Thread(target=lambda: self._got.append(lab.stream("client", EIP, 80, "", 5)[1]))
            self._thread.start()
            assert tap.find(is_syn) is not None

    def stream(self) -> Stream:
        self._thread.join()
        (stream,) = self._got
        assert stream is not None
        return stream


def is_syn(frame: bytes) -> bool:
    segment = read(frame[14:])
    return segment is not None and segment.has(SYN)


def test_a_header_that_is_lost_is_sent_again(lab: FabricLab) -> None:
    """The backend has the client's bytes by then, and waits for those before them."""
    with hands(lab), Listener(lab.node("api"), API, 8080) as server, Tap(lab.node("api")) as tap:
        with Losing(lab):
            reach, stream = lab.stream("client", EIP, 80)
            assert reach is Reach.CONNECTED
            assert stream is not None
            stream.send(b"question")
            assert tap.find(lambda frame: b"question" in frame) is not None
        with stream:
            accepted = server.accept(5)
            assert accepted is not None
            with accepted:
                got = exactly(accepted, LENGTH + 8)
                assert got == announcing(stream.socket.getsockname(), (NODE, 80)) + b"question"
                accepted.send(b"answer")
                assert stream.receive() == b"answer"


class Losing:
    """While it lasts, the backend's namespace drops what holds a header."""

    def __init__(self, lab: FabricLab) -> None:
        self._netlink = call_in(lab.node("api"), lambda: Netlink(NETFILTER))

    def __enter__(self) -> None:
        header = (LoadPacket(Base.TRANSPORT, 32, 4), Is(SIGNATURE[:4]), Do(Verdict.DROP))
        chain = wire.new_chain("lose", wire.Hook(1, 0, drop=False))
        lose = wire.add_rule("lose", encoded(header, lambda _: b""))
        wire.transaction(self._netlink, [wire.new_table(), chain, lose])

    def __exit__(self, *_: object) -> None:
        wire.transaction(self._netlink, [wire.flush_chain("lose")])
        self._netlink.close()


@pytest.mark.parametrize("protocol", ["tcp", "http"])
def test_checks_begin_with_a_header_that_names_nobody(lab: FabricLab, protocol: str) -> None:
    heard: list[bytes] = []
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:

        def serve() -> None:
            accepted = server.accept()
            assert accepted is not None
            with accepted:
                heard.append(exactly(accepted, LENGTH))
                if protocol == "http":
                    heard.append(accepted.receive() or b"")
                    accepted.send(b"HTTP/1.1 200 OK\r\n\r\n")

        assert checks(lab, serve, header=True, protocol=protocol, path="/ok", codes="200") == PASSED
    assert heard[0] == nobody()
    assert [one.startswith(b"GET /ok HTTP/1.1\r\n") for one in heard[1:]] == [True] * (protocol == "http")


@pytest.mark.parametrize("keep", [True, False])
def test_many_at_once_each_with_its_own_header(lab: FabricLab, keep: bool) -> None:
    """Through one node from two clients, to two backends; those of another frontend get none."""
    plain = [Frontend(id="f-plain", node="lb-a", protocol=TCP, port=81, keep=keep)]
    plain_backend = Backend(frontend="f-plain", address=API, port=8080)
    lab.put(replace(row(lab.plan, Frontend, "f-a"), keep=keep), backend(API2), *plain, plain_backend)
    with hands(lab), Listener(lab.node("api"), API, 8080) as one, Listener(lab.node("api2"), API2, 8080) as two:
        opened: list[Stream] = []
        for number in range(48):
            source, ip = (("client", EIP), ("web", NODE))[number % 2]
            reach, stream = lab.stream(source, ip, 80)
            assert reach is Reach.CONNECTED
            assert stream is not None
            stream.send(repr(stream.socket.getsockname()).encode())
            opened.append(stream)
        told = []
        for listener in (one, two):
            while accepted := listener.accept(0.2):
                with accepted:
                    header = exactly(accepted, LENGTH)
                    source = ast.literal_eval((accepted.receive() or b"").decode())
                    assert header == announcing(source, (NODE, 80))
                    told.append(source)
        assert sorted(told) == sorted(stream.socket.getsockname() for stream in opened)
        for stream in opened:
            stream.close()
        reach, stream = lab.stream("client", EIP, 81)
        accepted = one.accept()
        assert reach is Reach.CONNECTED
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            talks(stream, accepted)
    assert lab.fabric.observe() == []


def test_a_cut_backend_resets_its_connections(lab: FabricLab) -> None:
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            exactly(accepted, LENGTH)
            talks(stream, accepted)
            lab.put(backend(eligible=False, cut=True))
            for end in (stream, accepted):
                end.send(b"more")
                with pytest.raises(ConnectionResetError):
                    end.receive()


def test_silence_for_as_long_as_the_listener_says_ends_it(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Frontend, "f-a"), idle=60))
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            exactly(accepted, LENGTH)
            silence.pass_time(inside(lab), 40)
            talks(stream, accepted)
            assert 50 < left(lab, TCP) <= 60
            silence.pass_time(inside(lab), 60)
            stream.send(b"after")
            with pytest.raises(ConnectionResetError):
                stream.receive()


def test_its_groups_judge_both_passes_and_are_its_senders(lab: FabricLab) -> None:
    rules = in_groups(lab)
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert accepted.peer == CLIENT
            exactly(accepted, LENGTH)
            for one in rules:
                lab.put(without=[one])
                assert lab.tcp("client", EIP, 80) is Reach.SILENT, one.id
                talks(stream, accepted)
                lab.put(one)
                assert lab.tcp("client", EIP, 80) is Reach.CONNECTED


def test_a_header_that_has_arrived_is_watched_no_more(lab: FabricLab) -> None:
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            exactly(accepted, LENGTH)
            for _ in range(100):  # who watches has a moment
                talks(stream, accepted)
                (mark,) = (one.mark for one in conntrack.connections(inside(lab)) if one.protocol == TCP)
                if mark == HEADED:
                    break
            assert mark == HEADED


def test_the_same_port_again_and_again(lab: FabricLab) -> None:
    """Each connection of a client's port is one of its own, whoever has ended the last one."""
    with hands(lab), Listener(lab.node("api"), API, 8080) as server:
        for number in range(6):
            opened = call_in(lab.node("client"), lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((CLIENT, 40000))
            opened.settimeout(5)
            opened.connect((EIP, 80))
            accepted = server.accept()
            assert accepted is not None
            with Stream(opened) as stream, accepted:
                assert exactly(accepted, LENGTH) == announcing((CLIENT, 40000), (NODE, 80))
                talks(stream, accepted)
                if number % 3:  # a reset; else whoever closes first keeps it in mind, the client or the server
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif number:
                    accepted.close()
                    assert stream.receive() == b""


def test_nothing_listens_while_hands_are_shaken(lab: FabricLab) -> None:
    """The one raw socket is of a protocol that nobody speaks: it sends, and gets nothing (raw(7))."""
    path = lab.fabric.namespace("lb-a")
    assert path is not None
    with hands(lab):
        for name, held in (("tcp", 0), ("udp", 0), ("raw", 1)):
            read_table = Path("/proc/thread-self/net", name).read_text
            lines = call_in(path, read_table).splitlines()[1:]
            assert len(lines) == held, name
    assert lines[0].split()[1] == "00000000:00FF", "protocol 255"
