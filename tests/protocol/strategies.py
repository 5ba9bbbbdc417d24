"""Random operations with random parameters and results, drawn from botocore's own shapes.

Every value drawn is one that the wire can show.  What it cannot show is tried by hand in test_parse.py: empty
structures everywhere, and empty lists in the ec2 protocol.
"""

import string
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.protocol import oracle

Values = st.SearchStrategy[Any]

FIXED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

MOST_ELEMENTS = 3
MOST_MEMBERS = 6
"""Optional members of a structure; half as many in each structure inside another."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
XML_TEXT = st.text(
    st.one_of(
        st.sampled_from(string.printable[:-2] + "&<>\"'\r\n\t ]]>"),
        st.characters(min_codepoint=0x20, max_codepoint=0x10FFFF, exclude_categories=("Cs", "Cn")),
    ),
    max_size=12,
)
"""Text that XML 1.0 can carry."""

_MICROSECONDS = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))
_MILLISECONDS = _MICROSECONDS.map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000))


def _scalars(text: Values, times: Values) -> dict[str, Values]:
    number = st.floats(allow_nan=False)
    return {
        "string": text,
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": number,
        "double": number,
        "timestamp": times,
        "blob": st.binary(max_size=12),
    }


INPUT = _scalars(TEXT, _MICROSECONDS)
OUTPUT = _scalars(XML_TEXT, _MILLISECONDS)

_SECONDS = _MICROSECONDS.map(lambda t: t.replace(microsecond=0))
"""botocore's JSON serializer cuts times to seconds."""
_THIS_CENTURY = st.datetimes(datetime(1900, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
JSON_INPUT = _scalars(TEXT, _SECONDS)
JSON_OUTPUT = _scalars(TEXT, _THIS_CENTURY.map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)))
"""A time is one floating-point number there, which has milliseconds to spare in these centuries."""


def is_json(service: str) -> bool:
    return bool(oracle.model(service).protocol in ("json", "rest-json"))


def value(draw: st.DrawFn, shape: Shape, scalars: dict[str, Values], *, least: int, deep: int = 0) -> Any:
    """A value of a shape; `least` elements in each list; `deep` counts the structures around it."""
    match shape:
        case StructureShape():
            return _structure(draw, shape, scalars, least=least, deep=deep)
        case ListShape():
            size = draw(st.integers(least, max(least, MOST_ELEMENTS - deep // 2)))
            return [value(draw, shape.member, scalars, least=least, deep=deep) for _ in range(size)]
        case MapShape():
            keys = draw(st.lists(scalars["string"], min_size=1, max_size=MOST_ELEMENTS, unique=True))
            return {key: value(draw, shape.value, scalars, least=least, deep=deep) for key in keys}
        case StringShape(enum=[_, *_] as enum):
            return draw(st.sampled_from(enum))
        case _:
            return draw(scalars[shape.type_name])


def _structure(draw: st.DrawFn, shape: StructureShape, scalars: dict[str, Values], *, least: int, deep: int) -> Any:
    if shape.is_tagged_union:
        name = draw(st.sampled_from(list(shape.members)))
        return {name: value(draw, shape.members[name], scalars, least=least, deep=deep + 1)}
    required = list(shape.required_members)
    optional = [name for name in shape.members if name not in required]
    fewest = 1 if optional and not required else 0
    most = max(fewest, min(len(optional), MOST_MEMBERS >> deep))
    picked = draw(st.lists(st.sampled_from(optional), min_size=fewest, max_size=most, unique=True)) if most else []
    return {name: value(draw, shape.members[name], scalars, least=least, deep=deep + 1) for name in required + picked}


@st.composite
def calls(draw: st.DrawFn, service: str) -> tuple[str, dict[str, Any]]:
    """An operation and parameters that it could be called with."""
    name = draw(st.sampled_from(oracle.model(service).operation_names))
    shape = oracle.operation(service, name).input_shape
    if shape is None or not shape.members:
        return name, {}
    params = value(draw, shape, JSON_INPUT if is_json(service) else INPUT, least=1 if service == "ec2" else 0)
    return name, params | {one: params[one] or "empty" for one in oracle.in_the_path(service, name)}


@st.composite
def results(draw: st.DrawFn, service: str) -> tuple[str, dict[str, Any]]:
    """An operation and a result that it could have; lists may be empty."""
    name = draw(st.sampled_from(oracle.model(service).operation_names))
    shape = oracle.operation(service, name).output_shape
    if shape is None or not shape.members:
        return name, {}
    return name, value(draw, shape, JSON_OUTPUT if is_json(service) else OUTPUT, least=0)


def filled(shape: Shape, numbers: Iterator[int], above: tuple[str, ...] = ()) -> Any:
    """A value that has every member of every structure inside it, no two scalars alike where they can differ.

    A structure that holds itself, under however many others, ends there, and so does a list or map of such.
    """
    above = (*above, shape.name)
    match shape:
        case StructureShape():
            return {
                name: filled(member, numbers, above)
                for name, member in list(shape.members.items())[: 1 if shape.is_tagged_union else None]
                if member.name not in above
            }
        case ListShape():
            return [filled(shape.member, numbers, above) for _ in range(2)] if shape.member.name not in above else []
        case MapShape():
            values = shape.value
            return {
                f"key-{next(numbers)}": filled(values, numbers, above) for _ in range(2 * (values.name not in above))
            }
    number = next(numbers)
    return {
        "boolean": number % 2 == 0,
        "integer": number,
        "long": number,
        "float": number / 2,
        "double": number / 2,
        "timestamp": datetime.fromtimestamp(number, UTC),
        "blob": str(number).encode(),
    }.get(shape.type_name, f"text-{number}")
