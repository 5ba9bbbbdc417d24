"""What all Describe operations share: ids, filters, pages.

A family states its filters as a table from the filter's name to a function that yields the values an entity has for
it; an entity passes a filter when one of those values matches one of the named ones (fact 248).
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from atoll.model.entity import Entity
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.registry import Request

E = TypeVar("E", bound=Entity)
T = TypeVar("T")
Values = Callable[[Tx, E], Iterable[str]]
Filters = Mapping[str, Values[E]]

MOST_FILTERS = 200


def text(value: object) -> str:
    """A value as filters compare it: booleans in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@lru_cache(maxsize=1024)
def _pattern(wanted: str) -> re.Pattern[str]:
    """`*` any text, `?` one character, backslash takes the next one literally (fact 248)."""
    parts: list[str] = []
    characters = iter(wanted)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def matches(wanted: Iterable[str], values: Iterable[str]) -> bool:
    """Whether one of the values matches one of the wanted patterns."""
    patterns = [_pattern(one) for one in wanted]
    return any(pattern.match(value) for value in values for pattern in patterns)


def _tag_values(entity: Entity, name: str) -> Iterable[str] | None:
    if name.startswith("tag:"):
        return [value for key, value in entity.tags if key == name[4:]]
    if name == "tag-key":
        return [key for key, _ in entity.tags]
    if name == "tag-value":
        return [value for _, value in entity.tags]
    return None


def select(tx: Tx, entities: Iterable[E], request: Request, filters: Filters[E]) -> list[E]:
    """The entities that pass every filter of the request; an unknown filter name is an error (fact 21)."""
    wanted = request.get("Filters") or []
    if len(wanted) > MOST_FILTERS:
        raise AwsError("FilterLimitExceeded", f"The maximum number of filters is {MOST_FILTERS}.")
    kept = list(entities)
    for one in wanted:
        name, values = one.get("Name"), one.get("Values")
        if not name:
            raise AwsError("InvalidParameterValue", "The filter 'null' is invalid")
        if not values:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' must have at least one value")
        if len(values) > MOST_FILTERS:
            raise AwsError("FilterLimitExceeded", f"The maximum number of filter values is {MOST_FILTERS}.")
        kept = _passing(tx, kept, name, values, filters)
    return kept


def _passing(tx: Tx, entities: list[E], name: str, wanted: Sequence[str], filters: Filters[E]) -> list[E]:
    if name.startswith("tag:") or name in ("tag-key", "tag-value"):
        return [one for one in entities if matches(wanted, _tag_values(one, name) or ())]
    values_of = filters.get(name)
    if values_of is None:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [one for one in entities if matches(wanted, values_of(tx, one))]


def page(items: Sequence[T], request: Request, *, least: int = 5, most: int = 1000) -> tuple[list[T], str | None]:
    """One page of the items and the token of the next (fact 249)."""
    size = request.get("MaxResults")
    if size is not None and not least <= size <= most:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}.",
        )
    start = _start(request.get("NextToken"))
    if start > len(items):
        raise AwsError("InvalidNextToken", "The token is not valid.")
    end = len(items) if size is None else start + size
    return list(items[start:end]), _token(end) if end < len(items) else None


def no_pages_with_ids(request: Request, ids: str) -> None:
    """MaxResults cannot be combined with ids (fact 249)."""
    if request.get("MaxResults") is not None and request.get(ids):
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameter {ids[0].lower() + ids[1:]} cannot be used with the parameter maxResults",
        )


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"atoll/{start}".encode()).decode()


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition("/")
        if name != "atoll" or int(number) < 0:
            raise ValueError(token)
        return int(number)
    except ValueError as error:
        raise AwsError("InvalidNextToken", "The token is not valid.") from error


def answer(name: str, items: Iterable[dict[str, Any]], token: str | None = None) -> dict[str, Any]:
    """A Describe answer: the list under its name, and the next page's token if there is one."""
    return {name: list(items), **({"NextToken": token} if token else {})}
