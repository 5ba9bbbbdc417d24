"""Filter values with wildcards (fact 248): `*` any text, `?` one character, backslash takes the next one literally."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

WILD = frozenset("*?\\")
LONGEST_KEPT = 256
"""Patterns up to here are kept for the next request; a thousand longer ones could fill memory."""


def matcher(wanted: Iterable[str]) -> Callable[[Iterable[str]], bool]:
    """Whether one of some values matches one of the wanted patterns."""
    exact, patterns = set(), []
    for one in wanted:
        if WILD.isdisjoint(one):
            exact.add(one)
        else:
            patterns.append(_kept(one) if len(one) <= LONGEST_KEPT else Pattern(one))
    if not patterns:
        return lambda values: not exact.isdisjoint(values)
    return lambda values: any(value in exact or any(pattern.matches(value) for pattern in patterns) for value in values)


class Pattern:
    """One pattern. It costs its length to make, and more only for a value that is long enough to match."""

    def __init__(self, wanted: str) -> None:
        self._pieces: list[list[str]] = [[]]
        characters = iter(wanted)
        for character in characters:
            if character == "*":
                self._pieces.append([])
            elif character == "?":
                self._pieces[-1].append(".")
            else:
                self._pieces[-1].append(re.escape(next(characters, "\\") if character == "\\" else character))
        self._least = sum(map(len, self._pieces))

    def matches(self, value: str) -> bool:
        """Whether the whole value is what the pattern says."""
        return len(value) >= self._least and self._expression.match(value) is not None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        """What stands between two stars is taken at its first place and not tried at a later one: an atomic group.

        A first place is as good as any later one for what follows, and without this `*a*a*a*a*b` would take for ever.
        """
        first, *middle = ("".join(piece) for piece in self._pieces)
        last = rf".*{middle.pop()}\Z" if middle else r"\Z"
        return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + last, re.DOTALL)


_kept = lru_cache(maxsize=1024)(Pattern)
