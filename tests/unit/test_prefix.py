"""Prefixes: their order, and that every one survives the disk and JSON."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.packet import Prefix

TEXTS = ("0.0.0.0/0", "10.0.0.0/16", "255.255.255.255/32", "::/0", "::1/128", "2001:db8::/32", "ffff::ffff/128")


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_encodings_give_the_same_prefix_back(text: str) -> None:
    prefix = Prefix.parse(text)
    assert str(prefix) == text
    assert Prefix.of(prefix.family, prefix.base, prefix.length) == prefix
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(prefix), type=Prefix) == prefix
    assert msgspec.json.decode(msgspec.json.encode(prefix), type=Prefix) == prefix


def of_numbers(family: int, bits: int) -> st.SearchStrategy[tuple[int, int, int]]:
    return st.tuples(st.just(family), st.integers(0, (1 << bits) - 1), st.integers(0, bits))


@given(st.lists(of_numbers(4, 32) | of_numbers(6, 128), max_size=6))
def test_they_are_in_the_order_of_their_first_addresses(numbers: list[tuple[int, int, int]]) -> None:
    assert sorted(Prefix.of(*one) for one in numbers) == [Prefix.of(*one) for one in sorted(numbers)]


def test_what_lies_inside() -> None:
    wide, narrow, other = map(Prefix.parse, ("2001:db8::/32", "2001:db8:1::/48", "2001:db9::/32"))
    assert wide.covers(narrow)
    assert not narrow.covers(wide)
    assert not wide.overlaps(other)
    assert wide.holds("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
    assert not wide.holds("2001:db9::")
