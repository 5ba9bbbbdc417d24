"""One way of a beam: from a port through the plan, by the seven laws, to where each of its flows ends.

Each step splits the beam by what decides there, so the parts that come out cover all that went in, exactly once (but
for law 6, by which they come out once a choice). A part ends where it is taken, or at the first thing that refuses it.
"""

from collections.abc import Generator, Iterator
from typing import NamedTuple

from atoll.analyze.lookup import Plan, is_balancer, without_power
from atoll.analyze.reach.balancers import balance, returning
from atoll.analyze.reach.beam import Beam, End, Frame
from atoll.analyze.reach.flows import BLOCK, Box, alike, asking, place, subtract_all, values, where
from atoll.analyze.reach.links import cross
from atoll.analyze.reach.routes import Way, by_owner, ways
from atoll.analyze.reach.rules import pass_fence, pass_port
from atoll.analyze.reach.spans import joined, single, without
from atoll.analyze.reach.translators import translate
from atoll.analyze.translators import is_translator
from atoll.packet import Reason
from atoll.plan.rows import Address, Direction, Domain, Link, Port, Segment
from atoll.plan.services import services

MAX_ROUTES = 32
"""Links, or passages through translators, after which a packet is going round in circles."""

REFUSED_BY_RULES = {Direction.OUT: Reason.SENDER_RULES, Direction.IN: Reason.RECEIVER_RULES}
REFUSED_BY_FENCE = {Direction.OUT: Reason.FENCE_OUT, Direction.IN: Reason.FENCE_IN}


class Stop(NamedTuple):
    """Where flows ended: at a port or a domain's service (DELIVERED), or at nobody, for a reason."""

    beam: Beam
    at: str | None
    reason: Reason = Reason.DELIVERED


_Judged = Generator[Stop, None, list[Beam]]
"""Flows that are refused; what passes is returned."""


