"""`atoll reach`: what is open between two ends, with a packet that shows it, or every reason why nothing is."""

from collections.abc import Iterable

import msgspec

from atoll.analyze.between import Asked, Between, between
from atoll.analyze.internet import ANYONE, addresses, with_anyone
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import Box, merged, service
from atoll.analyze.reach.spans import Span, either
from atoll.analyze.wording import USUAL, addresses_text, example, services_text
from atoll.packet import Flow
from atoll.plan.rows import INTERNET
from atoll.records import Table
from atoll.review.endpoints import find, label
from atoll.review.pairs import pairs
from atoll.review.question import wanted
from atoll.review.replay import Replay, replay

MOST_TRIED = 24
"""So many blocked packets are walked in search of the one that gets farthest."""


class Row(msgspec.Struct, frozen=True):
    """Flows of one kind, in words."""

    services: str
    sources: str
    destinations: str
    reason: str = ""


class Pair(msgspec.Struct, frozen=True):
    """The answer for one sender and one target. `sender`, `at`: the ports that the example
    leaves and reaches ("" where it does not arrive). `path`: its hops. `changes`: what stops it, and the cure."""

    source: str
    destination: str
    open: list[Row]
    half_open: list[Row]
    closed: list[Row]
    example: Flow | None
    sender: str
    at: str
    path: list[str]
    changes: list[dict[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """`reachable`: something that was asked for arrives and is answered."""

    reachable: bool
    pairs: list[Pair]


def answer(model: Table, plan: Table, source: str, destination: str) -> Answer:
    """LookupError and ValueError tell the user what to write instead."""
    asked = wanted(destination)
    whole = with_anyone(plan)
    ends = find(model, whole, source), find(model, whole, asked.name)
    found = [between(whole, *pair, Asked(asked.services)) for pair in pairs(whole, *ends)]
    if not found:
        raise ValueError(f"From {source} to {asked.name} no packet leaves its sender: both are the same interface.")
    return Answer(any(one.open for one in found), [_pair(model, plan, one) for one in found])


def _pair(model: Table, plan: Table, found: Between) -> Pair:
    shown = _shown(plan, found)
    internet = addresses(plan)
    return Pair(
        source=INTERNET if found.sender.port == ANYONE else label(model, found.sender.port),
        destination=label(model, found.target.name),
        open=rows(found.open, internet),
        half_open=rows(found.half_open, internet, why=True),
        closed=_closed(found, internet),
        example=shown.flow if shown else None,
        sender=shown.sender if shown else found.sender.port,
        at=(shown.verdict.at or "") if shown else "",
        path=shown.lines if shown else [],
        changes=[{key: str(value) for key, value in one._asdict().items()} for one in shown.changes] if shown else [],
    )


def rows(outcomes: Iterable[Outcome], internet: Span, *, why: bool = False) -> list[Row]:
    """Flows in words, in few rows. `internet`: what is called so. `why`: apart by what stops them."""
    by_reason: dict[str, list[Box]] = {}
    for one in outcomes:
        by_reason.setdefault(str(one.reason) if why else "", []).append(one.flows)
    return [_row(box, internet, reason) for reason, boxes in by_reason.items() for box in merged(boxes)]


def _row(box: Box, internet: Span, reason: str) -> Row:
    ends = addresses_text(box.source, internet), addresses_text(box.destination, internet)
    return Row(services_text(box.service), *ends, reason)


def _closed(found: Between, internet: Span) -> list[Row]:
    """What is closed, by reason, whatever the addresses."""
    by_reason: dict[str, Box] = {}
    for one in (*found.blocked, *found.stray):
        reason = str(one.reason) if not one.arrives else f"taken by {one.at}"
        known = by_reason.get(reason, one.flows)
        by_reason[reason] = Box(*(either(mine, more) for mine, more in zip(known, one.flows, strict=True)))
    return [_row(box, internet, reason) for reason, box in by_reason.items()]


def _shown(plan: Table, found: Between) -> Replay | None:
    """The packet to show: one that is open, or else the one that gets farthest."""
    if found.open:
        flows = [example(one.flows) for one in found.open]
        return replay(plan, found.sender.port, max(flows, key=lambda flow: service(flow) in USUAL))
    kinds: dict[tuple[str | None, str], Outcome] = {}
    for one in found.failing:
        kinds.setdefault((one.at, str(one.reason)), one)
    tried = [replay(plan, found.sender.port, example(one.flows)) for one in list(kinds.values())[:MOST_TRIED]]
    return min(tried, key=lambda one: (not one.verdict.arrives, len(one.changes)), default=None)
