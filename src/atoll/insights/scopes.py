"""The answer to an analysis of an access scope: every path that matches it, as findings (facts 224, 225).

Every ENI and every internet gateway is asked about everything that it can send; what matches is cut into findings, of
which each is one path with all the packets that take it for the same reasons. Nothing that matches is left out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from atoll.analyze.between import Sender, private
from atoll.analyze.internet import ANYONE, with_anyone
from atoll.analyze.reach import Outcome, arrivals
from atoll.analyze.reach.flows import (
    BLOCK,
    IPV4,
    PORTS,
    SENT,
    Box,
    View,
    asking,
    block,
    meet,
    merged,
    protocol_block,
    subtract_all,
    where,
)
from atoll.analyze.reach.rules import members
from atoll.analyze.reach.spans import Span, either, joined
from atoll.analyze.reach.translators import leaving
from atoll.insights.components import both_ways
from atoll.insights.names import Said, component
from atoll.insights.outside import outside, widened
from atoll.insights.passed import passed, resolved
from atoll.insights.statements import Named, names_of, of_types
from atoll.insights.trace import Trace, trace
from atoll.model.kinds import (
    AccessScope,
    AccessScopeAnalysis,
    Instance,
    InternetGateway,
    NetworkInterface,
    PacketHeaders,
    Resources,
    ScopePath,
    Statement,
)
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import Link
from atoll.records import Table

PROTOCOLS = {"tcp": TCP, "udp": UDP}
MOST_FINDINGS = 10_000
"""AWS's quota of findings an analysis, which is not adjustable."""


def answer(model: Table, plan: Table, id_: str) -> Said:
    """Findings, AnalyzedEniCount, and WarningMessage where there are more findings than AWS's quota.

    FailedError where the scope names what is gone, LookupError where the analysis is.
    """
    analysis = model.get(AccessScopeAnalysis, id_)
    scope = model.get(AccessScope, analysis.scope) if analysis is not None else None
    if analysis is None or scope is None:
        raise LookupError(f"{id_} was deleted")
    mine = [one for one in model.all(NetworkInterface) if one.home == analysis.home]
    found: list[list[Said]] = []
    said: Said = {"Findings": found, "AnalyzedEniCount": len(mine)}
    for components in _Scope(model, plan, scope, mine).findings():
        if len(found) == MOST_FINDINGS:
            return said | {"WarningMessage": f"There are more findings than the quota of {MOST_FINDINGS}."}
        found.append(components)
    return said


class _Way(NamedTuple):
    """Flows that get from one end to another. `start`, `finish`: an ENI, or an internet gateway. `told`: the flows that
    are told of, see outside.py.
    """

    sender: str
    start: str
    finish: str
    outcome: Outcome
    told: Box


class _Condition(NamedTuple):
    """One condition of a scope, with its names looked up. None: anything."""

    path: ScopePath
    source: Named | None
    destination: Named | None
    through: tuple[Named, ...]


