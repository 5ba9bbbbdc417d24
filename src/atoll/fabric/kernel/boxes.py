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
    """Disjoint boxes that together cover what `rules` cover.

    Only rules that touch are cut: the others stay one box each, so that a rule is usually one element.
    """
    for cluster in _clusters(list(rules)):
        if len(cluster) == 1:
            yield cluster[0]
        else:
            yield from _cut(cluster, ())


def _clusters(rules: list[Box]) -> Iterator[list[Box]]:
    """Rules of different clusters share nothing. Splits along one field after the other while any field splits."""
    if len(rules) < 2:
        yield from ([rules] if rules else [])
        return
    for field in range(len(rules[0].ranges)):
        runs = _runs(rules, field)
        if len(runs) > 1:
            for run in runs:
                yield from _clusters(run)
            return
    yield rules


def _runs(rules: list[Box], field: int) -> list[list[Box]]:
    """Rules whose ranges in one field overlap, directly or through others."""
    runs: list[list[Box]] = []
    reached = -1
    for box in sorted(rules, key=lambda one: one.ranges[field]):
        low, high = box.ranges[field]
        if low > reached:
            runs.append([])
        runs[-1].append(box)
        reached = max(reached, high)
    return runs


def _cut(rules: Sequence[Box], done: tuple[Range, ...]) -> Iterator[Box]:
    field = len(done)
    if field == len(rules[0].ranges):
        yield Box(done, tuple(sorted({rule for box in rules for rule in box.rules})))
    elif len(rules) == 1:
        yield Box(done + rules[0].ranges[field:], rules[0].rules)
    else:
        for piece, covering in _sweep(rules, field):
            yield from _cut(covering, (*done, piece))


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
