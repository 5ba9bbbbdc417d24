"""Cutting overlapping rules into disjoint boxes.

The kernel's interval sets refuse elements that overlap, and a user's rules overlap all the time. A rule is a box over
some fields (address, protocol, port ...), each a range of numbers. `cut` sweeps field by field and gives boxes that
do not touch one another, cover what the rules cover, and remember which rules cover them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Range = tuple[int, int]


class Box(NamedTuple):
    """Ranges by field, both ends included, and the ids of the rules that cover all of it."""

    ranges: tuple[Range, ...]
    rules: tuple[str, ...]


def cut(rules: Sequence[Box]) -> Iterator[Box]:
    """Disjoint boxes that together cover what `rules` cover, in ascending order."""
    if rules:
        yield from _cut(rules, (), len(rules[0].ranges))


def _cut(rules: Sequence[Box], done: tuple[Range, ...], fields: int) -> Iterator[Box]:
    field = len(done)
    if field == fields:
        yield Box(done, tuple(sorted({rule for box in rules for rule in box.rules})))
        return
    if len(rules) == 1:
        yield Box(done + rules[0].ranges[field:], rules[0].rules)
        return
    for piece, covering in _sweep(rules, field):
        yield from _cut(covering, (*done, piece), fields)


def _sweep(rules: Iterable[Box], field: int) -> Iterator[tuple[Range, list[Box]]]:
    """The pieces of one field between all ends of ranges, each with the rules that cover it."""
    starts: dict[int, list[Box]] = {}
    ends: dict[int, list[Box]] = {}
    for box in rules:
        low, high = box.ranges[field]
        starts.setdefault(low, []).append(box)
        ends.setdefault(high + 1, []).append(box)
    active: dict[int, Box] = {}
    begin = 0
    for place in sorted(starts.keys() | ends.keys()):
        if active:
            yield (begin, place - 1), list(active.values())
        for box in ends.get(place, ()):
            del active[id(box)]
        active.update((id(box), box) for box in starts.get(place, ()))
        begin = place
