"""A plan whose filters, tables and ways are read once, for many questions while little changes.

`load` reads the filters of every VPC; the rest is read when first asked for. `update` takes the delta that the plan has
just taken and forgets what it touched: a rule touches its filter and the ways past it, a table or a segment the ways of
its domain, the internet's routes those of all, the members of a set all filters; of ports, nodes, addresses, mappings
and what is worn nothing is kept. What is asked next is what a plan loaded from scratch would say.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from atoll.analyze.between import primary
from atoll.analyze.internet import PUBLIC
from atoll.analyze.lookup import best_route, domain_of, is_balancer, without_power
from atoll.analyze.matrix import Matrix, answered
from atoll.analyze.outside import Exposed, Exposure, Hosts, Outside, UnsaidError
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, block, place
from atoll.analyze.reach.spans import Span, both, holds, joined, single, without
from atoll.analyze.sides import Sides, at
from atoll.analyze.translators import is_translator
from atoll.packet import Prefix, ip_number
from atoll.packet.prefix import BITS
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Direction,
    Domain,
    DomainKind,
    Filter,
    Link,
    Member,
    Port,
    Route,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    Wearing,
)
from atoll.records import Delta, Record, Table


class _End(NamedTuple):
    port: Port
    segment: Segment
    ip: str


class Loaded:
    """See above. The plan stays the caller's: whoever applies a delta to it says so with `update`."""

    def __init__(self, plan: Table) -> None:
        self.plan = plan
        self._sides = Sides(plan)
        self._outsides: dict[str, Outside] = {}
        self._hosts: Hosts | None = None

    @classmethod
    def load(cls, plan: Table, domains: Iterable[str] | None = None) -> "Loaded":
        """With the filters of these domains read; None: of every VPC."""
        found = cls(plan)
        for domain in found.domains() if domains is None else domains:
            for one in plan.by(Filter, "domain", domain):
                for direction in Direction:
                    if one.ordered:
                        found._sides.fence(one.id, direction)
                    else:
                        found._sides.group(one.id, direction)
        return found

    def domains(self) -> list[str]:
        """The VPCs."""
        return [one.id for one in self.plan.all(Domain) if one.kind is DomainKind.VPC]

    def matrix(self, domain: str) -> Matrix:
        """All pairs of a domain. It is made anew each time: those of a thousand domains would take gigabytes."""
        return Matrix(self.plan, domain, self._sides)

    def exposure(self, domain: str) -> Exposure:
        """What the internet reaches of a domain, and what of it reaches the internet."""
        try:
            return self._outside(domain).exposure()
        except UnsaidError as reason:
            ports = (one for row in self.plan.by(Segment, "domain", domain) for one in self._ports(row.id))
            return Exposure([], {(port, inward): str(reason) for port in ports for inward in (True, False)})

    def exposed(self, port: str, *, inward: bool) -> list[Exposed]:
        """The same of one port. UnsaidError where it is refused."""
        row = self.plan.get(Port, port)
        return self._outside((domain_of(self.plan, row) if row else None) or "").of(port, inward=inward)

    def open(self, sender: str, asked: str) -> list[Box]:
        """The flows from the primary address of one port to that of another that arrive and are answered."""
        ends = self._straight(sender, asked)
        if ends is not None:
            return ends
        boxes = [Box(primary(self.plan, sender), primary(self.plan, asked), SERVICES)]
        found = reach(self.plan, sender, boxes)
        return [one.flows for one in found if one.answered and one.at == asked]

    def update(self, delta: Delta) -> None:
        """The plan has taken that delta."""
        for old, new in delta.values():
            for row in (old, new):
                if row is not None:
                    self._touched(row)

    def _touched(self, row: Record) -> None:
        match row:
            case Rule(filter=name):
                self._sides.forget(name)
                known = self.plan.get(Filter, name)
                if known is None:
                    self._forget_all()
                elif known.domain in self._outsides:
                    self._outsides[known.domain].forget_rules(name)
            case Filter(id=name):
                self._sides.forget(name)
                self._outsides.clear()
            case Segment(domain=domain) | Link(a=domain) | Route(domain=domain) | Site(id=domain):
                self._outsides.pop(domain, None)
                if domain == INTERNET:
                    self._outsides.clear()
                    self._hosts = None
            case Port(segment=name):
                segment = self.plan.get(Segment, name)
                self._outsides.pop(segment.domain if segment else "", None)
            case Member():
                self._forget_all()
            case _:
                pass  # of the others nothing is kept: they are read again for each question

    def _forget_all(self) -> None:
        self._sides = Sides(self.plan)
        self._outsides.clear()
        self._hosts = None

    def _outside(self, domain: str) -> Outside:
        if domain not in self._outsides:
            if self._hosts is None:
                self._hosts = Hosts(_usual(self.plan))
            self._outsides[domain] = Outside(self.plan, domain, self._sides, self._hosts)
        return self._outsides[domain]

    def _ports(self, segment: str) -> Iterator[str]:
        return (port.id for port in self.plan.by(Port, "segment", segment))

    def _straight(self, sender: str, asked: str) -> list[Box] | None:
        """Where the way between the two is a straight one: see `matrix`, which says the same of all pairs."""
        one, other = self._end(sender), self._end(asked)
        if one is None or other is None or one.segment.domain != other.segment.domain:
            return None
        if sender == asked or (one.port.node is not None and one.port.node == other.port.node):
            return None
        if not (self._hands(one.segment, other.ip) and self._hands(other.segment, one.ip)):
            return None
        if without_power(self.plan, one.port) or without_power(self.plan, other.port):
            return []
        there = self._let(one.port, Direction.OUT, other)
        arriving = both(there, self._let(other.port, Direction.IN, one)) if there else there
        returning = SERVICES
        if one.segment.id != other.segment.id:
            arriving = both(arriving, self._across(one, other))
            returning = self._across(other, one)
        return answered(single(place(one.ip)), single(place(other.ip)), arriving, returning)

    def _end(self, name: str) -> "_End | None":
        """A guest's port with its primary IPv4 address in the domain of its segment."""
        port = self.plan.get(Port, name)
        segment = self.plan.get(Segment, port.segment) if port else None
        if port is None or segment is None or is_translator(self.plan, port) or is_balancer(self.plan, port):
            return None
        for row in self.plan.by(Address, "port", name):
            if row.primary and row.domain == segment.domain and ip_number(row.ip)[0] == 4:
                return _End(port, segment, row.ip)
        return None

    def _across(self, sender: "_End", taker: "_End") -> Span:
        """What the fences between two segments let pass."""
        leaving = at(self._sides.fence(sender.segment.fence, Direction.OUT), place(taker.ip))
        return both(leaving, at(self._sides.fence(taker.segment.fence, Direction.IN), place(sender.ip)))

    def _let(self, port: Port, direction: Direction, other: "_End") -> Span:
        """The services that a port's filters open to the other end."""
        if not port.filtered:
            return SERVICES
        theirs = {one.filter for one in self.plan.by(Wearing, "port", other.port.id)}
        address = place(other.ip)
        found: list[Span] = []
        for worn in self.plan.by(Wearing, "port", port.id):
            for peer, span in self._sides.group(worn.filter, direction).items():
                if peer.filter in theirs if isinstance(peer, SentBy) else holds(self._sides.peers(peer), address):
                    found.append(span)
        return found[0] if len(found) == 1 else joined(tuple(part for span in found for part in span))

    def _hands(self, segment: Segment, ip: str) -> bool:
        if segment.prefix.holds(ip):
            return True
        route = best_route(self.plan, segment.table, ip)
        return route is not None and isinstance(route.via, Deliver)


def _usual(plan: Table) -> Span:
    """The internet's addresses, where its table leads nobody astray. UnsaidError where it does."""
    site = plan.get(Site, INTERNET)
    if site is None or not site.up:
        return ()
    segment = plan.get(Segment, INTERNET)
    if segment is None or segment.table != INTERNET:
        raise UnsaidError("the plan has no internet")
    usual = (str(segment.prefix), str(Prefix.everything()))
    taken = []
    for route in plan.by(Route, "table", INTERNET):
        if isinstance(route.via, ToLink):
            if route.prefix.length != BITS[route.prefix.family]:
                raise UnsaidError(f"the internet has a route to all of {route.prefix}")
            taken.append(route.prefix)
        elif str(route.prefix) not in usual:
            raise UnsaidError(f"the internet has a route of its own to {route.prefix}")
    return without(PUBLIC, joined(tuple(part for prefix in taken for part in block(prefix))))
