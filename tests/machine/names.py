"""Which id of AWS's each token of the rules' world stands for.

A token meets its id where an answer has one at its place. From then on they stand for each other everywhere, so an id
that changes, or that two things share, is a disagreement.
"""

from collections.abc import Callable
from typing import Any


class DisagreementError(AssertionError):
    """What Atoll answers is not what the rules say."""


class Names:
    """Tokens and ids, one to one. `chosen` is told which address a token stands for."""

    def __init__(self, chosen: Callable[[str, str], None]) -> None:
        self.real: dict[str, str] = {}
        self.token: dict[str, str] = {}
        self._chosen = chosen

    def translate(self, asked: Any) -> Any:
        """A call's parameters with ids in the place of tokens."""
        if isinstance(asked, dict):
            return {name: self.translate(value) for name, value in asked.items()}
        if isinstance(asked, list):
            return [self.translate(value) for value in asked]
        return self.real.get(asked, asked) if isinstance(asked, str) else asked

    def agree(self, expected: Any, found: Any, *, whole: bool, at: str = "answer") -> None:
        """Demand that they are the same; unless `whole`, what is found may have further members."""
        fault, met = self._compare(expected, found, whole, at, {})
        if fault:
            raise DisagreementError(fault)
        for token, real in met.items():
            if is_address(token):  # it may come again, and be in several VPCs: it has no name of its own
                self._chosen(token, real)
            else:
                self.real[token], self.token[real] = real, token

    def _compare(
        self, expected: Any, found: Any, whole: bool, at: str, met: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """The first difference, and the pairs that this comparison has made."""
        if isinstance(expected, dict) and isinstance(found, dict):
            return self._members(expected, found, whole, at, met)
        if isinstance(expected, list) and isinstance(found, list):
            if len(expected) != len(found):
                return f"{at}: {expected} expected, {found} found", met
            for number, (one, other) in enumerate(zip(expected, found, strict=True)):
                fault, met = self._compare(one, other, whole, f"{at}[{number}]", met)
                if fault:
                    return fault, met
            return "", met
        if self._same(expected, found, met):
            return "", {**met, expected: found} if self._unmet(expected, met) else met
        return f"{at}: {self.real.get(expected, expected)!r} ({expected}) expected, {found!r} found", met

    def _unmet(self, token: Any, met: dict[str, str]) -> bool:
        return isinstance(token, str) and "~" in token and token not in self.real and token not in met

    def _same(self, expected: Any, found: Any, met: dict[str, str]) -> bool:
        if self._unmet(expected, met):
            return _may_be(expected, found) and found not in self.token and found not in met.values()
        known = self.real.get(expected) or met.get(expected) if isinstance(expected, str) else None
        return bool((known or expected) == found)

    def _members(
        self, expected: dict[str, Any], found: dict[str, Any], whole: bool, at: str, met: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        left = dict(found)
        waiting = []
        for name, value in expected.items():
            if self._unmet(name, met):
                waiting.append(name)
                continue
            real = self.real.get(name) or met.get(name, name)
            if real not in left:
                return f"{at}: {real} ({name}) is missing among {sorted(found)}", met
            fault, met = self._compare(value, left.pop(real), whole, f"{at}.{name}", met)
            if fault:
                return fault, met
        for name in waiting:
            fault, met = self._meet(name, expected[name], left, whole, at, met)
            if fault:
                return fault, met
        if whole and left:
            return f"{at}: not expected: {left}", met
        return "", met

    def _meet(
        self, name: str, value: Any, left: dict[str, Any], whole: bool, at: str, met: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Find what a token that has met no id yet stands for: the first that fits. It is taken out of `left`."""
        fault = f"{at}: nothing fits {name}: {value}, left are {left}"
        for real, found in left.items():
            if self._same(name, real, met):
                differs, more = self._compare(value, found, whole, f"{at}.{name}", {**met, name: real})
                if not differs:
                    del left[real]
                    return "", more
                fault += f"; {differs}"
        return fault, met


def is_address(token: str) -> bool:
    """Whether the token stands for an address, not for an id."""
    return token.startswith(("private~", "public~"))


def _may_be(token: str, found: Any) -> bool:
    """Whether an answer's value can be what the token stands for: an id of its kind, or an address."""
    if not isinstance(found, str):
        return False
    return found.count(".") == 3 if is_address(token) else found.rpartition("-")[0] == token.split("~")[0]
