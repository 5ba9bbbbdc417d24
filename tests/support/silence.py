"""Silence without waiting: what the kernel's connection tracking would forget, it is told to forget."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from atoll.linux.netlink import ACK, Message, Netlink, attribute, be32, nested
from atoll.linux.netlink import table as attributes

_NEW, _GET = 1 << 8, 1 << 8 | 1
_ORIGINAL, _TIMEOUT, _ZONE, _TUPLE_PROTOCOL, _PROTOCOL = 1, 7, 18, 2, 1
_HEADER = struct.pack(">BBH", 2, 0, 0)


class Left(NamedTuple):
    """A tracked connection: its protocol, and the seconds of silence after which it is forgotten."""

    protocol: int
    seconds: int
    place: bytes
    """The attributes by which the kernel finds it."""


def left(netlink: Netlink) -> Iterator[Left]:
    """Every IPv4 connection that is tracked in the namespace of that socket."""
    for payload in netlink.dump(_GET, _HEADER):
        found = attributes(payload[4:])
        protocol = attributes(attributes(found[_ORIGINAL])[_TUPLE_PROTOCOL])[_PROTOCOL][0]
        zone = attribute(_ZONE, found[_ZONE]) if _ZONE in found else b""
        (seconds,) = struct.unpack(">I", found[_TIMEOUT])
        yield Left(protocol, seconds, nested(_ORIGINAL, found[_ORIGINAL]) + zone)


def pass_time(netlink: Netlink, seconds: int) -> None:
    """As if all of them had been silent for so long: each has so much less left, or is forgotten."""
    for one in list(left(netlink)):
        rest = max(0, one.seconds - seconds)
        netlink.run([Message(_NEW, ACK, _HEADER + one.place + be32(_TIMEOUT, rest))])
