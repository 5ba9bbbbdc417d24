"""What the internet reaches of a domain, and what of the domain reaches the internet, by classes of ends.

A way between the internet and a port is the same for all ports of a segment that leave by the same gateway or
translator: tables, links and fences decide it, and of the port only whether it has a public address, and in which parts
of the translator's fence it is. So each way is followed once, as sets of the internet's addresses with services, and
what the filters of a port let pass is taken from it. What comes by another way than these is refused, in words: ask
`between` about such a port. Source ports and answers are said as in `matrix`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from atoll.analyze.internet import PUBLIC
from atoll.analyze.lookup import Plan, is_balancer, without_power
from atoll.analyze.matrix import answered
from atoll.analyze.reach.flows import (
    BLOCK,
    ECHO_REQUESTS,
    IPV4,
    SERVICES,
    TRANSPORT,
    V6,
    Box,
    address,
    block,
    place,
    protocol_block,
)
from atoll.analyze.reach.links import UNROUTED
from atoll.analyze.reach.routes import divided
from atoll.analyze.reach.spans import Span, both, either, holds, joined, single, without
from atoll.analyze.sides import EVERYTHING, Parts, Sides, at, crossed, parts
from atoll.analyze.translators import choices, is_translator
from atoll.packet import TCP, UDP, PortRange
from atoll.plan.rows import (
    INTERNET,
    Address,
    Backend,
    Deliver,
    Direction,
    Frontend,
    Link,
    Mapping,
    Masquerade,
    Port,
    Route,
    Segment,
    SentBy,
    ToLink,
    ToPort,
    Via,
    Wearing,
)

OPENS = either(TRANSPORT, ECHO_REQUESTS)
"""What a translator serves."""


class Part(NamedTuple):
    """Services that arrive between these addresses of the internet and an end, and as which answers get back."""

    internet: Span
    arriving: Span
    returning: Span


class Hosts:
    """The internet's addresses. Every public address of the cloud is a hole in them, so they are asked last."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self._highs = [high for _, high in span]

    def meet(self, span: Span) -> bool:
        """Whether one of these addresses is the internet's."""
        for low, high in span:
            first = bisect_left(self._highs, low)
            if first < len(self.span) and self.span[first][0] <= high:
                return True
        return False


class Exposed(NamedTuple):
    """Ends that are alike: to each of them, or (not `inward`) from each, the internet's addresses are open like this.

    `members`: port, its own address, and the address by which the internet knows it. `hosts`: those of the addresses in
    the parts that are the internet's.
    """

    inward: bool
    parts: tuple[Part, ...]
    members: list[tuple[str, str, str]]
    hosts: Hosts

    def open(self, member: tuple[str, str, str]) -> list[Box]:
        """The flows between the internet and one of the members that arrive and are answered."""
        _, inside, outside = member
        found = []
        for part in self.parts:
            mine = single(place(outside if self.inward else inside))
            hosts = both(part.internet, self.hosts.span)
            ends = (hosts, mine) if self.inward else (mine, hosts)
            found += answered(*ends, part.arriving, part.returning)
        return found

    def arriving(self, member: tuple[str, str, str]) -> list[Box]:
        """The flows that arrive, answered or not."""
        _, inside, outside = member
        mine = single(place(outside if self.inward else inside))
        parts = ((both(part.internet, self.hosts.span), part.arriving) for part in self.parts)
        return [Box(hosts, mine, span) if self.inward else Box(mine, hosts, span) for hosts, span in parts if hosts]


class Exposure(NamedTuple):
    """`classes`: whoever is not in one has nothing open. `refused`: ports of which nothing is said, and why."""

    classes: list[Exposed]
    refused: dict[tuple[str, bool], str]


class UnsaidError(Exception):
    """A way that is followed by `reach` alone; the reason in words."""


class _End(NamedTuple):
    """A port, its IPv4 addresses (none where it has no power), and what it wears where it is filtered."""

    port: Port
    own: tuple[tuple[str, int], ...]
    worn: tuple[str, ...] | None


