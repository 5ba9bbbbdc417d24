"""Single values on their way in: text to Python, by the kind that the model names.

Kinds follow the XML Schema types that AWS's services check against: a boolean is true, false, 1 or 0
("boolean must follow xsd1.1 definition", boto issue 1513), an integer has 32 bits, a long 64.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from atoll.protocol.refusals import RefusalError
from atoll.protocol.shapes import Kind

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}").fullmatch
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?").fullmatch
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
).fullmatch
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_NOT_FINITE = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}


def _string(text: str) -> str:
    return text


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text)
    if value is None:
        raise RefusalError("value", value=text, expected="true or false")
    return value


def _whole(bits: int) -> Callable[[str], int]:
    bound = 1 << (bits - 1)

    def parse(text: str) -> int:
        if _INTEGER(text) and -bound <= (value := int(text)) < bound:
            return value
        raise RefusalError("value", value=text, expected=f"an integer of {bits} bits")

    return parse


def _float(text: str) -> float:
    if _NUMBER(text):
        return float(text)
    value = _NOT_FINITE.get(text)
    if value is None:
        raise RefusalError("value", value=text, expected="a number")
    return value


def _timestamp(text: str) -> datetime:
    """ISO 8601, as an aware time in UTC; a time without an offset is UTC."""
    if _TIMESTAMP(text):
        try:
            value = datetime.fromisoformat(text)
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise RefusalError("value", value=text, expected="an ISO 8601 date and time")


def _blob(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise RefusalError("value", value=text, expected="base64") from None


PARSERS: dict[Kind, Callable[[str], Any]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _whole(32),
    "long": _whole(64),
    "float": _float,
    "double": _float,
    "timestamp": _timestamp,
    "blob": _blob,
}
"""Each raises RefusalError, reason "value", for text that is not of its kind."""
