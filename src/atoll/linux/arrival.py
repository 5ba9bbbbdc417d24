"""TCP connections know by which interface they came: who is behind it is told by that, never by an address."""

import socket
import struct
from typing import Protocol

_IP_PKTINFO, _IP_PKTOPTIONS = 8, 9
_PACKET_INFO = struct.Struct("=Qiii")  # of a control message: its length, level, type; then the interface's number


class Options(Protocol):
    """A socket, or what asyncio shows of one."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """See socket.socket."""
        ...


def note(listener: socket.socket) -> None:
    """Let the connections that it accepts be asked."""
    listener.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def interface(connection: Options) -> int:
    """The number of the interface by which a connection came, of whose listener that was noted."""
    told = connection.getsockopt(socket.IPPROTO_IP, _IP_PKTOPTIONS, 256)
    _, level, kind, number = _PACKET_INFO.unpack_from(told)
    assert (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO), told
    return int(number)
