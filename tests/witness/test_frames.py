"""Frames of probes: what is built is read back, and its checksums are right."""

import struct

import pytest

from atoll.packet import ICMP, TCP, UDP
from tests.witness.judges import NUMBERED
from tests.witness.packets import frames
from tests.witness.packets.frames import Packet

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
ENDS = ("10.0.0.5", 20001, "198.18.0.7", 80)
ECHO = ("10.0.0.5", 20001, "198.18.0.7", 20001)


def packets() -> list[Packet]:
    asks = [Packet(7, TCP, *ENDS), Packet(8, UDP, *ENDS), Packet(9, ICMP, *ECHO)]
    asks += [Packet(10 + int(number), int(number), ENDS[0], 0, ENDS[2], 0) for number in NUMBERED]
    return [*asks, *(ask.answered(ask.number + 10) for ask in asks)]


@pytest.mark.parametrize("packet", packets(), ids=str)
def test_what_is_built_is_read_back(packet: Packet) -> None:
    assert frames.read(frames.frame(packet, *MACS)) == packet


@pytest.mark.parametrize("packet", packets(), ids=str)
def test_checksums_add_up(packet: Packet) -> None:
    built = frames.frame(packet, *MACS)
    head, payload = built[14:34], built[34:]
    assert _sum(head) == 0xFFFF
    if str(packet.protocol) in NUMBERED:
        return  # GRE without one, and what only the ends can check
    pseudo = b"" if packet.protocol == ICMP else head[12:20] + struct.pack(">HH", packet.protocol, len(payload))
    assert _sum(pseudo + payload) == 0xFFFF


def test_an_answer_goes_back_to_where_the_question_came_from() -> None:
    back = Packet(7, TCP, *ENDS).answered(8)
    assert (back.source, back.source_port, back.destination, back.destination_port) == (*ENDS[2:], *ENDS[:2])
    assert back.answer


def test_what_is_no_probe_is_no_packet() -> None:
    unreachable = bytearray(frames.frame(Packet(9, ICMP, *ECHO), *MACS))
    unreachable[34] = 3
    for other in (bytes(60), frames.canary(5, MACS[0]), bytes(unreachable), b"short"):
        assert frames.read(other) is None
    other_protocol = bytearray(frames.frame(Packet(8, UDP, *ENDS), *MACS))
    other_protocol[23] = 132
    assert frames.read(bytes(other_protocol)) is None


def test_a_canary_tells_its_number() -> None:
    assert frames.canary_number(frames.canary(77, MACS[0])) == 77
    assert frames.canary_number(frames.frame(Packet(7, TCP, *ENDS), *MACS)) is None


def _sum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return int((total >> 16) + (total & 0xFFFF))
