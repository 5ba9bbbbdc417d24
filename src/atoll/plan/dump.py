"""A plan as text to read, and as JSON to keep."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from atoll.packet import ALL_PORTS, Prefix
from atoll.packet.protocol import has_ports, protocol_name
from atoll.plan.rows import ROWS, Deliver, Drop, Idle, In, InSet, Match, Row, SentBy, ToLink, ToPort
from atoll.records import Record, Table

_BY_KIND: dict[str, type[Row]] = {row.KIND: row for row in ROWS}
_ORDER = {row.KIND: number for number, row in enumerate(ROWS)}


def dump(plan: Table) -> str:
    """A line a row, in a fixed order: kind, key, the fields that are not as usual, and the origin as a comment."""
    return "".join(f"{_line(row)}\n" for row in _rows(plan))


def to_json(plan: Table) -> bytes:
    """The rows by kind; equal plans give equal bytes."""
    kinds: dict[str, list[Record]] = {}
    for row in _rows(plan):
        kinds.setdefault(row.KIND, []).append(row)
    return msgspec.json.format(msgspec.json.encode(kinds), indent=1)


def from_json(text: bytes) -> Table:
    """The plan that `to_json` wrote. ValidationError when it is none, ValueError for a row that occurs twice."""
    kinds = msgspec.json.decode(text, type=dict[str, list[msgspec.Raw]])
    unknown = sorted(kinds.keys() - _BY_KIND.keys())
    if unknown:
        raise msgspec.ValidationError(f"no kind of row: {', '.join(unknown)}")
    rows = [msgspec.json.decode(raw, type=_BY_KIND[kind]) for kind, raws in kinds.items() for raw in raws]
    keys = Counter(row.key for row in rows)
    twice = sorted(" ".join(key) for key, number in keys.items() if number > 1)
    if twice:
        raise ValueError(f"more than one row: {', '.join(twice)}")
    return Table(rows)


def _rows(plan: Table) -> Iterable[Row]:
    rows = [row for row in plan.records.values() if isinstance(row, Row)]
    return sorted(rows, key=lambda row: (_ORDER[row.KIND], row.key))


def _line(row: Row) -> str:
    parts = [" ".join(row.key)]
    for field in msgspec.structs.fields(row):
        value = getattr(row, field.name)
        usual = field.default is not msgspec.NODEFAULT and value == field.default
        if field.name not in row.KEY and field.name != "origin" and not usual:
            parts.append(f"{field.name}={_text(value)}")
    if row.origin:
        parts.append(f"# {' '.join(row.origin)}")
    return "  ".join(parts)


def _text(value: Any) -> str:
    match value:
        case Deliver():
            return "deliver"
        case ToPort(name) | ToLink(name) | InSet(name) | SentBy(name):
            return f"{type(value).__struct_config__.tag}:{name}"
        case In(prefix):
            return str(prefix)
        case Drop(reason):
            return f"drop:{reason}"
        case Match():
            return _match(value)
        case Idle(tcp, udp, stream):
            return f"{tcp}/{udp}/{stream}"
        case Prefix() | str():
            return str(value)
        case tuple():
            return ",".join(map(str, value))
        case bool():
            return "yes" if value else "no"
    return str(value)


def _match(value: Match) -> str:
    parts = ["all" if value.protocol is None else protocol_name(value.protocol)]
    if has_ports(value.protocol) and value.ports != ALL_PORTS:
        parts.append(str(value.ports))
    if value.icmp != (-1, -1):
        parts.append(f"type:{value.icmp[0]}/{value.icmp[1]}")
    return ",".join((*parts, _text(value.peer)))
