"""What all Describe operations share: ids, filters, pages.

A family states its filters as a table from the filter's name to a function that yields the values an entity has for
it; an entity passes a filter when one of those values matches one of the named ones (fact 248). What a filter's exact
values find through an index is read from there, so that the cost does not grow with what is not asked for.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from atoll.model.entity import Entity
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.lookup import need_all
from atoll.services.ec2.wildcards import WILD, matcher
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

    def values(entity: E, name: str) -> Iterable[str] | None:
        tagged = _tag_values(entity, name)
        if tagged is not None:
            return tagged
        return filters[name](tx, entity) if name in filters else None

    return sift(entities, request, lambda name: name in filters or is_tag_filter(name), values)


def sift(
    items: Iterable[T],
    request: Request,
    known: Callable[[str], bool],
    values: Callable[[T, str], Iterable[str] | None],
) -> list[T]:
    """The items that pass every filter. `known`: is there such a filter; `values`: what an item has for one."""
    wanted = request.get("Filters") or []
    if len(wanted) > MOST_FILTERS:
        raise AwsError("FilterLimitExceeded", f"The maximum number of filters is {MOST_FILTERS}.")
    kept = list(items)
    for one in wanted:
        name, patterns = one.get("Name"), one.get("Values")
        if not name:
            raise AwsError("InvalidParameterValue", "The filter 'null' is invalid")
        if not known(name):
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        if not patterns:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' must have at least one value")
        if len(patterns) > MOST_FILTERS:
            raise AwsError("FilterLimitExceeded", f"The maximum number of filter values is {MOST_FILTERS}.")
        matches = matcher(patterns)
        kept = [item for item in kept if matches(values(item, name) or ())]
    return kept


def is_tag_filter(name: str) -> bool:
    """Whether a filter is about tags, as every kind has them."""
    return name.startswith("tag:") or name in ("tag-key", "tag-value")


def candidates(
    tx: Tx, kind: type[E], request: Request, ids: str, indexed: Mapping[str, str] = MappingProxyType({})
) -> list[E]:
    """Where a Describe begins: the ids that it names, what a filter finds through an index, or all of this home.

    `indexed`: filters whose exact values are found in an index (field), or are the id ("id").
    """
    if request.get(ids):
        return need_all(tx, kind, request[ids])
    for one in request.get("Filters") or ():
        field, values = indexed.get(one.get("Name", "")), one.get("Values") or ()
        if field and values and not any(WILD.intersection(value) for value in values):
            return _under(tx, kind, field, values)
    return tx.mine(kind)


def _under(tx: Tx, kind: type[E], field: str, values: Iterable[str]) -> list[E]:
    unique = dict.fromkeys(values)
    if field == "id":
        return [entity for value in unique if (entity := tx.own(kind, value)) is not None]
    found = {entity.key: entity for value in unique for entity in tx.by(kind, field, value)}
    return [entity for entity in found.values() if entity.home == tx.home]


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


def most_named(request: Request, parameter: str, most: int = 100) -> None:
    """How many things one call may name, where AWS documents a number."""
    if len(request.get(parameter) or ()) > most:
        raise AwsError("InvalidParameterValue", f"At most {most} of {parameter} can be named in one call.")


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


def describe(
    tx: Tx,
    request: Request,
    entities: Iterable[E],
    filters: Filters[E],
    name: str,
    show: Callable[[Tx, E], dict[str, Any]],
    *,
    least: int = 5,
    most: int = 1000,
) -> dict[str, Any]:
    """A whole Describe: what passes the filters, one page of it, as the answer shows it under `name`."""
    shown, token = page(select(tx, entities, request, filters), request, least=least, most=most)
    return answer(name, (show(tx, entity) for entity in shown), token)