class _Scope:
    """One scope in one cloud."""

    def __init__(self, model: Table, plan: Table, scope: AccessScope, interfaces: list[NetworkInterface]) -> None:
        self._model = model
        self._plan = plan
        self._whole = with_anyone(plan)
        self._beyond = outside(self._whole)
        self._told: dict[tuple[object, ...], list[Box]] = {}
        self._interfaces = {one.id: one for one in interfaces if not one.managed}
        gateways = (one for one in model.all(InternetGateway) if one.home == scope.home and one.vpc is not None)
        self._gateways = {one.id: one for one in gateways}
        self._match = [self._condition(one) for one in scope.match]
        self._exclude = [self._condition(one) for one in scope.exclude]

    def _condition(self, path: ScopePath) -> _Condition:
        ends = (one.resources if one is not None else None for one in (path.source, path.destination))
        source, destination = (names_of(self._model, one) if one is not None else None for one in ends)
        return _Condition(path, source, destination, tuple(self._through(one) for one in path.through))

    def _through(self, found: Resources) -> Named:
        return Named(frozenset(resolved(self._model, self._arn(one)) for one in found.named), found.types)

    def _arn(self, text: str) -> str:
        return text if text.startswith("arn:") else str(component(self._model, text).get("Arn", text))

    def findings(self) -> Iterator[list[Said]]:
        """One after the other, each as its components."""
        for way in self._ways():
            for part in self._matching(way):
                for found in self._cut(way, part):
                    yield both_ways(self._model, found)[0]

    def _ways(self) -> Iterator[_Way]:
        for sender, start in self._senders():
            for protocol in PROTOCOLS.values():
                box = Box(sender.sources, IPV4, protocol_block(protocol), PORTS)
                for outcome in _together(arrivals(self._whole, sender.port, [box])):
                    ends = self._between(start, outcome)
                    if ends is not None:
                        told = widened(outcome, sender.port, box, self._beyond) if start else outcome.flows
                        yield _Way(sender.port, *ends, outcome, told)

    def _senders(self) -> Iterator[tuple[Sender, str]]:
        """Where a path may begin: at an ENI, with its own addresses, or beyond the internet gateways."""
        if self._may_begin(self._gateways):
            yield Sender(ANYONE, self._beyond.told), ""
        for one in self._interfaces:
            if self._may_begin([one]):
                yield Sender(one, private(self._whole, one)), one

    def _may_begin(self, ids: Iterable[str]) -> bool:
        every = list(ids)
        return any(one.source is None or any(self._is(one.source, id_) for id_ in every) for one in self._match)

    def _between(self, start: str, outcome: Outcome) -> tuple[str, str] | None:
        """The two ends of what arrives: of this region, and with internet gateways at the ends alone (fact 225)."""
        if outcome.at is None:
            return None
        passed_by = [name for name in outcome.via if self._plan.get(Link, name) is not None]
        if start == "":
            if len(passed_by) != 1 or passed_by[0] not in self._gateways or outcome.at not in self._interfaces:
                return None
            return passed_by[0], outcome.at
        if outcome.at == ANYONE:
            return (start, passed_by[0]) if len(passed_by) == 1 and passed_by[0] in self._gateways else None
        if passed_by or outcome.at not in self._interfaces:
            return None
        inside = self._interfaces[start].instance, self._interfaces[outcome.at].instance
        return None if outcome.at == start or (inside[0] and inside[0] == inside[1]) else (start, outcome.at)

    def _matching(self, way: _Way) -> list[Box]:
        """The flows that one of the conditions matches, and none of the exclusions."""
        left = [way.told]
        kept: list[Box] = []
        for one in self._match:
            hits = [part for box in left for part in self._fitting(one, way, box)]
            kept += hits
            left = subtract_all(left, hits)
        for one in self._exclude:
            hits = [part for box in kept for part in self._fitting(one, way, box)]
            kept = subtract_all(kept, hits)
        return [box for box in kept if not box.empty]

    def _fitting(self, one: _Condition, way: _Way, box: Box) -> list[Box]:
        """The flows of the box that the condition is about."""
        ends = ((one.source, way.start), (one.destination, way.finish))
        if any(named is not None and not self._is(named, id_) for named, id_ in ends):
            return []
        if not all(self._passes(each, way.outcome) for each in one.through):
            return []
        found = [box]
        for statement, view in ((one.path.source, SENT), (one.path.destination, way.outcome.seen)):
            headers = statement.headers if isinstance(statement, Statement) else None
            if headers is not None:
                found = [part for each in found for part in self._with_headers(each, view, headers)]
        return found

    def _passes(self, named: Named, outcome: Outcome) -> bool:
        if any(passed(self._plan, outcome.via, [id_], []) for id_ in named.ids):
            return True
        return any(of_types(self._model, self._plan, name, named.types) for name in outcome.via)

    def _is(self, named: Named, id_: str) -> bool:
        """Whether an end is meant: by its own id, its instance's, its subnet's, its VPC's or one of its groups'."""
        gateway = self._gateways.get(id_)
        if gateway is not None:
            return id_ in named.ids or "AWS::EC2::InternetGateway" in named.types
        mine = self._interfaces[id_]
        instance = self._model.get(Instance, mine.instance) if mine.instance else None
        known = {id_, mine.subnet, mine.vpc, *mine.groups, *([instance.id] if instance is not None else [])}
        return bool(known & named.ids) or "AWS::EC2::NetworkInterface" in named.types

    def _with_headers(self, box: Box, view: View, headers: PacketHeaders) -> list[Box]:
        """The flows that, seen like this, a packet header statement is about."""
        found: list[Box] = [box]
        sources = self._addresses(headers.source_addresses, headers.source_lists)
        destinations = self._addresses(headers.destination_addresses, headers.destination_lists)
        for field, span in ((view.source, sources), (view.destination, destinations)):
            if span is not None:
                found = [kept for each in found if (kept := where(each, field, span)) is not None]
        if headers.source_ports:
            span = joined(tuple(map(_range, headers.source_ports)))
            found = [part for each in found for part in leaving(each, view.sport, span)]
        numbers = [PROTOCOLS[one.lower()] for one in headers.protocols] or list(PROTOCOLS.values())
        ports = joined(tuple(map(_range, headers.destination_ports))) if headers.destination_ports else PORTS
        wanted = joined(tuple(((n << BLOCK) + low, (n << BLOCK) + high) for n in numbers for low, high in ports))
        return [part for each in found for part in asking(each, view, wanted)]

    def _addresses(self, blocks: tuple[str, ...], lists: tuple[str, ...]) -> Span | None:
        if not blocks and not lists:
            return None
        found: Span = joined(tuple(part for one in blocks for part in block(Prefix.parse(one))))
        for one in lists:
            found = either(found, members(self._plan, one.rpartition("/")[2]))
        return found

    def _cut(self, way: _Way, box: Box) -> Iterator[Trace]:
        """The findings that make up a box: each with the flows for which the same decides everywhere."""
        before = self._told.setdefault((way.start, way.finish, way.outcome.seen, *way.outcome.via), [])
        left = [box]
        while left:
            real = meet(left[0], way.outcome.flows)
            if real.empty:  # nothing that was asked about is left of it
                left = left[1:]
                continue
            found = trace(self._plan, way.sender, _part(way, real), left[0], outside=self._beyond, one_way=True)
            mine = meet(found.box, left[0])
            left = [piece for piece in subtract_all(left, [mine]) if not piece.empty]
            if any(not meet(mine, one).empty for one in before):  # what was only put back is told of once
                mine = meet(mine, real)
            before.append(mine)
            yield found._replace(box=mine)


def _together(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Flows that arrive in the same way at the same place, in few boxes."""
    alike: dict[tuple[object, ...], list[Outcome]] = {}
    for one in outcomes:
        alike.setdefault((one.at, one.seen, one.via, one.picks), []).append(one)
    for same in alike.values():
        for box in merged(one.flows for one in same):
            yield msgspec.structs.replace(same[0], flows=box)


def _part(way: _Way, box: Box) -> Outcome:
    one = way.outcome
    return Outcome(box, one.at, one.seen, one.answered, one.reason, one.via, one.back, one.picks)


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)
