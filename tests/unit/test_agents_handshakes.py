"""Handshakes that have a header in them: what is sent for what has been seen, with time that the test owns."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.agents import handshakes
from atoll.agents.handshakes import AGAIN, MOST, Ends, Handshakes
from atoll.agents.proxy_header import LENGTH, announcing
from atoll.agents.segments import ACK, PSH, RST, SYN, Segment, common, packed, read, timed, times

CLIENT, NODE, BACKEND = ("203.0.113.9", 40000), ("10.0.1.20", 80), ("10.0.2.8", 8080)
PUBLIC = ("198.18.0.20", 80)
ENDS: Ends = (*CLIENT, *NODE)
BEGUN = 50  # the client's sequence number: the header's place goes round the end of numbers
BEFORE = (BEGUN - LENGTH) & 0xFFFFFFFF
MSS, FAST_OPEN, MULTIPATH = b"\x02\x04\x05\xb4", b"\x22\x02", b"\x1e\x04\x00\x81"


class Node:
    """A node that takes connections at one place."""

    def __init__(self) -> None:
        self.proven: list[Ends] = []
        self.hands = Handshakes(self.proven.append)
        self.now = 0.0

    def sees(self, segment: Segment) -> list[Segment]:
        return list(self.hands.arrived(segment, self.now, {NODE: NODE, PUBLIC: NODE}))

    def later(self, seconds: float) -> list[Segment]:
        self.now += seconds
        return list(self.hands.again(self.now))


def syn(sequence: int = BEGUN, client: tuple[str, int] = CLIENT, node: tuple[str, int] = NODE) -> Segment:
    return Segment(*client, *node, sequence, 0, SYN, 64240, MSS + timed(7000, 0))


def answer(to: Segment, seen_as: tuple[str, int] = CLIENT, flags: int = SYN | ACK, sequence: int = 900) -> Segment:
    """What the backend says to that SYN."""
    options = MSS + timed(33, 7000) if flags & SYN else b""
    return Segment(*BACKEND, *seen_as, sequence, (to.sequence + 1) & 0xFFFFFFFF, flags, 65160, options)


def test_a_handshake_has_room_for_the_header() -> None:
    node = Node()
    (introduced,) = node.sees(syn())
    assert introduced == syn(BEFORE)
    header, told = node.sees(answer(introduced))
    assert header.ends == ENDS, "it goes the way of the client's packets"
    assert (header.sequence, header.acknowledged, header.flags, header.window) == (
        (BEFORE + 1) & 0xFFFFFFFF,
        901,
        24,
        0,
    )
    assert header.flags == ACK | PSH
    assert header.data == announcing(CLIENT, NODE)
    assert times(header.options) == (7000, 33)
    assert (header.sequence + LENGTH) & 0xFFFFFFFF == BEGUN + 1, "the client's first byte comes next"
    assert told.ends == (*NODE, *CLIENT)
    assert (told.sequence, told.acknowledged, told.flags, told.window) == (900, BEGUN + 1, SYN | ACK, 65160)
    assert told.options == MSS + timed(33, 7000)


def test_a_backend_that_sees_the_node_is_known_by_what_it_acknowledges() -> None:
    node = Node()
    other = ("203.0.113.9", 40001)
    (first,), (second,) = node.sees(syn()), node.sees(syn(7777, other))
    header, told = node.sees(answer(second, ("10.0.1.20", 1025)))
    assert header.data == announcing(other, NODE)
    assert told.ends == (*NODE, *other)
    header, told = node.sees(answer(first, ("10.0.1.20", 1024)))
    assert header.data == announcing(CLIENT, NODE)


def test_a_node_that_has_its_public_address_itself_is_named_by_its_own() -> None:
    node = Node()
    (introduced,) = node.sees(syn(node=PUBLIC))
    assert introduced.ends == (*CLIENT, *PUBLIC)
    header, told = node.sees(answer(introduced, ("10.0.1.20", 1024)))
    assert header.ends == (*CLIENT, *PUBLIC), "it is translated as the client's packets are"
    assert header.data == announcing(CLIENT, NODE)
    assert told.ends == (*PUBLIC, *CLIENT)


def test_what_is_nobodys_is_left_alone() -> None:
    node = Node()
    assert node.sees(syn(node=("10.0.1.20", 81))) == []
    assert node.sees(answer(syn(BEFORE))) == []
    (introduced,) = node.sees(syn())
    assert node.sees(answer(introduced, ("203.0.113.9", 40001))) == [], "the answer to another client"
    assert node.sees(answer(introduced, flags=RST, sequence=0)) == []
    assert node.sees(answer(introduced, flags=RST | ACK, sequence=5)) == [], "it ends something else"
    assert len(node.sees(answer(introduced))) == 2
    assert node.sees(answer(introduced)) == [], "once"


def test_a_refusal_reaches_the_client() -> None:
    node = Node()
    (introduced,) = node.sees(syn())
    (told,) = node.sees(answer(introduced, flags=RST | ACK, sequence=0))
    assert told.ends == (*NODE, *CLIENT)
    assert (told.sequence, told.acknowledged, told.flags) == (0, BEGUN + 1, RST | ACK)
    assert not node.hands.waits
    assert node.sees(syn()) == [introduced], "the next try is one"


def test_a_client_that_has_not_heard_is_told_again() -> None:
    node = Node()
    (introduced,) = node.sees(syn())
    assert node.sees(syn()) == [introduced], "nor has the backend"
    header, told = node.sees(answer(introduced))
    assert node.sees(syn()) == [header, told]
    node.hands.left(answered(header))
    assert node.sees(syn()) == [told]
    assert node.sees(syn(BEGUN + 1)) == [syn(BEFORE + 1)], "a new connection from the same port"


def answered(header: Segment, acknowledged: int = LENGTH, flags: int = ACK) -> Segment:
    """What the backend says to the header, on its way to the client."""
    return Segment(*NODE, *CLIENT, 901, (header.sequence + acknowledged) & 0xFFFFFFFF, flags)


def test_a_header_is_sent_until_it_is_acknowledged() -> None:
    node = Node()
    header, _ = node.sees(answer(node.sees(syn())[0]))
    assert node.hands.waits
    assert node.later(AGAIN / 2) == []
    assert node.later(AGAIN / 2) == [header]
    node.hands.left(answered(header, 0))
    assert node.proven == []
    assert node.later(AGAIN) == [header]
    for _ in range(3):
        node.hands.left(answered(header))
    assert node.proven == [ENDS], "told once"
    assert not node.hands.waits
    assert node.later(AGAIN) == []


def test_and_not_for_ever_nor_after_a_reset() -> None:
    node = Node()
    header, _ = node.sees(answer(node.sees(syn())[0]))
    assert [node.later(AGAIN) for _ in range(MOST)] == [[header]] * (MOST - 1) + [[]]
    assert not node.hands.waits
    header, _ = node.sees(answer(node.sees(syn())[0]))
    node.hands.left(answered(header, 0, RST | ACK))
    assert not node.hands.waits


def test_connections_whose_hands_another_server_has_shaken_are_taken_as_they_are() -> None:
    node = Node()
    node.hands.left(answered(Segment(*ENDS, 1, 1, ACK)))
    assert node.proven == [ENDS]


def test_it_remembers_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "KEPT", 3)
    node = Node()
    begun = [node.sees(syn(number * 1000, ("203.0.113.9", number)))[0] for number in range(1, 6)]
    known = [bool(node.sees(answer(one, one.ends[:2]))) for one in begun]
    assert known == [False, False, True, True, True]
    more = node.sees(syn(9000, ("203.0.113.9", 9)))
    node.sees(answer(more[0], more[0].ends[:2]))
    assert len(node.later(AGAIN)) == 3


def test_options_about_bytes_are_taken_out() -> None:
    node = Node()
    (introduced,) = node.sees(syn()._replace(options=MULTIPATH + MSS + FAST_OPEN, data=b"early"))
    assert introduced.options == b"\1" * 4 + MSS + b"\1" * 2
    assert introduced.data == b""


@given(st.binary(max_size=40))
def test_rubbish_in_options_breaks_nothing(options: bytes) -> None:
    assert len(common(options)) <= len(options)
    times(options)


@given(st.binary(max_size=80))
def test_rubbish_is_no_segment(packet: bytes) -> None:
    read(b"\x45" + packet)


@given(st.binary(max_size=50), st.integers(0, 10).map(lambda words: bytes([1]) * 4 * words))
def test_what_is_written_is_read_and_its_sum_is_right(data: bytes, options: bytes) -> None:
    segment = Segment(*CLIENT, *NODE, 1, 2, ACK, 3, options, data, 8)
    packet = packed(segment)
    assert read(packet) == segment._replace(data=b"")
    tcp = packet[20:]
    whole = packet[12:20] + struct.pack(">HH", 6, len(tcp)) + tcp + bytes(len(tcp) % 2)
    total = sum(struct.unpack(f">{len(whole) // 2}H", whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
