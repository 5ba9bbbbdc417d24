"""Connection tracking over netlink: what is tracked, end it, and clear bits of its mark."""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from atoll.linux.netlink import ACK, Message, Netlink, attribute, be32, nested, table, u32

_NEW, _GET, _DELETE = 1 << 8, 1 << 8 | 1, 1 << 8 | 2
_ORIGINAL, _REPLY, _MARK, _ZONE, _MARK_MASK, _FILTER = 1, 2, 8, 18, 21, 25
_TUPLE_PROTO, _NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 2, 1, 2, 3
_TUPLE_IP, _SOURCE_V4, _DESTINATION_V4 = 1, 1, 2
_BY_SOURCE, _BY_DESTINATION = 1, 2  # CTA_FILTER_F_CTA_IP_*
_HEADER = struct.pack(">BBH", socket.AF_INET, 0, 0)


Place = tuple[str, int]
"""An address and a port."""


class Connection(NamedTuple):
    """A tracked IPv4 connection: addresses of its first packet, and of the answers as they come back."""

    source: str
    destination: str
    answer_source: str
    answer_destination: str
    zone: int
    mark: int
    tuple: bytes
    protocol: int = 0
    port: int = 0  # where it was opened to, and
    answer_port: int = 0  # where the answers come from; 0 where there are no ports


def forget(netlink: Netlink, ip: str) -> None:
    """End tracking of every IPv4 connection that was opened to `ip`, or whose replies are addressed to it.

    `netlink` is a NETFILTER socket in the namespace. One walk of the kernel's table for each of the two.
    """
    for side in (_ORIGINAL, _REPLY):
        message = Message(_DELETE, ACK, _HEADER + _chosen(side, _DESTINATION_V4, ip), (errno.ENOENT,))
        netlink.run([message])


def connections(netlink: Netlink) -> Iterator[Connection]:
    """Every tracked IPv4 connection."""
    return (_connection(payload) for payload in netlink.dump(_GET, _HEADER))


def involving(netlink: Netlink, ip: str) -> Iterator[Connection]:
    """Connections that `ip` opened, and those that were delivered to it; found by the kernel."""
    for side in (_ORIGINAL, _REPLY):
        for payload in netlink.dump(_GET, _HEADER + _chosen(side, _SOURCE_V4, ip)):
            yield _connection(payload)


def opened(netlink: Netlink, source: Place, destination: Place) -> Connection | None:
    """The TCP connection in no zone that was opened from there to there."""
    (from_ip, from_port), (to_ip, to_port) = source, destination
    addresses = attribute(_SOURCE_V4, socket.inet_aton(from_ip)), attribute(_DESTINATION_V4, socket.inet_aton(to_ip))
    ports = (
        attribute(_SOURCE_PORT, struct.pack(">H", from_port)),
        attribute(_DESTINATION_PORT, struct.pack(">H", to_port)),
    )
    number = attribute(_NUMBER, bytes([socket.IPPROTO_TCP]))
    both = nested(_TUPLE_IP, *addresses) + nested(_TUPLE_PROTO, number, *ports)
    found = netlink.ask(_GET, _HEADER + nested(_ORIGINAL, both))
    return _connection(found) if found is not None else None


def clear_marks(netlink: Netlink, found: Iterable[tuple[Connection, int]]) -> None:
    """Clear these bits of these connections' marks; one that has ended by now is no error."""
    netlink.run([_clearing(connection, bits) for connection, bits in found])


def end(netlink: Netlink, found: Iterable[Connection]) -> None:
    """End tracking of these connections; one that has ended by now is no error."""
    netlink.run([_ending(connection) for connection in list(found)])


def _ending(connection: Connection) -> Message:
    body = _HEADER + nested(_ORIGINAL, connection.tuple) + _zone(connection)
    return Message(_DELETE, ACK, body, (errno.ENOENT,))


def _zone(connection: Connection) -> bytes:
    return attribute(_ZONE, struct.pack(">H", connection.zone)) if connection.zone else b""


def _clearing(connection: Connection, bits: int) -> Message:
    body = _HEADER + nested(_ORIGINAL, connection.tuple) + be32(_MARK, 0) + be32(_MARK_MASK, bits)
    return Message(_NEW, ACK, body + _zone(connection), (errno.ENOENT,))


def _chosen(side: int, field: int, ip: str) -> bytes:
    """One address of one side, and the filter that says that nothing else counts."""
    address = nested(side, nested(_TUPLE_IP, attribute(field, socket.inet_aton(ip))))
    return address + nested(_FILTER, u32(side, _BY_SOURCE if field == _SOURCE_V4 else _BY_DESTINATION))


def _connection(payload: bytes) -> Connection:
    found = table(payload[4:])
    ends = [table(table(found[side])[_TUPLE_IP]) for side in (_ORIGINAL, _REPLY)]
    source, destination, answer_source, answer_destination = (
        socket.inet_ntoa(end[field]) for end in ends for field in (_SOURCE_V4, _DESTINATION_V4)
    )
    zone = struct.unpack(">H", found[_ZONE])[0] if _ZONE in found else 0
    mark = struct.unpack(">I", found[_MARK])[0] if _MARK in found else 0
    opened, answered = (table(table(found[side])[_TUPLE_PROTO]) for side in (_ORIGINAL, _REPLY))
    return Connection(
        source,
        destination,
        answer_source,
        answer_destination,
        zone,
        mark,
        found[_ORIGINAL],
        opened[_NUMBER][0],
        _port(opened, _DESTINATION_PORT),
        _port(answered, _SOURCE_PORT),
    )


def _port(found: dict[int, bytes], field: int) -> int:
    return int(struct.unpack(">H", found[field])[0]) if field in found else 0
