"""Calls of a design played again, some of them left out: ids and addresses are those of this time.

What a call names is known by the answers that named it. A call that names what nothing has made this time is passed
over, as is one that is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from tests.spec import Probe
from tests.witness.design import DEAF, Design, Line

_ID = re.compile(r"(?!ami-)(?:[a-z]+-)+[0-9a-f]{8,}")
_SAME = ("DescribePrefixLists",)
"""What is always there."""

_NAMED = re.compile(r"arn:\S+|(?:[a-z]+-)+[0-9a-f]{8,}|\d+(?:\.\d+){3}(?:/\d+)?")


class Replay:
    """Plays lines into a design that is empty."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._now: dict[str, str] = {}

    def play(self, script: Sequence[Line]) -> None:
        """All of them, in order."""
        for line in script:
            try:
                self._line(line)
            except (KeyError, ClientError):
                continue

    def _line(self, line: Line) -> None:
        params = self._again(line.params)
        if line.operation == DEAF:
            self._design.turn_deaf(**params)
            return
        answer = self._design.call(line.operation, **params)
        if line.operation.startswith("Describe") and line.params.keys() <= {"service"} and line.operation not in _SAME:
            return  # all that there is, in an order of its own
        for before, now in _alike(line.answer, answer):
            self._now.setdefault(before, now)

    def probe(self, probe: Probe) -> Probe:
        """The packet as it is this time."""
        at, source, destination = (self._now.get(one, one) for one in (probe.at, probe.source, probe.destination))
        return replace(probe, at=at, source=source, destination=destination)

    def _again(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._again(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._again(part) for part in value]
        if not isinstance(value, str):
            return value
        if value.endswith("/32"):
            return self._now.get(value[:-3], value[:-3]) + "/32"
        return self._now[value] if _ID.fullmatch(value) else self._now.get(value, value)


def ids(value: Any) -> Any:
    """What of an answer tells one thing from another: the rest is not kept."""
    if isinstance(value, dict):
        return {key: kept for key, part in value.items() if (kept := ids(part))}
    if isinstance(value, list | tuple):
        return [ids(part) for part in value]
    return value if isinstance(value, str) and _NAMED.fullmatch(value) else None


def _alike(before: Any, now: Any) -> Iterator[tuple[str, str]]:
    """What stands at the same places of two answers to the same call."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before.keys() & now.keys():
            yield from _alike(before[key], now[key])
    elif isinstance(before, list | tuple) and isinstance(now, list | tuple):
        for one, other in zip(before, now, strict=False):
            yield from _alike(one, other)
    elif isinstance(before, str) and isinstance(now, str) and _NAMED.fullmatch(before):
        yield before, now
