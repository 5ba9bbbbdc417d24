"""Sockets in the namespace of somebody for whom hands are shaken: by one its handshakes are seen, by the other sent.

A router's own table knows of this by marks. Neither socket receives what is for the namespace, nor listens.
"""

import contextlib
import ctypes
import socket
import struct
from typing import NamedTuple

HEADED, AWAITED = 1, 2
"""Marks of a connection: something is sent to its receiver before what its opener sends; it is not acknowledged yet."""

SHOWN = 2
"""Mark of a packet that leaves: it is to be seen."""

ENOUGH = 256
"""So many bytes of a frame are seen: all headers."""

_ETHERNET = 14
_ALL_FRAMES = 3
_BUFFER = 4 << 20  # thousands of hands at once; an ordinary user may get less
_ATTACH_FILTER, _PACKET_OUTGOING = 26, 4
_TO_US, _LEAVING, _CABLE = 0, 4, 1  # kinds of packets (PACKET_*) and of interfaces (ARPHRD_ETHER)
_SYN_OR_RST = 0x06
_KIND, _MARK, _HARDWARE = (0xFFFFF000 + number for number in (4, 20, 28))  # SKF_AD_OFF and what lies behind it
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _LOAD_BYTE_AT, _LOAD_HEADER_LENGTH = 0x20, 0x28, 0x30, 0x50, 0xB1
_IF_EQUAL, _IF_SET, _RETURN = 0x15, 0x45, 0x06

_PROGRAM = (
    (_LOAD_HALF, 0, 0, 12),
    (_IF_EQUAL, 0, 15, 0x0800),
    (_LOAD_BYTE, 0, 0, 23),
    (_IF_EQUAL, 0, 13, socket.IPPROTO_TCP),
    (_LOAD_HALF, 0, 0, 20),
    (_IF_SET, 11, 0, 0x1FFF),  # a later fragment has no TCP header
    (_LOAD_WORD, 0, 0, _KIND),
    (_IF_EQUAL, 0, 2, _LEAVING),
    (_LOAD_WORD, 0, 0, _MARK),
    (_IF_SET, 6, 7, SHOWN),
    (_IF_EQUAL, 0, 6, _TO_US),
    (_LOAD_WORD, 0, 0, _HARDWARE),
    (_IF_EQUAL, 0, 4, _CABLE),  # what a namespace sends itself is nobody's handshake
    (_LOAD_HEADER_LENGTH, 0, 0, _ETHERNET),
    (_LOAD_BYTE_AT, 0, 0, _ETHERNET + 13),
    (_IF_SET, 0, 1, _SYN_OR_RST),
    (_RETURN, 0, 0, ENOUGH),
    (_RETURN, 0, 0, 0),
)
"""Classic BPF: operation, steps over if it is so, if not, number. What passes is TCP that comes over a cable with SYN
or RST, or leaves with the mark: of a connection's data nothing, so watching costs it nothing."""


class Seen(NamedTuple):
    """A packet, from its IPv4 header on, and whether it leaves."""

    packet: bytes
    leaves: bool


def watch() -> socket.socket:
    """A socket that sees handshakes of the namespace that the thread is in; it does not block."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(_ALL_FRAMES))
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        program = b"".join(struct.pack("=HBBI", *step) for step in _PROGRAM)
        held = ctypes.create_string_buffer(program)
        made.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("@HP", len(_PROGRAM), ctypes.addressof(held)))
        with contextlib.suppress(BlockingIOError):
            while True:  # what came before the filter; hands that were stretched out then are again
                made.recv(1)
    except OSError:
        made.close()
        raise
    return made


def see(opened: socket.socket) -> Seen:
    """The next one. BlockingIOError when there is none."""
    frame, source = opened.recvfrom(ENOUGH)
    return Seen(frame[_ETHERNET:], source[2] == _PACKET_OUTGOING)


def sender() -> socket.socket:
    """A socket that sends whole IPv4 packets, as whose ever, on the way of what the namespace sends itself."""
    return socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_RAW)


def send(opened: socket.socket, packet: bytes) -> None:
    """Send a packet, whose checksum the kernel writes. OSError when it cannot be sent now."""
    opened.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
