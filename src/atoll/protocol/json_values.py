"""Single values of the JSON protocols, both ways: JSON's types to Python's, and back, by the kind that the model names.

A time is a number of seconds since 1970, bytes are base64, and numbers that JSON cannot write are words.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite, isnan
from typing import Any

from atoll.protocol.markup import expected
from atoll.protocol.refusals import RefusalError
from atoll.protocol.shapes import Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_FINITE = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_surrogate = re.compile("[\ud800-\udfff]").search

_TOKENS: dict[type, str] = {
    str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", list: "START_ARRAY", dict: "START_OBJECT",
}  # fmt: skip


def token(value: object) -> str:
    """What AWS's JSON reader calls a value of another type than the shape's."""
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return _TOKENS.get(type(value), "VALUE_NULL")


def unfit(value: object, what: str) -> RefusalError:
    """The refusal of a value of another type."""
    return RefusalError("value", value=token(value), expected=what)


def _string_in(value: Any) -> str:
    if not isinstance(value, str):
        raise unfit(value, "a String")
    if _surrogate(value):
        raise RefusalError("value", value="Half a surrogate pair", expected="a String")
    return value


def _boolean_in(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise unfit(value, "a Boolean")


def _whole(bits: int, what: str) -> Callable[[Any], int]:
    bound = 1 << (bits - 1)

    def parse(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound:
            return value
        raise unfit(value, what)

    return parse


def _float_in(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise unfit(value, "a Double") from None
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    raise unfit(value, "a Double")


def _timestamp_in(value: Any) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(seconds=value)
        except (OverflowError, ValueError):
            pass
    raise unfit(value, "a Timestamp")


def _blob_in(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return b64decode(value, validate=True)
        except ValueError:
            pass
    raise unfit(value, "a Blob")


READERS: dict[Kind, Callable[[Any], Any]] = {
    "string": _string_in,
    "boolean": _boolean_in,
    "integer": _whole(32, "an Integer"),
    "long": _whole(64, "a Long"),
    "float": _float_in,
    "double": _float_in,
    "timestamp": _timestamp_in,
    "blob": _blob_in,
}
"""Each raises RefusalError for a value of another type."""


def _string_out(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise expected("str", value)


def _boolean_out(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise expected("bool", value)


def _integer_out(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise expected("int", value)


def _float_out(value: object) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("float", value)
    if isfinite(value):
        return value
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _timestamp_out(value: object) -> float:
    """Seconds, with milliseconds (cut, not rounded)."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise expected("an aware datetime", value)
    return (value - _EPOCH) // timedelta(milliseconds=1) / 1000


def _blob_out(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise expected("bytes", value)


WRITERS: dict[Kind, Callable[[Any], Any]] = {
    "string": _string_out,
    "boolean": _boolean_out,
    "integer": _integer_out,
    "long": _integer_out,
    "float": _float_out,
    "double": _float_out,
    "timestamp": _timestamp_out,
    "blob": _blob_out,
}
"""Each raises MisfitError for a value of another type."""
