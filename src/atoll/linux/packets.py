"""Real packets for tests, traces and the witness: sockets inside a network namespace, opened from any thread.

Sockets belong to the namespace in which they were opened, wherever they are used afterwards. Opening happens in one
thread of its own that goes from namespace to namespace, so no other thread ever leaves its own. Nothing sleeps:
whoever waits, waits for an arrival with a deadline.

Absence is proved by a canary, not by a clock: send the packet that must not arrive, then one that must, over the
same path; when the second is there and the first is not, it was dropped.
"""

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from atoll.linux.syscalls import Clone, setns

T = TypeVar("T")
_IP_RECVERR, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO, _IP_MTU = 11, 10, 2, 14
_ALL_FRAMES = 3
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_IP_HEADER = 20


@cache
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="sockets")


def call_in(namespace: Path, function: Callable[[], T]) -> T:
    """Run `function` in a namespace, in the thread that does nothing else; its errors come back."""
    # The caller opens the path: that thread may see other mounts than this one.
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)

    def enter() -> T:
        setns(descriptor, Clone.NEWNET)
        return function()

    try:
        return _worker().submit(enter).result()
    finally:
        os.close(descriptor)


class Datagram(NamedTuple):
    """What arrived, and from whom."""

    data: bytes
    ip: str
    port: int


class Reach(StrEnum):
    """How an attempt to connect ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    SILENT = "silent"


class _Held:
    """A socket that is closed with its `with` block."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened

    def _bind(self, ip: str, port: int) -> None:
        try:
            self.socket.bind((ip, port))
        except OSError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Udp(_Held):
    """A UDP socket. `ip` may be an address of the namespace or "" for any."""

    def __init__(self, namespace: Path, ip: str = "", port: int = 0) -> None:
        super().__init__(call_in(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        self._bind(ip, port)

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self.socket.getsockname()[1])

    def send(self, data: bytes, ip: str, port: int) -> None:
        """Send one datagram. An error left by an earlier one is not this one's: then it is sent again."""
        with contextlib.suppress(OSError):
            self.socket.sendto(data, (ip, port))
            return
        self.socket.sendto(data, (ip, port))

    def receive(self, seconds: float = 2.0) -> Datagram | None:
        """The next datagram, None at the deadline; ConnectionRefusedError when a port unreachable arrived instead."""
        if not _readable(self.socket, seconds):
            return None
        data, (ip, port) = self.socket.recvfrom(65536)
        return Datagram(data, ip, port)

    def waiting(self) -> list[Datagram]:
        """Everything that has arrived by now."""
        found = []
        while (arrived := self.receive(0)) is not None:
            found.append(arrived)
        return found

    def dont_fragment(self) -> None:
        """Let the path say how large a packet may be: larger ones raise OSError(EMSGSIZE) at the sender."""
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)

    def path_mtu(self, ip: str, port: int) -> int:
        """What this sender knows of the path to that address, in bytes. Connects the socket."""
        self.socket.connect((ip, port))
        return int(self.socket.getsockopt(socket.IPPROTO_IP, _IP_MTU))