Ways = tuple[Part, ...]
IN, OUT = Direction.IN, Direction.OUT


class Outside:
    """One domain's ways to and from the internet."""

    def __init__(self, plan: Plan, domain: str, sides: Sides, hosts: Hosts) -> None:
        self._plan = plan
        self._domain = domain
        self._sides = sides
        self._hosts = hosts
        self._segments = {one.id: one for one in plan.by(Segment, "domain", domain)}
        self._gateways = {one.id: one for one in plan.by(Link, "a", domain) if one.mapped}
        self._tables: dict[str, list[tuple[Via, Span]]] = {}
        self._local: dict[str, list[tuple[Via, Span]]] = {}
        self._kept: dict[str, Span] = {}
        self._ways: dict[object, Ways] = {}
        self._rules: dict[tuple[tuple[str, ...] | None, Direction], Parts] = {}
        self._lines: dict[tuple[str, Direction], list[tuple[Span, Span]]] = {}
        self._unsaid = self._unusual()

    def forget_rules(self, name: str) -> None:
        """A rule of that filter has changed."""
        self._rules = {key: one for key, one in self._rules.items() if key[0] is None or name not in key[0]}
        for direction in Direction:
            self._lines.pop((name, direction), None)
        if any(segment.fence == name for segment in self._segments.values()):
            self._ways.clear()

    def exposure(self) -> Exposure:
        """Of every port of the domain but those of translators and balancers."""
        classes: dict[object, Exposed] = {}
        known: dict[object, Exposed | None] = {}
        refused: dict[tuple[str, bool], str] = {}
        for port in (port for segment in self._segments for port in self._plan.by(Port, "segment", segment)):
            if is_translator(self._plan, port) or is_balancer(self._plan, port):
                continue
            end = self._end(port)
            for inward in (True, False):
                try:
                    found = self._found(end, inward=inward)
                except UnsaidError as reason:
                    refused[port.id, inward] = str(reason)
                    continue
                for member, ways, rules in found:
                    key = (inward, id(ways), id(rules))  # both are kept: no other object gets their place
                    if key not in known:
                        cut = self._meet(ways, rules)
                        new = Exposed(inward, cut, [], self._hosts)
                        known[key] = classes.setdefault((inward, cut), new) if cut else None
                    mine = known[key]
                    if mine is not None:
                        mine.members.append(member)
        return Exposure(list(classes.values()), refused)

    def of(self, name: str, *, inward: bool) -> list[Exposed]:
        """Of one port, a class for each of its addresses. UnsaidError where nothing is said of it."""
        port = self._plan.get(Port, name)
        if port is None or is_translator(self._plan, port) or is_balancer(self._plan, port):
            raise UnsaidError(f"{name} is no interface of a guest")
        found = self._found(self._end(port), inward=inward)
        cut = ((member, self._meet(ways, rules)) for member, ways, rules in found)
        return [Exposed(inward, one, [member], self._hosts) for member, one in cut if one]

    def _end(self, port: Port) -> "_End":
        addresses: tuple[tuple[str, int], ...] = ()
        if not without_power(self._plan, port):
            rows = self._plan.by(Address, "port", port.id)
            addresses = tuple((row.ip, place(row.ip)) for row in rows if row.domain == self._domain)
        worn = None
        if port.filtered:
            worn = tuple(sorted(one.filter for one in self._plan.by(Wearing, "port", port.id)))
        return _End(port, tuple(one for one in addresses if one[1] < V6), worn)

    def _found(self, end: "_End", *, inward: bool) -> list[tuple[tuple[str, str, str], Ways, Parts]]:
        if self._unsaid:
            raise UnsaidError(self._unsaid)
        if not all(holds(UNROUTED, number) for _, number in end.own):
            raise UnsaidError(f"{end.port.id} has a public address of its own")
        ends = list(self._inward(end) if inward else self._outward(end))
        if not ends:
            return []
        rules = self._let(end.worn, IN if inward else OUT)
        return [((end.port.id, ip, outside), ways, rules) for ip, outside, ways in ends]

    def _inward(self, end: "_End") -> Iterator[tuple[str, str, Ways]]:
        for ip, _ in end.own:
            if self._balanced(ip):
                raise UnsaidError(f"a load balancer may send to {ip}")
            for link in self._gateways.values():
                mapping = self._plan.get(Mapping, link.id, ip)
                if mapping is not None and self._leads_in(link, mapping):
                    yield ip, mapping.outside, self._way(self._way_in, end.port.segment, link.id)

    def _balanced(self, ip: str) -> bool:
        """Whether a load balancer of the domain has that address among its targets."""
        frontends = (self._plan.get(Frontend, one.frontend) for one in self._plan.by(Backend, "address", ip))
        ports = (port for one in frontends if one for port in self._plan.by(Port, "node", one.node))
        return any(port.segment in self._segments for port in ports)

    def _outward(self, end: "_End") -> Iterator[tuple[str, str, Ways]]:
        if end.own and not end.port.guard:
            raise UnsaidError(f"{end.port.id} may send from any address")
        segment = self._segments[end.port.segment]
        for ip, number in end.own:
            for via, _ in self._table(segment.table):
                match via:
                    case ToLink(name):
                        mapping = self._plan.get(Mapping, self._gateway(name).id, ip)
                        if mapping is not None:
                            back = self._leads_in(self._gateway(name), mapping)
                            yield ip, mapping.outside, self._way(self._way_out, segment.id, name, back)
                    case ToPort(name):
                        yield from ((ip, outside, ways) for outside, ways in self._by_port(segment, name, number))
                    case _:
                        continue

    def _by_port(self, segment: Segment, name: str, inner: int) -> Iterator[tuple[str, Ways]]:
        """Through a translator's port. Else the way ends: a balancer takes what it listens for alone, and what else
        there may be keeps what it gets.
        """
        port = self._plan.get(Port, name)
        if port is None or not is_translator(self._plan, port) or without_power(self._plan, port):
            return
        given = self._given(port)
        beyond = self._segments.get(port.segment)
        if beyond is None:
            raise UnsaidError(f"{name} is in another domain")
        if given is None:
            return
        across = beyond.id != segment.id
        into, out = (at(self._sides.fence(beyond.fence, way), inner) if across else SERVICES for way in (IN, OUT))
        back = self._handed(beyond, inner)
        for via, _ in self._table(beyond.table):
            if isinstance(via, ToPort):
                raise UnsaidError(f"{beyond.table} leads from one middlebox to another")
            if not isinstance(via, ToLink):
                continue
            mapping = self._plan.get(Mapping, self._gateway(via.link).id, given.address)
            if mapping is not None:
                answers = back and self._leads_in(self._gateway(via.link), mapping)
                key = (segment.id, name, via.link, into, out, given.ports, answers)
                yield mapping.outside, self._way(self._way_through, *key)

    def _given(self, port: Port) -> Masquerade | None:
        """The address that a translator gives."""
        found = choices(self._plan, str(port.node))
        if port.filtered:
            raise UnsaidError(f"{port.id}, a translator's, wears filters")
        if len(found) > 1:
            raise UnsaidError(f"{port.node} chooses one of {len(found)} addresses")
        if not found:
            return None
        held = self._plan.get(Address, self._domain, found[0].address)
        if held is None or held.port != port.id:
            raise UnsaidError(f"{found[0].address} is no address of {port.id}")
        return found[0]

    def _meet(self, ways: Ways, rules: Parts) -> tuple[Part, ...]:
        """What of the ways the rules open."""
        found = (
            Part(both(way.internet, peers), both(way.arriving, span), way.returning)
            for way in ways
            for peers, span in rules
        )
        return tuple(one for one in found if one.arriving and self._hosts.meet(one.internet))

    def _let(self, worn: tuple[str, ...] | None, direction: Direction) -> Parts:
        """What these filters let pass to and from the internet. None: no filter is asked."""
        if worn is None:
            return EVERYTHING
        key = (worn, direction)
        if key not in self._rules:
            self._rules[key] = parts(piece for name in worn for piece in self._line(name, direction))
        return self._rules[key]

    def _line(self, name: str, direction: Direction) -> list[tuple[Span, Span]]:
        """What a filter lets pass to and from the internet, where nobody wears anything that it knows."""
        key = (name, direction)
        if key not in self._lines:
            group = self._sides.group(name, direction)
            named = ((self._sides.peers(peer), span) for peer, span in group.items() if not isinstance(peer, SentBy))
            self._lines[key] = [(_public(peers), span) for peers, span in named]
        return self._lines[key]

    def _way(self, follow: Callable[..., Iterable[Part]], *key: object) -> Ways:
        whole = (follow.__name__, *key)
        if whole not in self._ways:
            self._ways[whole] = tuple(part._replace(internet=_public(part.internet)) for part in follow(*key))
        return self._ways[whole]

    def _way_in(self, segment: str, link: str) -> Iterator[Part]:
        """From the internet over the gateway; answers by the segment's table."""
        here, gateway = self._segments[segment], self._gateways[link]
        sources = without(PUBLIC, self._kept_by(gateway))
        home = joined(tuple(part for via, span in self._table(here.table) if via == ToLink(link) for part in span))
        for via, _ in self._table(here.table):
            if isinstance(via, ToLink):
                self._gateway(via.link)
        fence = self._sides.fence(here.fence, OUT)
        for peers, arriving in self._fenced(here, IN, sources):
            yield from _with_answers(peers, arriving, crossed(fence, ((home, SERVICES),)))

    def _way_out(self, segment: str, link: str, back: bool) -> Iterator[Part]:
        here, gateway = self._segments[segment], self._gateways[link]
        answers = self._fenced(here, IN, without(PUBLIC, self._kept_by(gateway))) if back else ()
        for peers, arriving in self._fenced(here, OUT, self._routed(here, ToLink(link))):
            yield from _with_answers(peers, arriving, answers)

    def _way_through(
        self, segment: str, port: str, link: str, into: Span, out: Span, ports: PortRange, back: bool
    ) -> Iterator[Part]:
        """Through a translator. `into`, `out`: what its segment's fence lets pass from and to who is inside."""
        here, gateway = self._segments[segment], self._gateways[link]
        translator = self._plan.get(Port, port)
        assert translator is not None
        beyond = self._segments[translator.segment]
        going = both(self._routed(here, ToPort(port)), self._routed(beyond, ToLink(link)))
        there = crossed(((going, both(into, OPENS)),), self._sides.fence(beyond.fence, OUT))
        near: Parts = EVERYTHING
        if beyond.id != here.id:
            there = crossed(there, self._sides.fence(here.fence, OUT))
            near = self._sides.fence(here.fence, IN)
        sources = without(PUBLIC, self._kept_by(gateway)) if back else ()
        outer = self._fenced(beyond, IN, sources)
        inner = crossed(near, ((IPV4, out),))
        returning = crossed(tuple((peers, _kept_ports(span, ports)) for peers, span in outer), inner)
        for peers, arriving in there:
            yield from _with_answers(peers, arriving, returning)

    def _fenced(self, segment: Segment, direction: Direction, internet: Span) -> Parts:
        return crossed(((internet, SERVICES),), self._sides.fence(segment.fence, direction))

    def _routed(self, segment: Segment, via: Via) -> Span:
        spans = (span for one, span in self._table(segment.table) if one == via)
        return joined(tuple(part for span in spans for part in span))

    def _table(self, table: str) -> list[tuple[Via, Span]]:
        """Where the addresses of the internet go."""
        if table not in self._tables:
            self._tables[table] = divided(self._plan, table, PUBLIC)
        return self._tables[table]

    def _handed(self, segment: Segment, inside: int) -> bool:
        """Whether what is for an address of the domain gets to who has it. UnsaidError: a middlebox stands between."""
        if holds(block(segment.prefix), inside):
            return True
        if segment.table not in self._local:
            self._local[segment.table] = divided(self._plan, segment.table, UNROUTED)
        via = next((via for via, span in self._local[segment.table] if holds(span, inside)), None)
        if via is not None and not isinstance(via, Deliver):
            raise UnsaidError(f"{segment.table} leads {address(inside)} elsewhere")
        return via is not None

    def _leads_in(self, link: Link, mapping: Mapping) -> bool:
        """Whether the internet's packets to a public address get to who has it. UnsaidError: by no usual way."""
        if self._plan.count(Mapping, "outside", mapping.outside) > 1:
            raise UnsaidError(f"{mapping.outside} is mapped more than once")
        route = self._plan.get(Route, INTERNET, f"{mapping.outside}/32")
        if route is None or route.via != ToLink(link.id) or holds(UNROUTED, place(mapping.outside)):
            raise UnsaidError(f"no route of the internet leads to {mapping.outside} over {link.id}")
        if link.arrive_a not in self._local:
            self._local[link.arrive_a] = divided(self._plan, link.arrive_a, UNROUTED)
        inside = place(mapping.inside)
        via = next((via for via, span in self._local[link.arrive_a] if holds(span, inside)), None)
        if isinstance(via, ToPort | ToLink):
            raise UnsaidError(f"{link.arrive_a} leads {mapping.inside} elsewhere")
        return isinstance(via, Deliver)

    def _gateway(self, name: str) -> Link:
        if name not in self._gateways:
            raise UnsaidError(f"{name} is no internet gateway of {self._domain}")
        return self._gateways[name]

    def _kept_by(self, link: Link) -> Span:
        """The addresses that the gateway lets nobody come from."""
        if link.id not in self._kept:
            routes = self._plan.by(Route, "table", link.arrive_a)
            self._kept[link.id] = joined(
                tuple(part for one in routes if not isinstance(one.via, ToLink) for part in block(one.prefix))
            )
        return self._kept[link.id]

    def _unusual(self) -> str:
        """Why nothing is said of the whole domain; empty where it is usual."""
        for link in self._gateways.values():
            if link.b != INTERNET or link.arrive_b != INTERNET or link.from_a:
                return f"{link.id} is no usual internet gateway"
        for segment in self._segments.values():
            if without(both(block(segment.prefix), IPV4), UNROUTED):
                return f"{segment.id} has public addresses inside"
        return ""


def _with_answers(internet: Span, arriving: Span, answers: Parts) -> Iterator[Part]:
    """The part, cut by what answers may look like."""
    left = internet
    for peers, returning in answers:
        here = both(left, peers)
        if here and arriving:
            yield Part(here, arriving, returning)
            left = without(left, here)
    if left and arriving:
        yield Part(left, arriving, ())


@lru_cache(maxsize=4096)
def _public(span: Span) -> Span:
    """The addresses that a host of the internet can have. Equal sets are one object: then less has to be compared."""
    found = both(span, PUBLIC)
    return PUBLIC if found == PUBLIC else found


def _kept_ports(answers: Span, ports: PortRange) -> Span:
    """Which answers get to a translator, by the port that who is inside has: outside of `ports` it gives its lowest."""
    found = [without(answers, TRANSPORT)]
    for protocol in (TCP, UDP):
        whole, start = protocol_block(protocol), protocol << BLOCK
        kept = ((start + ports.low, start + ports.high),)
        found.append(both(answers, kept))
        if holds(answers, start + ports.low):
            found.append(without(whole, kept))
    return joined(tuple(part for span in found for part in span))
