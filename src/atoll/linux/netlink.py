"""Netlink by hand: attributes, messages, one socket. Small because every message here has a fixed shape.

A batch is one send: the kernel works through it inside the system call and its answers wait in the socket when
the call returns, so nothing here ever waits for an event.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

ROUTE, NETFILTER = 0, 12
REQUEST, ACK, DUMP = 1, 4, 0x300
REPLACE, EXCL, CREATE, APPEND = 0x100, 0x200, 0x400, 0x800
NESTED = 0x8000

_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF  # without the flags "nested" and "network byte order"
_SOL_NETLINK, _CAP_ACK, _EXT_ACK, _STRICT = 270, 10, 11, 12
_SNDBUFFORCE, _RCVBUFFORCE = 32, 33
_BUFFER = 32 << 20
_SMALL_BUFFER = 4 << 20  # what an ordinary user may ask for
_CHUNK = 256  # messages a send: their answers must fit into the receive buffer
_HINT = 1  # NLMSGERR_ATTR_MSG


class NetlinkError(OSError):
    """The kernel refused a message. `index` is its place in the batch, `hint` the kernel's own words, often empty."""

    def __init__(self, number: int, index: int, hint: str) -> None:
        super().__init__(number, f"{os.strerror(number)}{': ' + hint if hint else ''} (message {index})")
        self.index = index
        self.hint = hint


class Message(NamedTuple):
    """One request. Errors in `forgive` count as success (a delete of what is gone already)."""

    kind: int
    flags: int
    body: bytes
    forgive: tuple[int, ...] = ()


GONE = (errno.ENOENT, errno.ESRCH, errno.ENODEV, errno.EADDRNOTAVAIL)
"""What a delete answers when there is nothing to delete, or its interface went first."""


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute made of attributes."""
    return attribute(kind | NESTED, b"".join(attributes))


def text(kind: int, value: str) -> bytes:
    """A string attribute, ended by a zero byte."""
    return attribute(kind, value.encode() + b"\0")


def u32(kind: int, value: int) -> bytes:
    """A number in the machine's byte order (routing messages)."""
    return attribute(kind, struct.pack("=I", value))


def be32(kind: int, value: int) -> bytes:
    """A number in network byte order (netfilter messages)."""
    return attribute(kind, struct.pack(">I", value & 0xFFFFFFFF))


def be64(kind: int, value: int) -> bytes:
    """A long number in network byte order."""
    return attribute(kind, struct.pack(">Q", value))


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes in a buffer, flags of their types removed."""
    offset = 0
    while offset + 4 <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            return
        yield kind & _TYPE_MASK, data[offset + 4 : offset + length]
        offset += length + (-length % 4)


def table(data: bytes) -> dict[int, bytes]:
    """The attributes by type; for messages where a type comes once."""
    return dict(attributes(data))


class Netlink:
    """A netlink socket of the network namespace that the calling thread is in when it is made."""

    def __init__(self, family: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        self._sequence = 1
        for option, forced in ((socket.SO_SNDBUF, _SNDBUFFORCE), (socket.SO_RCVBUF, _RCVBUFFORCE)):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
            except PermissionError:
                self._socket.setsockopt(socket.SOL_SOCKET, option, _SMALL_BUFFER)
        self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        self._socket.setsockopt(_SOL_NETLINK, _EXT_ACK, 1)
        if family == ROUTE:
            self._socket.setsockopt(_SOL_NETLINK, _STRICT, 1)
        self._socket.bind((0, 0))

    def fileno(self) -> int:
        """The descriptor, for select."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the descriptor back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, messages: Sequence[Message]) -> None:
        """Send requests in order. Each stands alone: NetlinkError names the first refused one, the rest was done."""
        first: NetlinkError | None = None
        for start in range(0, len(messages), _CHUNK):
            try:
                self._send(messages[start : start + _CHUNK], start)
            except NetlinkError as error:
                first = first or error
        if first:
            raise first

    def transact(self, messages: Sequence[Message]) -> None:
        """Send requests that are one transaction (framed by the caller): all answers belong to one send."""
        self._send(messages, 0)

    def dump(self, kind: int, body: bytes, flags: int = 0) -> Iterator[bytes]:
        """Every answer to a dump request, each without its header."""
        sequence = self._next(1)
        self._socket.send(_packed(Message(kind, flags | REQUEST | DUMP, body), sequence))
        while True:
            for kind_seen, number, payload in _split(self._socket.recv(1 << 20)):
                if number != sequence:
                    continue
                if kind_seen == _DONE:
                    return
                if kind_seen == _ERROR:
                    raise NetlinkError(-_code(payload), 0, "")
                yield payload

    def ask(self, kind: int, body: bytes) -> bytes | None:
        """The one answer to a request that is no dump, without its header; None when there is no such thing."""
        sequence = self._next(1)
        self._socket.send(_packed(Message(kind, REQUEST, body), sequence))
        found: bytes | None = None
        for kind_seen, number, payload in _split(self._socket.recv(1 << 16, socket.MSG_DONTWAIT)):
            if number != sequence:
                continue
            if kind_seen != _ERROR:
                found = payload
            elif _code(payload) != -errno.ENOENT:
                raise NetlinkError(-_code(payload), 0, _hint(payload))
        return found

    def _next(self, count: int) -> int:
        first = self._sequence
        self._sequence += count
        return first

    def _send(self, messages: Sequence[Message], offset: int) -> None:
        first = self._next(len(messages))
        self._socket.send(b"".join(_packed(message, first + index) for index, message in enumerate(messages)))
        wanted = max((index for index, message in enumerate(messages) if message.flags & ACK), default=-1)
        for number, code, hint in self._answers():
            index = number - first
            if index < 0:
                continue
            if code and code not in messages[index].forgive:
                self._drain()
                raise NetlinkError(code, offset + index, hint)
            if index == wanted:
                wanted = -1
        if wanted >= 0:
            raise NetlinkError(errno.EPROTO, offset + wanted, "the kernel did not acknowledge it")

    def _answers(self) -> Iterator[tuple[int, int, str]]:
        while True:
            try:
                data = self._socket.recv(1 << 18, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            for kind, number, payload in _split(data):
                if kind == _ERROR:
                    code = -_code(payload)
                    yield number, code, _hint(payload) if code else ""

    def _drain(self) -> None:
        for _ in self._answers():
            pass


def packed(messages: Iterable[Message]) -> int:
    """How many bytes these messages take in one send."""
    return sum(16 + len(message.body) + (-len(message.body) % 4) for message in messages)


def _packed(message: Message, sequence: int) -> bytes:
    header = _HEADER.pack(16 + len(message.body), message.kind, message.flags | REQUEST, sequence, 0)
    return header + message.body + b"\0" * (-len(message.body) % 4)


def _split(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset + 16 <= len(data):
        length, kind, _, number, _ = _HEADER.unpack_from(data, offset)
        yield kind, number, data[offset + 16 : offset + length]
        offset += length + (-length % 4)


def _code(payload: bytes) -> int:
    return int(struct.unpack_from("=i", payload)[0])


def _hint(payload: bytes) -> str:
    return table(payload[20:]).get(_HINT, b"").rstrip(b"\0").decode(errors="replace")
