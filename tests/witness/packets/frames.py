"""Frames of probes: built and read. The IP identification tells one packet from every other, whoever rewrites it."""

import socket
import struct
from dataclasses import dataclass

from atoll.packet import ICMP, TCP, UDP
from tests.witness.judges import NUMBERED

ETHERNET, CANARY = b"\x08\x00", b"\x88\xb5"  # IPv4; local experimental (IEEE 802)
_GRE = 47
_NUMBERED = {int(number) for number in NUMBERED}
_SYN, _SYN_ACK = 0x02, 0x12
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_SEQUENCE = 1_000_000
_ASKS, _ANSWERS = b"ask", b"answer"


@dataclass(frozen=True)
class Packet:
    """One packet of a connection. `answer`: a SYN-ACK, an echo reply, or a datagram that says so.

    ICMP: both ports are the identifier. Of other protocols than TCP, UDP and ICMP both are 0.
    """

    number: int
    protocol: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    answer: bool = False

    def answered(self, number: int) -> "Packet":
        """What whoever is asked sends back."""
        back = (self.destination, self.destination_port, self.source, self.source_port)
        return Packet(number, self.protocol, *back, answer=True)


def frame(packet: Packet, source_mac: str, destination_mac: str) -> bytes:
    """The whole Ethernet frame, checksums right."""
    ends = socket.inet_aton(packet.source) + socket.inet_aton(packet.destination)
    payload = _BUILD.get(packet.protocol, _other)(packet, ends)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), packet.number, 0, 64, packet.protocol, 0) + ends
    head = head[:10] + _checksum(head) + head[12:]
    return _mac(destination_mac) + _mac(source_mac) + ETHERNET + head + payload


def canary(number: int, destination_mac: str) -> bytes:
    """A frame that no router forwards and no filter of IP packets sees."""
    return _mac(destination_mac) + b"\x02\xca\x00\x00\x00\x01" + CANARY + struct.pack(">I", number) + bytes(42)


def canary_number(found: bytes) -> int | None:
    """Which canary it is, if it is one."""
    return int(struct.unpack_from(">I", found, 14)[0]) if found[12:14] == CANARY else None


def read(found: bytes) -> Packet | None:
    """The packet in a frame; None for what is no probe's."""
    if found[12:14] != ETHERNET or len(found) < 42:
        return None
    number, protocol = struct.unpack_from(">H", found, 18)[0], found[23]
    ends = socket.inet_ntoa(found[26:30]), socket.inet_ntoa(found[30:34])
    payload = found[14 + (found[14] & 15) * 4 :]
    if protocol in _NUMBERED:
        return Packet(number, protocol, ends[0], 0, ends[1], 0, payload[8:].startswith(_ANSWERS))
    if protocol not in _BUILD:
        return None
    if protocol == ICMP:
        kind, identifier = payload[0], struct.unpack_from(">H", payload, 4)[0]
        if kind not in (_ECHO_REQUEST, _ECHO_REPLY):
            return None
        return Packet(number, ICMP, ends[0], identifier, ends[1], identifier, kind == _ECHO_REPLY)
    ports = struct.unpack_from(">HH", payload)
    if protocol == TCP and payload[13] not in (_SYN, _SYN_ACK):
        return None  # a NAT gateway resets what it does not know
    answer = payload[13] == _SYN_ACK if protocol == TCP else payload[8:].startswith(_ANSWERS)
    return Packet(number, protocol, ends[0], ports[0], ends[1], ports[1], answer)


def _tcp(packet: Packet, ends: bytes) -> bytes:
    """A SYN or a SYN-ACK, as if repeated: connection tracking takes any number of them for one connection."""
    flags, acknowledged = (_SYN_ACK, _SEQUENCE + 1) if packet.answer else (_SYN, 0)
    ports = (packet.source_port, packet.destination_port)
    head = struct.pack(">HHIIBBHHH", *ports, _SEQUENCE, acknowledged, 0x50, flags, 65535, 0, 0)
    checksum = _checksum(ends + struct.pack(">HH", TCP, len(head)) + head)
    return head[:16] + checksum + head[18:]


def _udp(packet: Packet, ends: bytes) -> bytes:
    data = _ANSWERS if packet.answer else _ASKS
    head = struct.pack(">HHHH", packet.source_port, packet.destination_port, 8 + len(data), 0) + data
    checksum = _checksum(ends + struct.pack(">HH", UDP, len(head)) + head)
    return head[:6] + checksum + head[8:]


def _icmp(packet: Packet, ends: bytes) -> bytes:
    kind = _ECHO_REPLY if packet.answer else _ECHO_REQUEST
    head = struct.pack(">BBHHH", kind, 0, 0, packet.source_port, 1)
    return head[:2] + _checksum(head) + head[4:]


def _other(packet: Packet, ends: bytes) -> bytes:
    """GRE of IPv4 without a key, an ESP packet, or any other: eight bytes of a head and what it says."""
    head = b"\0\0\x08\0\0\0\0\0" if packet.protocol == _GRE else struct.pack(">II", 0x1000, 1)
    return head + (_ANSWERS if packet.answer else _ASKS)


_BUILD = {TCP: _tcp, UDP: _udp, ICMP: _icmp}


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _checksum(data: bytes) -> bytes:
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF)
