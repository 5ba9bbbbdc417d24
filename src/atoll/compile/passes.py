"""A typed way to write a pass."""

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from atoll.model.entity import Entity
from atoll.plan.rows import Row
from atoll.records import Pass, Record, View

E = TypeVar("E", bound=Entity)


def of(kind: type[E], function: Callable[[View, E], Iterable[Row]]) -> Pass:
    """The pass that runs `function` for every entity of `kind`."""
    return Pass(kind, cast("Callable[[View, Record], Iterable[Record]]", function))
