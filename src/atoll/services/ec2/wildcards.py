"""Filter values with wildcards (fact 248): `*` any text, `?` one character, backslash takes the next one literally."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

WILD = frozenset("*?\\")
LONGEST_KEPT = 256
"""Patterns up to here are kept compiled; a thousand longer ones could fill memory."""


def matcher(wanted: Iterable[str]) -> Callable[[Iterable[str]], bool]:
    """Whether one of some values matches one of the wanted patterns."""
    exact, patterns = set(), []
    for one in wanted:
        if WILD.isdisjoint(one):
            exact.add(one)
        else:
            patterns.append(_kept(one) if len(one) <= LONGEST_KEPT else compiled(one))
    if not patterns:
        return lambda values: not exact.isdisjoint(values)
    return lambda values: any(value in exact or any(pattern.match(value) for pattern in patterns) for value in values)


def compiled(wanted: str) -> re.Pattern[str]:
    """The pattern as a regular expression.

    What stands between two stars is taken at its first place and not tried at a later one: an atomic group.  A first
    place is as good as any later one for what follows, and without this `*a*a*a*a*b` would take for ever.
    """
    pieces = [""]
    characters = iter(wanted)
    for character in characters:
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(characters, "\\") if character == "\\" else character)
    first, *middle = pieces
    last = rf".*{middle.pop()}\Z" if middle else r"\Z"
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + last, re.DOTALL)


_kept = lru_cache(maxsize=1024)(compiled)