class Listener(_Held):
    """A TCP listener."""

    def __init__(self, namespace: Path, ip: str, port: int) -> None:
        super().__init__(call_in(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bind(ip, port)
        self.socket.listen(64)

    def accept(self, seconds: float = 2.0) -> "Stream | None":
        """The next connection, None at the deadline. Its peer is the client as this side sees it."""
        if not _readable(self.socket, seconds):
            return None
        return Stream(self.socket.accept()[0])


class Stream(_Held):
    """A TCP connection."""

    @property
    def peer(self) -> str:
        """The other end's address."""
        return str(self.socket.getpeername()[0])

    def send(self, data: bytes) -> None:
        """Hand bytes to TCP."""
        self.socket.sendall(data)

    def receive(self, seconds: float = 2.0) -> bytes | None:
        """What has arrived next, None at the deadline."""
        return self.socket.recv(65536) if _readable(self.socket, seconds) else None


def connect(namespace: Path, source: str, ip: str, port: int, seconds: float = 2.0) -> tuple[Reach, Stream | None]:
    """Try to open a TCP connection from `source` ("" = the kernel's choice)."""
    opened = call_in(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    opened.bind((source, 0))
    opened.settimeout(seconds)
    try:
        opened.connect((ip, port))
    except ConnectionRefusedError:
        opened.close()
        return Reach.REFUSED, None
    except OSError:
        opened.close()
        return Reach.SILENT, None
    return Reach.CONNECTED, Stream(opened)


class Ping(_Held):
    """Echo requests from one address."""

    def __init__(self, namespace: Path, ip: str) -> None:
        opening = lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)  # noqa: E731
        super().__init__(call_in(namespace, opening))
        self._bind(ip, 0)
        self._identity = id(self) & 0xFFFF
        self._sequence = 0

    @property
    def identity(self) -> int:
        """The identifier that its requests carry."""
        return self._identity

    def ping(self, ip: str, seconds: float = 2.0, data: bytes = b"") -> bool:
        """Whether an answer from `ip` to this request, with that data, came before the deadline."""
        self.send(ip, data=data)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and _readable(self.socket, left):
            packet, (source, _) = self.socket.recvfrom(65536)
            kind, _, _, identity, sequence = struct.unpack_from(">BBHHH", packet, _IP_HEADER)
            if (kind, source, identity, sequence) == (_ECHO_REPLY, ip, self._identity, self._sequence):
                return True
        return False

    def send(self, ip: str, kind: int = _ECHO_REQUEST, code: int = 0, data: bytes = b"") -> None:
        """Send one ICMP message and wait for nothing."""
        self._sequence = self._sequence + 1 & 0xFFFF
        message = struct.pack(">BBHHH", kind, code, 0, self._identity, self._sequence) + data
        checksum = struct.pack(">H", _checksum(message))
        self.socket.sendto(message[:2] + checksum + message[4:], (ip, 0))


class Tap(_Held):
    """Sees every frame of a namespace, or of one of its interfaces; and sends any."""

    def __init__(self, namespace: Path, device: str = "") -> None:
        kind = socket.htons(_ALL_FRAMES)
        super().__init__(call_in(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, kind)))
        if device:
            self.socket.bind((device, _ALL_FRAMES))

    def frames(self, seconds: float) -> Iterator[bytes]:
        """Frames as they come, until the deadline."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and _readable(self.socket, left):
            yield self.socket.recv(65536)

    def find(self, wanted: Callable[[bytes], bool], seconds: float = 2.0) -> bytes | None:
        """The first frame that `wanted` accepts."""
        return next((frame for frame in self.frames(seconds) if wanted(frame)), None)

    def send(self, frame: bytes) -> None:
        """Put a whole Ethernet frame on the wire."""
        self.socket.send(frame)


def ipv4_frame(macs: tuple[str, str], ips: tuple[str, str], protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    """An Ethernet frame with an IPv4 packet; `macs` and `ips` are (source, destination). For spoofing and the like.

    `fragment`: the header's flags (more to come: 0x2000) and offset (in eights of bytes).
    """
    source, destination = (bytes.fromhex(mac.replace(":", "")) for mac in macs)
    head = struct.pack(">BBHHHBBH", 0x45, 0, _IP_HEADER + len(payload), 0, fragment, 64, protocol, 0)
    head += b"".join(socket.inet_aton(ip) for ip in ips)
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    return destination + source + b"\x08\x00" + head + payload


def udp_payload(source: int, destination: int, data: bytes) -> bytes:
    """A UDP header without a checksum, and the data."""
    return struct.pack(">HHHH", source, destination, 8 + len(data), 0) + data


def _readable(opened: socket.socket, seconds: float) -> bool:
    waiting = select.poll()  # select() knows no descriptor above 1,023
    waiting.register(opened, select.POLLIN)
    return bool(waiting.poll(max(seconds, 0) * 1000))


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data + b"\0" * (len(data) % 2)))
    total = (total >> 16) + (total & 0xFFFF)
    return int(~(total + (total >> 16)) & 0xFFFF)
