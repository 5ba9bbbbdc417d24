"""Sets of numbers, and boxes of them, against sets that are written out."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from atoll.analyze.reach.flows import Box, meet, subtract
from atoll.analyze.reach.spans import Span, both, each, either, holds, joined, moved, size, without

RANGE = st.tuples(st.integers(0, 20), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
SPANS = st.lists(RANGE, max_size=5).map(lambda ranges: joined(tuple(ranges)))


def written(span: Span) -> set[int]:
    return set(each(span))


@given(SPANS, SPANS)
def test_spans_are_sets(one: Span, other: Span) -> None:
    assert written(both(one, other)) == written(one) & written(other)
    assert written(either(one, other)) == written(one) | written(other)
    assert written(without(one, other)) == written(one) - written(other)
    assert written(moved(one, 3)) == {number + 3 for number in written(one)}
    assert size(one) == len(written(one))
    assert {number for number in range(40) if holds(one, number)} == written(one)


@given(SPANS, SPANS)
def test_equal_sets_are_equal_spans(one: Span, other: Span) -> None:
    for made in (both(one, other), either(one, other), without(one, other)):
        assert all(before[1] + 1 < after[0] for before, after in pairwise(made))
        assert all(low <= high for low, high in made)


@given(st.integers(0, 1 << 32))
def test_what_is_left_of_a_box_is_disjoint_and_all_that_the_other_does_not_hold(seed: int) -> None:
    chance = random.Random(seed)
    one, other = _box(chance), _box(chance)
    left = subtract(one, other)
    whole, taken = _points(one), _points(meet(one, other))
    parts = [_points(box) for box in left]
    assert set().union(*parts) == whole - taken
    assert sum(map(len, parts)) == len(whole - taken)


def _box(chance: random.Random) -> Box:
    return Box(*(joined(tuple(_range(chance) for _ in range(chance.randint(1, 2)))) for _ in range(4)))


def _range(chance: random.Random) -> tuple[int, int]:
    low = chance.randint(0, 4)
    return low, low + chance.randint(0, 3)


def _points(box: Box) -> set[tuple[int, ...]]:
    return {(a, b, c, d) for a in each(box[0]) for b in each(box[1]) for c in each(box[2]) for d in each(box[3])}
