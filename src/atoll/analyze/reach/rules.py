"""Laws 3 and 5 over sets: which flows of a box the rules of a port and of a fence let pass."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import (
    BLOCK,
    SERVICES,
    Box,
    View,
    asking,
    block,
    protocol_block,
    subtract_all,
    values,
    where,
)
from atoll.analyze.reach.spans import NOTHING, Span, both, joined, of
from atoll.packet import has_ports
from atoll.packet.protocol import ICMP, ICMPV6
from atoll.plan.rows import Direction, In, InSet, Match, Member, Port, Rule, SentBy, Wearing


class _Wanted(NamedTuple):
    """What a rule matches of the packets seen somewhere: addresses of the other end, and services."""

    peer: Span
    services: Span
    allow: bool = True


def pass_port(
    plan: Plan, port: Port, direction: Direction, box: Box, view: View, other: Port | None
) -> tuple[list[Box], list[Box]]:
    """The flows that the union of a filtered port's rules lets pass, and those that it does not.

    `other`: the port at the other end, where law 3 knows one. Whether an end tracks a connection is not asked: where
    law 5 has it untracked, a rule open to everything lets its answers pass at that same port.
    """
    worn = [one.filter for one in plan.by(Wearing, "port", port.id)]
    rules = [rule for name in worn for rule in plan.by(Rule, "filter", name)]
    side = view.source if direction is Direction.IN else view.destination
    peers = values(box, side)
    worn_there = frozenset(one.filter for one in plan.by(Wearing, "port", other.id)) if other else frozenset()
    wanted = (_wanted(plan, rule, worn_there, peers) for rule in rules if rule.allow and rule.direction is direction)
    passing, _, refused = _cut([box], view, side, _merged(wanted))
    return passing, refused


def pass_fence(plan: Plan, fence: str, direction: Direction, box: Box, view: View) -> tuple[list[Box], list[Box]]:
    """The flows that pass the ordered rules of a fence, and those that do not."""
    rules = [rule for rule in plan.by(Rule, "filter", fence) if rule.direction is direction]
    side = view.source if direction is Direction.IN else view.destination
    peers = values(box, side)
    wanted = [_wanted(plan, rule, frozenset(), peers) for rule in sorted(rules, key=lambda rule: rule.order or 0)]
    passing, denied, rest = _cut([box], view, side, wanted)
    return passing, denied + rest


def _cut(boxes: list[Box], view: View, side: int | str, rules: list[_Wanted]) -> tuple[list[Box], list[Box], list[Box]]:
    """The flows whose first matching rule allows, those whose first one denies, and those that none matches."""
    allowed: list[Box] = []
    denied: list[Box] = []
    left = boxes
    for rule in rules:
        if not rule.peer or not rule.services:
            continue
        found: list[Box] = []
        rest: list[Box] = []
        for box in left:
            near = where(box, side, rule.peer)
            hits = asking(near, view, rule.services) if near is not None else []
            found += hits
            rest += subtract_all([box], hits) if hits else [box]
        (allowed if rule.allow else denied).extend(found)
        left = rest
    return allowed, denied, left


def _merged(rules: Iterable[_Wanted]) -> list[_Wanted]:
    """The same union with each set of peers once: fewer cuts."""
    by_peer: dict[Span, list[Span]] = {}
    for rule in rules:
        if rule.peer:
            by_peer.setdefault(rule.peer, []).append(rule.services)
    return [
        _Wanted(peer, joined(tuple(part for span in spans for part in span)) if len(spans) > 1 else spans[0])
        for peer, spans in by_peer.items()
    ]


def _wanted(plan: Plan, rule: Rule, worn: frozenset[str], peers: Span) -> _Wanted:
    """`worn`: what the other end wears. `peers`: what its address can be, so that rules which differ only elsewhere are
    alike.
    """
    return _Wanted(_peers(plan, rule.match, worn, peers), services(rule.match), rule.allow)


def _peers(plan: Plan, match: Match, worn: frozenset[str], peers: Span) -> Span:
    match match.peer:
        case In(prefix):
            return both(block(prefix), peers)
        case InSet(group):
            return both(members(plan, group), peers)
        case SentBy(name):
            return peers if name in worn else NOTHING


def members(plan: Plan, group: str) -> Span:
    """The addresses of a set."""
    return joined(tuple(part for member in plan.by(Member, "set", group) for part in block(member.prefix)))


@lru_cache(maxsize=65536)
def services(match: Match) -> Span:
    """The services that a rule names."""
    if match.protocol is None:
        return SERVICES
    whole = protocol_block(match.protocol)
    start = match.protocol << BLOCK
    if has_ports(match.protocol):
        return both(whole, of(start + match.ports.low, start + match.ports.high))
    kind, code = match.icmp
    if match.protocol not in (ICMP, ICMPV6) or (kind, code) == (-1, -1):
        return whole
    kinds = range(256) if kind == -1 else (kind,)
    codes = (0, 255) if code == -1 else (code, code)
    return joined(tuple((start + (one << 8) + codes[0], start + (one << 8) + codes[1]) for one in kinds))