class Leg:
    """The way of a connection's packets in one direction. `ends`, `frames`: what the other direction has left."""

    def __init__(
        self, plan: Plan, ends: tuple[End, ...] = (), frames: tuple[Frame, ...] = (), *, opener: bool = True
    ) -> None:
        self.plan = plan
        self.ends = ends
        self.frames = frames
        self.opener = opener

    def send(self, sender: str, beam: Beam) -> Iterator[Stop]:
        """The port sends the beam."""
        port = self.plan.get(Port, sender)
        segment = self.plan.get(Segment, port.segment) if port else None
        if port is None or segment is None or without_power(self.plan, port):
            yield Stop(beam, None, Reason.NO_POWER)
            return
        left: Box | None = beam.box
        for own, span in self._held(port):
            taken = where(left, beam.view.destination, span) if left else None
            if left and taken:
                yield Stop(beam.of(taken), own)
                left = where(left, beam.view.destination, without(values(left, beam.view.destination), span))
        if left is None:
            return
        for mine, box in by_owner(self.plan, port, segment.domain, left, beam.view.source):
            if port.guard and not mine:
                yield Stop(beam.of(box), None, Reason.SPOOFED)
                continue
            sending = port if mine or is_balancer(self.plan, port) else None
            rest = yield from self._ask_domain(segment.domain, beam.of(box))
            for part in rest:
                yield from self._leave(beam.of(part), port, segment, sending)

    def _held(self, port: Port) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
        """The addresses of the port's own node, with the port that has each."""
        for one in self.plan.by(Port, "node", port.node) if port.node else ():
            rows = self.plan.by(Address, "port", one.id)
            yield one.id, joined(tuple((place(row.ip), place(row.ip)) for row in rows))

    def _ask_domain(self, name: str, beam: Beam) -> Generator[Stop, None, list[Box]]:
        """What the domain itself answers ends here; the rest is returned."""
        domain = self.plan.get(Domain, name)
        left = [beam.box]
        for service in services(self.plan, domain) if domain else ():
            near = where(beam.box, beam.view.destination, single(place(service.ip)))
            wanted = single((service.protocol << BLOCK) + service.port)
            hits = asking(near, beam.view, wanted) if near else []
            yield from (Stop(beam.of(hit), name) for hit in hits)
            left = subtract_all(left, hits)
        return left

    def _leave(self, beam: Beam, port: Port, segment: Segment, sender: Port | None) -> Iterator[Stop]:
        for way in self._ways(beam, port, segment):
            going = yield from self._rules(beam.of(way.box), port, Direction.OUT, way.port if way.own else None)
            for part in going:
                yield from self._take(part, way, segment, sender)

    def _ways(self, beam: Beam, port: Port, segment: Segment) -> Iterator[Way]:
        """By the segment's table; but answers to what a balancer has sent go back to it (law 4)."""
        left = [beam.box]
        for back, hits in () if self.opener else returning(self.plan, port, beam):
            yield from (Way(hit, port=back) for hit in hits)
            left = subtract_all(left, hits)
        for box in left:
            yield from ways(self.plan, segment.domain, segment.table, box, beam.view.destination, segment)

    def _take(self, beam: Beam, way: Way, segment: Segment, sender: Port | None) -> Iterator[Stop]:
        if way.reason is not None:
            yield Stop(beam, None, way.reason)
        elif way.port is not None:
            leaving = way.port.segment != segment.id
            out = (yield from self._fence(beam, segment, Direction.OUT)) if leaving else [beam]
            for part in out:
                yield from self._arrive(part, way.port, sender, segment.id)
        elif way.link is not None:
            out = yield from self._fence(beam, segment, Direction.OUT)
            for part in out:
                yield from self._over(part, way.link, segment.domain, 0)

    def _over(self, beam: Beam, link: Link, domain: str, links: int) -> Iterator[Stop]:
        """Over a link, and over those that its arrival table leads to. Nobody is the sender from here on."""
        if links == MAX_ROUTES:
            yield Stop(beam, None, Reason.LOOP)
            return
        for crossed in cross(self.plan, link, domain, beam, self.frames):
            over = crossed.beam
            if crossed.refusal is not None:
                yield Stop(over, None, crossed.refusal)
                continue
            for way in ways(self.plan, crossed.domain, crossed.table, over.box, over.view.destination):
                if way.reason is not None:
                    yield Stop(over.of(way.box), None, way.reason)
                elif way.port is not None:
                    yield from self._arrive(over.of(way.box), way.port, None, None)
                elif way.link is not None:
                    yield from self._over(over.of(way.box), way.link, crossed.domain, links + 1)

    def _arrive(self, beam: Beam, port: Port, sender: Port | None, from_segment: str | None) -> Iterator[Stop]:
        segment = self.plan.get(Segment, port.segment)
        coming = [beam]
        if segment and segment.id != from_segment:
            coming = yield from self._fence(beam, segment, Direction.IN)
        for part in coming:
            if without_power(self.plan, port):
                yield Stop(part, None, Reason.NO_POWER)
            elif segment and is_translator(self.plan, port):
                yield from self._through(part, port, segment)
            elif segment and is_balancer(self.plan, port):
                taken = yield from self._rules(part, port, Direction.IN, sender)
                for one in taken:
                    yield from self._through(one, port, segment)
            elif port.guard and segment:
                for own, box in by_owner(self.plan, port, segment.domain, part.box, part.view.destination):
                    if own:
                        yield from self._receive(part.of(box), port, sender)
                    else:
                        yield Stop(part.of(box), None, Reason.NOT_MINE)
            else:
                yield from self._receive(part, port, sender)

    def _receive(self, beam: Beam, port: Port, sender: Port | None) -> Iterator[Stop]:
        taken = yield from self._rules(beam, port, Direction.IN, sender)
        yield from (Stop(part, port.id) for part in taken)

    def _through(self, beam: Beam, port: Port, segment: Segment) -> Iterator[Stop]:
        """Through a translator, which is none of the connection's ends, or through a balancer, which is: law 4."""
        node = str(port.node)
        beam = beam.past(node)._replace(passages=beam.passages + 1)
        if beam.passages > MAX_ROUTES:
            yield Stop(beam, None, Reason.LOOP)
            return
        balancing = is_balancer(self.plan, port)
        change = balance if balancing else translate
        for part, refusal in change(self.plan, port, segment.domain, beam, opener=self.opener):
            if refusal is not None:
                yield Stop(part, None, refusal)
                continue
            for own, box in by_owner(self.plan, port, segment.domain, part.box, part.view.source):
                yield from self._leave(part.of(box), port, segment, port if own or balancing else None)

    def _rules(self, beam: Beam, port: Port, direction: Direction, other: Port | None) -> _Judged:
        """The parts that the port's rules let pass are returned, with the ends that now track them."""
        if not port.filtered:
            return [beam]
        passing: list[Beam] = []
        left = [beam.box]
        for end in self.ends:
            if end.port == port.id:
                for view in (end.view.reply(), end.view):
                    hits = [hit for box in left for hit in alike(box, beam.view, view)]
                    passing += map(beam.of, hits)
                    left = subtract_all(left, hits)
        for box in left:
            allowed, refused = pass_port(self.plan, port, direction, box, beam.view, other)
            ends = (*beam.ends, End(port.id, beam.view)) if self.opener else beam.ends
            passing += [beam.of(part)._replace(ends=ends) for part in allowed]
            yield from (Stop(beam.of(part), None, REFUSED_BY_RULES[direction]) for part in refused)
        return passing

    def _fence(self, beam: Beam, segment: Segment, direction: Direction) -> _Judged:
        """The parts that the segment's fence lets pass are returned."""
        if segment.fence is None:
            return [beam]
        passing, refused = pass_fence(self.plan, segment.fence, direction, beam.box, beam.view)
        yield from (Stop(beam.of(part), None, REFUSED_BY_FENCE[direction]) for part in refused)
        return [beam.of(part) for part in passing]
