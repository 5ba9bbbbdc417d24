"""Single values on their way out: Python to XML text, by the kind that the model names.

Each function takes exactly its own type and raises MisfitError for another: an answer that does not fit its shape
is a mistake in a handler, never a client's.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite, isnan
from typing import Any

from atoll.protocol.shapes import Kind

# Markup; carriage return, which XML parsers turn into a line feed; and what XML 1.0 cannot carry at all.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_special = _SPECIAL.search
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class MisfitError(Exception):
    """A value that its shape does not allow; `trail` gathers where, from the inside out."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.trail: list[str] = []


def expected(what: str, value: object) -> MisfitError:
    """A value of another type than the shape's."""
    return MisfitError(f"expected {what}, not {type(value).__name__}")


def escape(text: str) -> str:
    """XML character data.  Characters that XML 1.0 has no way to write become U+FFFD."""
    return _SPECIAL.sub(_replaced, text) if _special(text) else text


def _replaced(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], "\ufffd")


def _string(value: object) -> str:
    # The exact type first: most of an answer is plain strings, and this function is most of the time spent.
    if type(value) is str:
        return _SPECIAL.sub(_replaced, value) if _special(value) else value
    if isinstance(value, str):
        return escape(str.__str__(value))  # an enum that is a string is its value here
    raise expected("str", value)


def _boolean(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    raise expected("bool", value)


def _integer(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    raise expected("int", value)


def _float(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("float", value)
    if isfinite(value):
        return repr(value)
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _timestamp(value: object) -> str:
    """ISO 8601 in UTC, milliseconds (cut, not rounded) and Z."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise expected("an aware datetime", value)
    return value.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _blob(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise expected("bytes", value)


FORMATTERS: dict[Kind, Callable[[Any], str]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "timestamp": _timestamp,
    "blob": _blob,
}
"""Each raises MisfitError for a value of another type."""
