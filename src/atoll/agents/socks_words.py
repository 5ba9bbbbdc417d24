"""SOCKS 5 on the wire (RFC 1928): what a client says, and what it is told. No authentication, CONNECT alone."""

import asyncio
import ipaddress
import struct
from enum import IntEnum
from typing import NamedTuple

VERSION = 5
NO_AUTHENTICATION, NO_METHOD = 0, 0xFF
CONNECT = 1
IPV4, NAME, IPV6 = 1, 3, 4


class Reply(IntEnum):
    """How a request went (RFC 1928, section 6)."""

    CONNECTED = 0
    FAILED = 1
    NOT_ALLOWED = 2
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    REFUSED = 5
    COMMAND_UNKNOWN = 7
    ADDRESS_KIND_UNKNOWN = 8


class NotSocksError(Exception):
    """The peer speaks something else; it is owed no answer."""


class RefusedError(Exception):
    """The request cannot be met; the client is told so."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.name)
        self.reply = reply


class Target(NamedTuple):
    """Where a client wants to go: an IPv4 address or a name, and a port."""

    host: str
    port: int


async def read_methods(reader: asyncio.StreamReader) -> bytes:
    """The ways of authentication that a client offers, one a byte. NotSocksError for any other first byte than 5.

    The first bytes of HTTP, TLS and WebSocket are others, so what a web page makes a browser send ends here.
    """
    version = (await reader.readexactly(1))[0]
    if version != VERSION:
        raise NotSocksError
    return await reader.readexactly((await reader.readexactly(1))[0])


def method(chosen: int) -> bytes:
    """The answer to the offer."""
    return bytes((VERSION, chosen))


async def read_request(reader: asyncio.StreamReader) -> Target:
    """Where the client wants to go. The request is read to its end before it is refused, wherever its end is known."""
    version, command, _reserved, kind = await reader.readexactly(4)
    if version != VERSION:
        raise NotSocksError
    host = await _read_host(reader, kind)
    (port,) = struct.unpack(">H", await reader.readexactly(2))
    if command != CONNECT:
        raise RefusedError(Reply.COMMAND_UNKNOWN)
    if host is None:
        raise RefusedError(Reply.ADDRESS_KIND_UNKNOWN)
    return Target(host, port)


async def _read_host(reader: asyncio.StreamReader, kind: int) -> str | None:
    """None for IPv6, which is not there yet."""
    if kind == IPV4:
        return str(ipaddress.IPv4Address(await reader.readexactly(4)))
    if kind == NAME:
        # Latin-1 reads whatever bytes come; a name that is none is nobody's.
        return (await reader.readexactly((await reader.readexactly(1))[0])).decode("latin-1")
    if kind == IPV6:
        await reader.readexactly(16)
        return None
    raise RefusedError(Reply.ADDRESS_KIND_UNKNOWN)


def answer(reply: Reply, bound: tuple[str, int] = ("0.0.0.0", 0)) -> bytes:
    """The answer to a request; `bound`: the connection's own end, on the far side of the proxy."""
    address = ipaddress.IPv4Address(bound[0]).packed
    return bytes((VERSION, reply, 0, IPV4)) + address + struct.pack(">H", bound[1])
