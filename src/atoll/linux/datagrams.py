"""Datagrams that know to which of this machine's addresses they came, so that the answer comes from there."""

import socket
import struct
from typing import NamedTuple

_IP_PKTINFO = 8
_INFO = struct.Struct("=i4s4s")  # the interface's number, the address of this side, the header's destination
LARGEST = 65_535

Peer = tuple[str, int]


class Datagram(NamedTuple):
    """One that has arrived."""

    data: bytes
    peer: Peer
    asked: bytes
    """The address that it was sent to."""
    interface: int
    """The number of the interface by which it came."""


def listen(port: int) -> socket.socket:
    """A socket at that port of every address; it does not block."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        made.bind(("", port))
    except OSError:
        made.close()
        raise
    return made


def receive(opened: socket.socket) -> Datagram:
    """The next one. BlockingIOError when there is none."""
    data, told, _, peer = opened.recvmsg(LARGEST, socket.CMSG_SPACE(_INFO.size))
    (info,) = (held for level, kind, held in told if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO))
    interface, _, asked = _INFO.unpack(info)
    return Datagram(data, peer, asked, interface)


def answer(opened: socket.socket, asked: Datagram, data: bytes) -> None:
    """Send to who has sent that, from the address that it was sent to. OSError when it cannot be sent now."""
    info = _INFO.pack(0, asked.asked, bytes(4))
    opened.sendmsg([data], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, asked.peer)
