"""Why a packet passes in one state and not in the other: the rows on its way that differ, and what stops it."""

from collections.abc import Iterator
from typing import NamedTuple

from atoll.analyze.explain import describe_match
from atoll.analyze.internet import ANYONE
from atoll.packet import Flow
from atoll.plan.rows import Backend, Mapping, Node, Port, Route, Row, Rule, Segment, Site, Wearing
from atoll.review.checks.design import met
from atoll.review.replay import Replay, replay
from atoll.review.states import State


class Side(NamedTuple):
    """The state in which the packet gets there, and how it goes there."""

    state: State
    seen: Replay


class Causes(NamedTuple):
    """In words: rows on the packet's way that are not the same, and what else is to be said of it."""

    rows: tuple[str, ...]
    more: tuple[str, ...]


def causes(passes: State, other: State, sender: str, packet: Flow, *, opens: bool, known: bool) -> Causes:
    """`passes`: the state in which the packet arrives; `opens`: that is the later one.

    `known`: both ends are in the other state too, maybe with other ids: then nothing can be said to be new.
    """
    side = Side(passes, replay(passes.plan, sender, packet))
    apart = [one for one in _ports(side) if other.plan.get(Port, one) is None]
    if apart:
        rules = tuple(_rule(passes, one) for one in met(side.seen))
        first = f"{', '.join(apart)} {'new' if opens else 'gone'}"
        return Causes(rules, ()) if known else Causes((first,), rules)
    there = replay(other.plan, sender, packet)
    when = "until now" if opens else "now"
    stops = tuple(f"{when}: {one.reason}: {one.hop} {one.detail}" for one in there.changes)
    return Causes(tuple(_differing(side, other, opens=opens)), stops)


def _ports(side: Side) -> list[str]:
    """The ENIs on the way there."""
    hops = side.seen.verdict.forward.hops
    keys = dict.fromkeys(key[1] for hop in hops for key in hop.rows if key[0] == Port.KIND)
    return [one for one in keys if side.state.plan.get(Port, one) is not None and one != ANYONE]


def _differing(side: Side, other: State, *, opens: bool) -> Iterator[str]:
    hops = [*side.seen.verdict.forward.hops, *(side.seen.verdict.back.hops if side.seen.verdict.back else ())]
    for key in dict.fromkeys(key for hop in hops for key in hop.rows):
        row, there = side.state.plan.find(key), other.plan.find(key)
        if isinstance(row, Row) and row != there and (text := _text(row)):
            yield f"{text} ({_word(there, opens=opens)})"
    for port in _ports(side):
        for name in sorted(_worn(side.state, port) - _worn(other, port)):
            yield f"{port} wears {name} ({'new' if opens else 'gone'})"


def _word(there: object, *, opens: bool) -> str:
    if there is not None:
        return "changed"
    return "new" if opens else "gone"


def _worn(state: State, port: str) -> set[str]:
    return {one.filter for one in state.plan.by(Wearing, "port", port)}


def _rule(state: State, name: str) -> str:
    row = state.plan.get(Rule, name)
    return _text(row) if row is not None else name


def _text(row: Row) -> str:
    """A row that can be the cause, in words; "" for what is none by itself."""
    match row:
        case Rule():
            verb = "" if row.allow else "deny "
            return f"{row.id}: {verb}{describe_match(row.match, row.direction)}"
        case Route():
            return f"route {row.table} to {row.prefix}"
        case Mapping():
            return f"public address {row.outside} of {row.inside}"
        case Node() | Site() | Segment() | Port():
            return f"{row.KIND} {row.id}"
        case Backend():
            return f"target {row.address}:{row.port}"
    return ""
