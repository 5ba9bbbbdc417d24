"""What a translator (a NAT gateway) does to the flows of a beam: law 4."""

from collections.abc import Iterator

from atoll.analyze.lookup import Plan
from atoll.analyze.reach.beam import Beam, Pick, Translation
from atoll.analyze.reach.flows import (
    BLOCK,
    DPORT,
    ECHO_REQUESTS,
    OTHERS,
    SPORT,
    TRANSPORT,
    Box,
    Field,
    alike,
    place,
    protocol_block,
    subtract_all,
    values,
    where,
)
from atoll.analyze.reach.routes import by_owner, owners
from atoll.analyze.reach.spans import Span, both, either, holds, joined, moved, of, without
from atoll.analyze.translators import choices
from atoll.packet import TCP, UDP, Reason
from atoll.plan.rows import Masquerade, Node, Port

OPENS = {
    True: either(either(protocol_block(TCP), protocol_block(UDP)), ECHO_REQUESTS),
    False: protocol_block(UDP),
}
"""What opens a connection, by whether it goes the way of the connection's first packet: nobody can tell of a datagram
whether it is an answer; TCP says so, and so does ICMP."""

Passed = tuple[Beam, Reason | None]


def translate(plan: Plan, port: Port, domain: str, beam: Beam, *, opener: bool) -> Iterator[Passed]:
    """The beam comes to a translator's port: the parts that go on, and those that it refuses, with the reason."""
    node = str(port.node)
    passing, left = known_parts(node, beam)
    yield from ((part, None) for part in passing)
    for box in left:
        for fresh, refusal in _opening(plan, port, domain, beam.of(box), opener=opener):
            if refusal:
                yield fresh, refusal
            else:
                yield from _translated(node, fresh, choices(plan, node))


def known_parts(node: str, beam: Beam) -> tuple[list[Beam], list[Box]]:
    """The parts of connections that the node has translated, as they leave it; and the flows of no such connection."""
    passing: list[Beam] = []
    left = [beam.box]
    for known in beam.translations:
        if known.node == node:
            for seen, sent in ((known.seen, known.sent), (known.sent.reply(), known.seen.reply())):
                hits = [hit for box in left for hit in alike(box, beam.view, seen)]
                passing += [beam.of(hit)._replace(view=sent) for hit in hits]
                left = subtract_all(left, hits)
    return passing, left


def _opening(plan: Plan, port: Port, domain: str, beam: Beam, *, opener: bool) -> Iterator[Passed]:
    """Flows that open a connection through it, and those that do not."""
    for own, towards in by_owner(plan, port, domain, beam.box, beam.view.destination):
        if own:
            yield beam.of(towards), Reason.REFUSED_BY_TRANSLATOR
            continue
        for mine, box in by_owner(plan, port, domain, towards, beam.view.source):
            if mine:
                yield beam.of(box), Reason.LOOP
            else:
                yield from _served(plan, domain, beam.of(box), opener=opener)


def _served(plan: Plan, domain: str, beam: Beam, *, opener: bool) -> Iterator[Passed]:
    """Only who has power in its own domain is served, and only what opens a connection."""
    source = beam.view.source
    senders = values(beam.box, source)
    alive = [span for port, span in owners(plan, domain, senders) if _powered(plan, port)]
    served = joined(tuple(part for span in alive for part in span))
    stranger = where(beam.box, source, without(senders, served))
    if stranger is not None:
        yield beam.of(stranger), Reason.REFUSED_BY_TRANSLATOR
    known = where(beam.box, source, served)
    if known is not None:
        opening = known._replace(service=both(known.service, OPENS[opener]))
        others = known._replace(service=without(known.service, OPENS[opener]))
        yield from (
            (beam.of(box), why)
            for box, why in ((opening, None), (others, Reason.REFUSED_BY_TRANSLATOR))
            if not box.empty
        )


def _translated(node: str, beam: Beam, found: list[Masquerade]) -> Iterator[Passed]:
    """The beam with each of the node's addresses as its source; a source port that is not the node's becomes its."""
    if not found:
        yield beam, Reason.REFUSED_BY_TRANSLATOR
    for number, one in enumerate(found):
        public = beam.view._replace(source=place(one.address))
        kept = [*leaving(beam.box, beam.view.sport, of(*one.ports)), *_portless(beam.box)]
        other = public._replace(sport=one.ports.low)
        parts = [(box, public) for box in kept] + [(box, other) for box in subtract_all([beam.box], kept)]
        for box, sent in parts:
            yield (
                beam.of(box)._replace(
                    view=sent,
                    translations=(*beam.translations, Translation(node, beam.view, sent)),
                    picks=(*beam.picks, Pick(number, len(found))),
                ),
                None,
            )


def leaving(box: Box, sport: Field, ports: Span) -> list[Box]:
    """The flows of TCP and UDP whose source port, at that field, is in `ports`."""
    mine = box._replace(service=both(box.service, TRANSPORT))
    if isinstance(sport, int):
        mine = mine if holds(ports, sport) else mine._replace(service=())
    elif sport == SPORT:
        mine = mine._replace(sport=both(mine.sport, ports))
    elif sport == DPORT:
        wanted = joined(tuple(part for protocol in (TCP, UDP) for part in moved(ports, protocol << BLOCK)))
        mine = mine._replace(service=both(mine.service, wanted))
    return [] if mine.empty else [mine]


def _portless(box: Box) -> list[Box]:
    rest = box._replace(service=both(box.service, OTHERS))
    return [] if rest.empty else [rest]


def _powered(plan: Plan, port: Port) -> bool:
    node = plan.get(Node, port.node) if port.node else None
    return port.up and node is not None and node.powered
