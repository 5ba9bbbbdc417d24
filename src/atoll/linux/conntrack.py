"""Connection tracking over netlink: end the tracking of connections by an address."""

import errno
import socket
import struct
from collections.abc import Iterator

from atoll.linux.netlink import ACK, Message, Netlink, attribute, nested, table, u32

_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2
_ORIGINAL, _REPLY, _FILTER = 1, 2, 25
_TUPLE_IP, _DESTINATION_V4 = 1, 2
_BY_DESTINATION = 1 << 1  # CTA_FILTER_F_CTA_IP_DST


def forget(netlink: Netlink, ip: str) -> None:
    """End tracking of every IPv4 connection that was opened to `ip`, or whose replies are addressed to it.

    `netlink` is a NETFILTER socket in the namespace. One walk of the kernel's table for each of the two.
    """
    netlink.run([_delete(_ORIGINAL, 1, ip), _delete(_REPLY, 2, ip)])


def tracked(netlink: Netlink) -> Iterator[tuple[str, str]]:
    """Every tracked IPv4 connection: the address it was opened to, and the one its replies are addressed to."""
    for payload in netlink.dump(_GET, struct.pack(">BBH", socket.AF_INET, 0, 0)):
        found = table(payload[4:])
        original, reply = (table(table(found[side])[_TUPLE_IP])[_DESTINATION_V4] for side in (_ORIGINAL, _REPLY))
        yield socket.inet_ntoa(original), socket.inet_ntoa(reply)


def _delete(side: int, flags: int, ip: str) -> Message:
    address = nested(side, nested(_TUPLE_IP, attribute(_DESTINATION_V4, socket.inet_aton(ip))))
    chosen = nested(_FILTER, u32(flags, _BY_DESTINATION))
    header = struct.pack(">BBH", socket.AF_INET, 0, 0)
    return Message(_DELETE, ACK, header + address + chosen, (errno.ENOENT,))
