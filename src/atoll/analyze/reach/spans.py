"""Sets of whole numbers as sorted, disjoint, non-adjacent ranges: the sets of one field of a packet.

Equal sets are equal tuples. Whatever a rule names is a few ranges, so each operation costs the ranges and not the
numbers in them; no common partition of the field ("atoms") is needed, and a change of the plan breaks none.
"""

from collections.abc import Iterator

Span = tuple[tuple[int, int], ...]
"""(low, high) pairs, both included."""

NOTHING: Span = ()


def single(number: int) -> Span:
    """One number."""
    return ((number, number),)


def of(low: int, high: int) -> Span:
    """From `low` to `high`, both included; nothing where they are the wrong way round."""
    return ((low, high),) if low <= high else NOTHING


def holds(span: Span, number: int) -> bool:
    """Whether the number is in it."""
    for low, high in span:
        if number <= high:
            return low <= number
    return False


def size(span: Span) -> int:
    """How many numbers are in it."""
    return sum(high - low + 1 for low, high in span)


def both(one: Span, other: Span) -> Span:
    """What is in both."""
    if one is other or not one or not other:
        return one and other
    if len(one) == len(other) == 1:
        return of(max(one[0][0], other[0][0]), min(one[0][1], other[0][1]))
    found: list[tuple[int, int]] = []
    here, there = 0, 0
    while here < len(one) and there < len(other):
        low, high = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if low <= high:
            found.append((low, high))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(found)


def either(one: Span, other: Span) -> Span:
    """What is in one of them or in both."""
    return joined((*one, *other)) if one and other else one or other


def joined(ranges: tuple[tuple[int, int], ...]) -> Span:
    """What is in any of the ranges, which may overlap and stand in any order."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def without(one: Span, other: Span) -> Span:
    """What is in the first and not in the other."""
    if not other or not one:
        return one
    found: list[tuple[int, int]] = []
    at = 0
    for low, high in one:
        next_left = low
        while at < len(other) and other[at][1] < low:
            at += 1
        cut = at
        while cut < len(other) and other[cut][0] <= high:
            if next_left < other[cut][0]:
                found.append((next_left, other[cut][0] - 1))
            next_left = other[cut][1] + 1
            cut += 1
        if next_left <= high:
            found.append((next_left, high))
    return tuple(found)


def moved(span: Span, by: int) -> Span:
    """Each number with `by` added."""
    return tuple((low + by, high + by) for low, high in span)


def each(span: Span) -> Iterator[int]:
    """Each number of it."""
    for low, high in span:
        yield from range(low, high + 1)
