"""ParameterFilters: of DescribeParameters and GetParametersByPath."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from atoll.model.kinds import Parameter, ParameterVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.registry import Request
from atoll.services.ssm.names import invalid

MOST_VALUES = 50


class Filter(NamedTuple):
    """One filter: its values are alternatives."""

    key: str
    option: str
    values: Sequence[str]


Values = Callable[[Tx, ParameterVersion], Iterable[str]]

VALUES: Mapping[str, Values] = {
    "Name": lambda _tx, one: [one.name],
    "Type": lambda _tx, one: [one.type],
    "KeyId": lambda _tx, one: [one.key_id or ""],
    "Path": lambda _tx, one: [one.name],
    "Label": lambda _tx, one: one.labels,
    "Tier": lambda _tx, one: [one.tier],
    "DataType": lambda _tx, one: [one.data_type],
}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Name": ("Equals", "BeginsWith", "Contains"),
    "Type": ("Equals", "BeginsWith"),
    "KeyId": ("Equals", "BeginsWith"),
    "Path": ("OneLevel", "Recursive"),
}
"""What may be asked of a key, its usual option first."""


def check_filters(request: Request, keys: Iterable[str], *, tags: bool = False) -> list[Filter]:
    """The request's filters, each known and with values."""
    return [_checked(one, tuple(keys), tags) for one in request.get("ParameterFilters") or ()]


def _checked(one: Mapping[str, Any], keys: tuple[str, ...], tags: bool) -> Filter:
    key: str = one["Key"]
    tagged = tags and key.startswith("tag:") and len(key) > 4
    if key not in keys and not tagged:
        known = ", ".join([*keys, *(["tag:.+"] if tags else [])])
        raise AwsError(
            "InvalidFilterKey",
            f"The following filter key is not valid: {key[:100]}. Valid filter keys include: [{known}].",
        )
    allowed = OPTIONS.get(key, ("Equals",))
    option = one.get("Option") or allowed[0]
    if option not in allowed:
        raise AwsError(
            "InvalidFilterOption",
            f"The following filter option is not valid: {option[:100]}. Valid options include: [{', '.join(allowed)}].",
        )
    values = one.get("Values") or ()
    if not values and not tagged:
        raise AwsError("InvalidFilterValue", "The following filter values are missing : null for filter key " + key)
    if len(values) > MOST_VALUES:
        raise invalid(f"A filter can have at most {MOST_VALUES} values.")
    if key == "Path" and not all(value.startswith("/") for value in values):
        raise invalid("The path of a filter must begin with a forward slash.")
    return Filter(key, option, values)


def passes(tx: Tx, version: ParameterVersion, filters: Iterable[Filter]) -> bool:
    """Whether a parameter is what every filter wants."""
    return all(_passes(tx, version, one) for one in filters)


def _passes(tx: Tx, version: ParameterVersion, wanted: Filter) -> bool:
    if wanted.key.startswith("tag:"):
        parameter = tx.get(Parameter, version.home, version.name)
        tags = dict(parameter.tags) if parameter is not None else {}
        key = wanted.key[4:]
        return key in tags and (not wanted.values or tags[key] in wanted.values)
    has = VALUES[wanted.key](tx, version)
    return any(_meets(wanted.option, value, asked) for value in has for asked in wanted.values)


def _meets(option: str, value: str, asked: str) -> bool:
    if option == "Equals":
        return value == asked or value == f"/{asked}"
    if option == "BeginsWith":
        return value.startswith(asked)
    if option == "Contains":
        return asked in value
    prefix = asked if asked.endswith("/") else asked + "/"
    return value.startswith(prefix) and (option == "Recursive" or "/" not in value[len(prefix) :])
