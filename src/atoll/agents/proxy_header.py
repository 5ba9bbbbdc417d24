"""The header of the proxy protocol, version 2, as network load balancers write it: always 100 bytes.

What is in it is known from captures (docs/modelling.md): the command, the addresses as the load balancer's node has
seen them, a CRC32c of the whole, and nothing (NOOP) up to the length. The format: HAProxy's proxy-protocol.txt, 2.2.
"""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LENGTH = 100
_LOCAL, _PROXY = 0x20, 0x21
_TCP_OVER_IPV4 = 0x11
_CHECKSUM, _NOTHING = 3, 4
_TLV = struct.Struct(">BH")
_CASTAGNOLI = 0x82F63B78

Place = tuple[str, int]
"""An IPv4 address and a port."""


def announcing(source: Place, destination: Place) -> bytes:
    """Of a connection that somebody has opened: from where and to where, before any translation of the node's."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    return _header(_PROXY, addresses + struct.pack(">HH", source[1], destination[1]))


def nobody() -> bytes:
    """Of a connection of the load balancer's own: a health check."""
    return _header(_LOCAL, b"")


def _header(command: int, addresses: bytes) -> bytes:
    start = SIGNATURE + struct.pack(">BBH", command, _TCP_OVER_IPV4, LENGTH - len(SIGNATURE) - 4) + addresses
    before = start + _TLV.pack(_CHECKSUM, 4)
    rest = LENGTH - len(before) - 4 - _TLV.size
    after = _TLV.pack(_NOTHING, rest) + bytes(rest)
    return before + struct.pack(">I", crc32c(before + bytes(4) + after)) + after


def crc32c(data: bytes) -> int:
    """The checksum of Castagnoli's polynomial (RFC 9260, appendix A)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_CASTAGNOLI if value & 1 else 0)
    return value


_TABLE = tuple(map(_entry, range(256)))
