"""Cutting rules into disjoint boxes, against the plain meaning of the rules."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from atoll.fabric.kernel.boxes import Box, cut

RANGE = st.tuples(st.integers(0, 7), st.integers(0, 7)).map(lambda ends: (min(ends), max(ends)))
RULES = st.lists(st.tuples(RANGE, RANGE, RANGE), max_size=7).map(
    lambda ranges: [Box(one, (f"sgr-{number}",)) for number, one in enumerate(ranges)]
)


def holds(box: Box, point: tuple[int, ...]) -> bool:
    return all(low <= place <= high for place, (low, high) in zip(point, box.ranges, strict=True))


def overlap(one: Box, other: Box) -> bool:
    return all(a <= d and c <= b for (a, b), (c, d) in zip(one.ranges, other.ranges, strict=True))


@given(RULES)
def test_no_two_boxes_touch(rules: list[Box]) -> None:
    assert not [pair for pair in combinations(cut(rules), 2) if overlap(*pair)]


@given(RULES, st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 7)))
def test_each_box_knows_exactly_the_rules_that_cover_it(rules: list[Box], point: tuple[int, int, int]) -> None:
    covering = tuple(sorted({rule for box in rules if holds(box, point) for rule in box.rules}))
    found = [box.rules for box in cut(rules) if holds(box, point)]
    assert found == ([covering] if covering else [])


@given(RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_means_nothing(rules: list[Box], chance: object) -> None:
    shuffled = list(rules)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(cut(rules)) == set(cut(shuffled))


def test_rules_that_do_not_touch_stay_whole() -> None:
    rules = [
        Box(((0, 100), (6, 6), (80, 80)), ("a",)),
        Box(((0, 100), (6, 6), (443, 443)), ("b",)),
        Box(((10, 20), (17, 17), (80, 80)), ("c",)),
    ]
    assert set(cut(rules)) == set(rules)


def test_a_narrow_rule_inside_a_wide_one() -> None:
    rules = [Box(((0, 100),), ("wide",)), Box(((10, 20),), ("narrow",))]
    assert list(cut(rules)) == [
        Box(((0, 9),), ("wide",)),
        Box(((10, 20),), ("narrow", "wide")),
        Box(((21, 100),), ("wide",)),
    ]


def test_no_rules_no_boxes() -> None:
    assert list(cut([])) == []
