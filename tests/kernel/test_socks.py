"""The SOCKS proxy with real sockets: what it answers, how it relays, and what it holds on to.

The far side is a namespace with nothing but a loopback, to which it is told to lead.
"""

import asyncio
import contextlib
import os
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.agents.socks import Proxy
from atoll.agents.socks_words import Reply
from atoll.linux import netns
from atoll.linux.packets import Listener, Stream

pytestmark = pytest.mark.kernel

FAR = "127.0.0.1"
SILENT, REJECTED, NOWHERE, ELSEWHERE = "192.0.2.1", "192.0.2.129", "198.51.100.1", "10.0.0.1"
NAMES = {"far.test": FAR, "elsewhere.test": ELSEWHERE}
MOST = 3
ASKING, CONNECTING, ENDING = 0.5, 0.5, 0.5
DEADLINE = 10.0


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Path]:
    """A namespace in which SILENT swallows packets, REJECTED is unreachable, and to NOWHERE no route leads."""
    path = tmp_path / "far"
    netns.create(path, {})
    try:
        for route in (["192.0.2.0/25", "dev", "lo"], ["unreachable", "192.0.2.128/25"]):
            subprocess.run(["nsenter", f"--net={path}", "ip", "route", "add", *route], check=True)
        yield path
    finally:
        netns.delete(path)


@pytest.fixture
def proxy(far: Path) -> Iterator[int]:
    """The port of a proxy that runs in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = Proxy(lambda: far, NAMES.get, lambda ip: ip != ELSEWHERE, most=MOST, times=(ASKING, CONNECTING, ENDING))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(running.start(listener), loop).result()
        yield int(listener.getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(running.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Client:
    """A SOCKS client, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)

    def take(self, length: int) -> bytes:
        data = b""
        while len(data) < length and (more := self.socket.recv(length - len(data))):
            data += more
        return data

    def ask(self, host: str, port: int) -> Reply | None:
        """The reply to a request; None when the proxy hung up instead."""
        self.socket.sendall(b"\x05\x01\x00")
        if self.take(2) != b"\x05\x00":
            return None
        self.socket.sendall(b"\x05\x01\x00" + _host(host) + struct.pack(">H", port))
        said = self.take(10)
        return Reply(said[1]) if said else None


def _host(host: str) -> bytes:
    with contextlib.suppress(OSError):
        return b"\x01" + socket.inet_aton(host)
    return b"\x03" + bytes((len(host),)) + host.encode()


@contextlib.contextmanager
def client(port: int) -> Iterator[Client]:
    made = Client(port)
    with made.socket:
        yield made


@contextlib.contextmanager
def through(proxy: int, far: Path) -> Iterator[tuple[Client, Stream]]:
    """A connection from a client through the proxy to a server: both ends."""
    with Listener(far, FAR, 0) as listener, client(proxy) as made:
        assert made.ask(FAR, listener.socket.getsockname()[1]) is Reply.CONNECTED
        accepted = listener.accept(DEADLINE)
        assert accepted is not None
        with accepted:
            accepted.socket.settimeout(DEADLINE)
            yield made, accepted


@pytest.mark.parametrize(
    ("host", "reply"),
    [
        (FAR, Reply.REFUSED),
        ("far.test", Reply.REFUSED),
        (SILENT, Reply.HOST_UNREACHABLE),
        (REJECTED, Reply.HOST_UNREACHABLE),
        (NOWHERE, Reply.NETWORK_UNREACHABLE),
        (ELSEWHERE, Reply.NOT_ALLOWED),
        ("elsewhere.test", Reply.NOT_ALLOWED),
        ("unknown.test", Reply.HOST_UNREACHABLE),
        ("", Reply.HOST_UNREACHABLE),
    ],
)
def test_a_failure_is_told_as_what_it_is(proxy: int, host: str, reply: Reply) -> None:
    with client(proxy) as made:
        assert made.ask(host, 9) is reply
        assert made.take(1) == b""


