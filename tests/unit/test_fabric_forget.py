"""Which ends of a connection forget it: by address, and in zones by what gave the zone its number."""

import pytest

from atoll.fabric.kernel.forget import ends, zone_of
from atoll.fabric.kernel.names import RECEIVER_TRACKED, SENDER_TRACKED
from atoll.linux.conntrack import Connection

A, B = "10.0.1.5", "10.0.2.6"
BOTH = SENDER_TRACKED | RECEIVER_TRACKED


def connection(zone: int = 0, answer_source: str = B) -> Connection:
    return Connection(A, B, answer_source, A, zone, BOTH, b"")


@pytest.mark.parametrize(
    ("gone", "bits"),
    [({A}, SENDER_TRACKED), ({B}, RECEIVER_TRACKED), ({A, B}, BOTH), ({"10.0.9.9"}, 0), (set[str](), 0)],
)
def test_an_end_forgets_with_its_address(gone: set[str], bits: int) -> None:
    assert ends(connection(), gone, boxes=False) == bits


def test_behind_a_mapping_the_receiver_is_who_answers() -> None:
    assert ends(connection(answer_source="10.0.3.3"), {B}, boxes=False) == 0
    assert ends(connection(answer_source="10.0.3.3"), {"10.0.3.3"}, boxes=False) == RECEIVER_TRACKED


def test_in_a_zone_one_end_is_a_middlebox() -> None:
    first, second = connection(zone_of(A)), connection(zone_of(B))
    assert ends(first, {A, B}, boxes=False) == SENDER_TRACKED
    assert ends(second, {A, B}, boxes=False) == RECEIVER_TRACKED
    assert ends(first, set(), boxes=True) == RECEIVER_TRACKED
    assert ends(second, set(), boxes=True) == SENDER_TRACKED
    assert ends(connection(), set(), boxes=True) == 0
