"""Filters by what a Describe answer shows: a table from filter names to places in the answer.

"attachment.device-index" is "Attachment.DeviceIndex" of the entity's description; a list on the way yields each of
its elements. So a filter can never disagree with what the answer says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from atoll.model.entity import Entity
from atoll.model.tx import Tx
from atoll.services.ec2.describe import Filters, Values, text

E = TypeVar("E", bound=Entity)
Shape = Callable[[Tx, E], Mapping[str, Any]]


def at(value: Any, path: str) -> Iterator[str]:
    """The values at a dotted path of member names, as filters compare them."""
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        for element in value:
            yield from at(element, path)
    elif not path:
        yield _text(value)
    elif isinstance(value, Mapping) and name in value:
        yield from at(value[name], rest)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return text(value)


def filters(shape: Shape[E], paths: Mapping[str, str]) -> Filters[E]:
    """A table of filters from a table of paths into what `shape` shows."""

    def values(path: str) -> Values[E]:
        def read(tx: Tx, entity: E) -> Iterable[str]:
            return at(shape(tx, entity), path)

        return read

    return {name: values(path) for name, path in paths.items()}