def test_bytes_go_both_ways_and_each_way_ends_by_itself(proxy: int, far: Path) -> None:
    with through(proxy, far) as (made, server):
        made.socket.sendall(b"question")
        made.socket.shutdown(socket.SHUT_WR)
        assert _all(server.socket) == b"question"
        server.send(b"answer")
        server.socket.shutdown(socket.SHUT_WR)
        assert _all(made.socket) == b"answer"


def test_a_side_that_has_ended_is_waited_for_while_bytes_come_and_no_longer(proxy: int, far: Path) -> None:
    with through(proxy, far) as (made, server):
        made.socket.shutdown(socket.SHUT_WR)
        for _ in range(4):
            server.send(b"x")
            assert made.take(1) == b"x"
            assert not select.select([made.socket], [], [], ENDING / 2)[0]
        with pytest.raises(ConnectionResetError):
            made.socket.recv(1)
        assert server.receive(DEADLINE) == b""  # the client's own end, passed on before
        with pytest.raises(BrokenPipeError):
            _send_on(server.socket)


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_reset_is_a_reset_on_the_other_side(proxy: int, far: Path, side: str) -> None:
    with through(proxy, far) as (made, server):
        one, other = (made.socket, server.socket) if side == "client" else (server.socket, made.socket)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        with pytest.raises(ConnectionResetError):
            other.recv(1)


def test_a_slow_peer_slows_the_other_and_loses_nothing(proxy: int, far: Path) -> None:
    chunk = os.urandom(1 << 16)
    with through(proxy, far) as (made, server):
        sent = 0
        while sent < 1 << 28 and select.select([], [server.socket], [], 0.5)[1]:
            sent += server.socket.send(chunk, socket.MSG_DONTWAIT)
        assert sent < 1 << 28, "the proxy keeps it all in memory"
        server.socket.shutdown(socket.SHUT_WR)
        received = 0
        while data := made.socket.recv(1 << 20):
            received += len(data)
        assert received == sent


def test_who_says_nothing_is_hung_up_on(proxy: int) -> None:
    with client(proxy) as made, pytest.raises(ConnectionResetError):
        made.take(1)
    with client(proxy) as made:
        made.socket.sendall(b"\x05\x01\x00")
        assert made.take(2) == b"\x05\x00"
        with pytest.raises(ConnectionResetError):
            made.take(1)


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x04\x01\x00\x50\xc6\x12\x00\x07\x00"])
def test_other_languages_get_no_answer(proxy: int, words: bytes) -> None:
    with client(proxy) as made:
        made.socket.sendall(words)
        try:
            assert made.take(1) == b""
        except ConnectionResetError:
            return


def test_authentication_is_not_known(proxy: int) -> None:
    with client(proxy) as made:
        made.socket.sendall(b"\x05\x01\x02")
        assert made.take(2) == b"\x05\xff"
        assert made.take(1) == b""


def test_connections_are_bounded_and_places_come_back(proxy: int, far: Path) -> None:
    with contextlib.ExitStack() as held:
        first = held.enter_context(through(proxy, far))
        for _ in range(MOST - 1):
            held.enter_context(through(proxy, far))
        with client(proxy) as late:
            assert _refused(late)
        first[0].socket.sendall(b"still")
        assert first[1].receive(DEADLINE) == b"still"
    while True:  # places come back when the proxy has seen the ends
        with client(proxy) as later:
            if not _refused(later):
                return


def _refused(made: Client) -> bool:
    try:
        return made.ask(FAR, 9) is None
    except (ConnectionResetError, BrokenPipeError):
        return True


def _send_on(opened: socket.socket) -> None:
    """Until the other side's reset is seen."""
    while True:
        opened.send(b"x")


def _all(opened: socket.socket) -> bytes:
    data = b""
    while more := opened.recv(65536):
        data += more
    return data
