"""Law 1 over sets: where the flows of a box go from a table, and who gets them."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from atoll.analyze.lookup import Plan, best_route, owner
from atoll.analyze.reach.flows import IPV4, IPV6, Box, Field, address, block, place, values, where
from atoll.analyze.reach.spans import Span, both, each, joined, single, size, without
from atoll.packet import Reason
from atoll.plan.rows import Address, Deliver, Drop, Link, Port, Route, Segment, ToLink, ToPort, Via
from atoll.records import Overlay, Table

FEW = 16
"""So many addresses are looked up one by one; of more, all rows that could hold one are gone through."""


class Way(NamedTuple):
    """Flows that take one way: to a port, over a link, or nowhere, for a reason. `own`: the port has their address."""

    box: Box
    port: Port | None = None
    link: Link | None = None
    reason: Reason | None = None
    own: bool = False


def ways(plan: Plan, domain: str, table: str, box: Box, field: Field, segment: Segment | None = None) -> Iterator[Way]:
    """Every way that the flows take by their destination. `segment`: the one that they leave, None after a link."""
    left = values(box, field)
    if segment is not None:
        left = without(left, block(segment.prefix))
        within = where(box, field, block(segment.prefix))
        if within is not None:
            yield from _deliver(plan, domain, within, field)
    for via, span in _routed(plan, table, left):
        left = without(left, span)
        taken = where(box, field, span)
        assert taken is not None
        yield from _follow(plan, domain, taken, field, via)
    lost = where(box, field, left)
    if lost is not None:
        yield Way(lost, reason=Reason.NO_ROUTE)


class Still(Overlay):
    """A draft that nobody changes while questions are asked of it: it remembers how its tables divide addresses."""

    def __init__(self, base: Table) -> None:
        super().__init__(base)
        self._divided: dict[str, list[tuple[Via, Span]]] = {}

    def divided(self, table: str) -> list[tuple[Via, Span]]:
        """Where each address goes from that table."""
        if table not in self._divided:
            self._divided[table] = divided(self, table, (*IPV4, *IPV6))
        return self._divided[table]


def _routed(plan: Plan, table: str, span: Span) -> Iterator[tuple[Via, Span]]:
    """Where the table's routes lead, with the part of `span` for which the longest prefix leads there."""
    if size(span) <= FEW:
        yield from _together(_one_by_one(plan, table, span))
    elif isinstance(plan, Still):
        parts = ((via, both(part, span)) for via, part in plan.divided(table))
        yield from ((via, part) for via, part in parts if part)
    else:
        yield from divided(plan, table, span)


def divided(plan: Plan, table: str, span: Span) -> list[tuple[Via, Span]]:
    """Where the table's routes lead, with the part of `span` for which the longest prefix leads there."""
    return _together(_by_length(plan, table, span))


def _together(parts: Iterable[tuple[Via, Span]]) -> list[tuple[Via, Span]]:
    """Each way once."""
    found: dict[Via, list[Span]] = {}
    for via, part in parts:
        found.setdefault(via, []).append(part)
    return [(via, joined(tuple(one for span in spans for one in span))) for via, spans in found.items()]


def _one_by_one(plan: Plan, table: str, span: Span) -> Iterator[tuple[Via, Span]]:
    for number in each(span):
        route = best_route(plan, table, address(number))
        if route is not None:
            yield route.via, single(number)


def _by_length(plan: Plan, table: str, span: Span) -> Iterator[tuple[Via, Span]]:
    """Prefixes of one length are disjoint: what they take is taken away at once."""
    left = span
    routes = sorted(plan.by(Route, "table", table), key=lambda route: -route.prefix.length)
    for _, alike in groupby(routes, key=lambda route: route.prefix.length):
        parts = [(route.via, both(left, block(route.prefix))) for route in alike]
        yield from ((via, part) for via, part in parts if part)
        left = without(left, joined(tuple(one for _, part in parts for one in part)))


def _follow(plan: Plan, domain: str, box: Box, field: Field, via: Via) -> Iterator[Way]:
    match via:
        case Deliver():
            yield from _deliver(plan, domain, box, field)
        case ToPort(name):
            port = plan.get(Port, name)
            if port is None:
                yield Way(box, reason=Reason.BLACKHOLE)
                return
            for own, part in by_owner(plan, port, domain, box, field):
                yield Way(part, port=port, own=own)
        case ToLink(name):
            link = plan.get(Link, name)
            joins = link is not None and domain in (link.a, link.b)
            yield Way(box, link=link) if joins else Way(box, reason=Reason.BLACKHOLE)
        case Drop():
            yield Way(box, reason=Reason.BLACKHOLE)


def _deliver(plan: Plan, domain: str, box: Box, field: Field) -> Iterator[Way]:
    left = values(box, field)
    for port, span in owners(plan, domain, left):
        left = without(left, span)
        part = where(box, field, span)
        if part is not None:
            yield Way(part, port=port, own=True)
    nobody = where(box, field, left)
    if nobody is not None:
        yield Way(nobody, reason=Reason.NO_SUCH_ADDRESS)


def owners(plan: Plan, domain: str, span: Span) -> list[tuple[Port, Span]]:
    """The ports of a domain that have an address in `span`, each with those addresses."""
    if size(span) <= FEW:
        held = (owner(plan, domain, address(number)) for number in each(span))
        found = [(one[1], place(one[0].ip)) for one in held if one is not None]
    else:
        segments = plan.by(Segment, "domain", domain)
        ports = [port for segment in segments for port in plan.by(Port, "segment", segment.id)]
        rows = ((port, row) for port in ports for row in plan.by(Address, "port", port.id) if row.domain == domain)
        found = [(port, place(row.ip)) for port, row in rows]
    by_port: dict[str, tuple[Port, list[int]]] = {}
    for port, number in found:
        by_port.setdefault(port.id, (port, []))[1].append(number)
    spans = [(port, both(span, joined(tuple((n, n) for n in numbers)))) for port, numbers in by_port.values()]
    return [(port, part) for port, part in spans if part]


def own_addresses(plan: Plan, port: Port, domain: str) -> Span:
    """The addresses that a port has in a domain."""
    rows = plan.by(Address, "port", port.id)
    return joined(tuple((place(row.ip), place(row.ip)) for row in rows if row.domain == domain))


def by_owner(plan: Plan, port: Port, domain: str, box: Box, field: Field) -> Iterator[tuple[bool, Box]]:
    """The flows whose address at that field is the port's own (True), and the others."""
    own = own_addresses(plan, port, domain)
    mine, others = where(box, field, own), where(box, field, without(values(box, field), own))
    if mine is not None:
        yield True, mine
    if others is not None:
        yield False, others
