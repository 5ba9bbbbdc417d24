"""TCP segments in IPv4 packets, read and written by hand."""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_IP, _TCP = struct.Struct(">BBHHHBBH4s4s"), struct.Struct(">HHIIBBHHH")
_DO_NOT_FRAGMENT, _TIME_TO_LIVE = 0x4000, 64
_END, _NOTHING, TIMESTAMPS = 0, 1, 8
COMMON = frozenset({2, 3, 4, TIMESTAMPS})
"""Options about the connection as a whole: largest segment, scale of the window, selective acknowledgements, times.
Others say something of its bytes (of several connections as one, of data in a SYN), and would be wrong here."""


class Segment(NamedTuple):
    """What a TCP segment says; `options` as they are on the wire."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    sequence: int
    acknowledged: int
    flags: int
    window: int = 0
    options: bytes = b""
    data: bytes = b""
    service: int = 0  # the IPv4 header's second byte

    @property
    def ends(self) -> tuple[str, int, str, int]:
        """From whom to whom."""
        return self[:4]

    def has(self, flag: int) -> bool:
        """Whether the flag is set."""
        return bool(self.flags & flag)


def read(packet: bytes) -> Segment | None:
    """The segment in a packet, which may be cut off behind its TCP header; None when it is not whole."""
    if len(packet) < _IP.size:
        return None
    start = (packet[0] & 15) * 4
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP or len(packet) < start + _TCP.size:
        return None
    source, destination = (socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16))
    from_port, to_port, sequence, acknowledged, length, flags, window, _, _ = _TCP.unpack_from(packet, start)
    data = start + (length >> 4) * 4
    if len(packet) < data or data < start + _TCP.size:
        return None
    options = packet[start + _TCP.size : data]
    ends = (source, from_port, destination, to_port)
    return Segment(*ends, sequence, acknowledged, flags, window, options, service=packet[1])


def packed(segment: Segment) -> bytes:
    """The packet, with TCP's checksum; IPv4's is the kernel's to write."""
    options = segment.options + bytes(-len(segment.options) % 4)
    addresses = socket.inet_aton(segment.source) + socket.inet_aton(segment.destination)
    words = (_TCP.size + len(options)) // 4
    numbers = (segment.sequence & 0xFFFFFFFF, segment.acknowledged & 0xFFFFFFFF)
    said = (words << 4, segment.flags, segment.window, 0, 0)
    tcp = _TCP.pack(segment.source_port, segment.destination_port, *numbers, *said) + options + segment.data
    pseudo = addresses + struct.pack(">HH", socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp)) + tcp[18:]
    fixed = (0x45, segment.service, _IP.size + len(tcp), 0, _DO_NOT_FRAGMENT, _TIME_TO_LIVE, socket.IPPROTO_TCP, 0)
    return _IP.pack(*fixed, addresses[:4], addresses[4:]) + tcp


def _checksum(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def common(options: bytes) -> bytes:
    """The options with nothing in the place of those that are not COMMON."""
    return b"".join(one if one[0] in COMMON else bytes([_NOTHING]) * len(one) for one in _each(options))


def times(options: bytes) -> tuple[int, int] | None:
    """What the option of times says: the sender's, and the one that it has heard; None where there is none."""
    for one in _each(options):
        if one[0] == TIMESTAMPS and len(one) == 10:
            own, heard = struct.unpack(">II", one[2:])
            return int(own), int(heard)
    return None


def timed(own: int, heard: int) -> bytes:
    """The option of times, padded."""
    return bytes([_NOTHING, _NOTHING, TIMESTAMPS, 10]) + struct.pack(">II", own, heard)


def _each(options: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(options) and options[at] != _END:
        length = 1 if options[at] == _NOTHING else options[at + 1] if at + 1 < len(options) else 0
        if length < 1 or (length < 2 and options[at] != _NOTHING) or at + length > len(options):
            return
        yield options[at : at + length]
        at += length
