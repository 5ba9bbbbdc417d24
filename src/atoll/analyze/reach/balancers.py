"""What a balancer (a load balancer's node) does to the flows of a beam: laws 4 and 6."""

from collections.abc import Iterator

from atoll.analyze.balancers import LOWEST, eligible
from atoll.analyze.lookup import Plan, domain_of, is_balancer
from atoll.analyze.reach.beam import Beam, Pick, Translation
from atoll.analyze.reach.flows import BLOCK, Box, View, alike, asking, place, subtract_all, values, where
from atoll.analyze.reach.routes import own_addresses
from atoll.analyze.reach.spans import both, of, single
from atoll.analyze.reach.translators import Passed, known_parts, leaving
from atoll.packet import Reason
from atoll.plan.rows import Address, Backend, Frontend, Port


def balance(plan: Plan, port: Port, domain: str, beam: Beam, *, opener: bool) -> Iterator[Passed]:
    """The beam comes to a balancer's port: the parts that go on, and those that it refuses, with the reason."""
    node = str(port.node)
    known, left = known_parts(node, beam)
    yield from ((part, None) for part in known)
    if opener:
        own = both(own_addresses(plan, port, domain), values(beam.box, beam.view.destination))
        for frontend in plan.by(Frontend, "node", node):
            wanted = single((frontend.protocol << BLOCK) + frontend.port)
            here = [one for box in left if (one := where(box, beam.view.destination, own)) is not None]
            hits = [hit for box in here for hit in asking(box, beam.view, wanted)]
            left = subtract_all(left, hits)
            for hit in hits:
                yield from _balanced(plan, port, frontend, beam.of(hit))
    yield from ((beam.of(box), Reason.REFUSED_BY_BALANCER) for box in left)


def _balanced(plan: Plan, port: Port, frontend: Frontend, beam: Beam) -> Iterator[Passed]:
    """The beam with each of the eligible backends as its destination."""
    found = eligible(plan, frontend.id)
    if not found:
        yield beam, Reason.REFUSED_BY_BALANCER
    for number, one in enumerate(found):
        for box, sent in _sent(plan, port, frontend, one, beam):
            yield (
                beam.of(box)._replace(
                    view=sent,
                    translations=(*beam.translations, Translation(frontend.node, beam.view, sent)),
                    picks=(*beam.picks, Pick(number, len(found))),
                ),
                None,
            )


def _sent(plan: Plan, port: Port, frontend: Frontend, one: Backend, beam: Beam) -> Iterator[tuple[Box, View]]:
    """How the flows leave for that backend; where the source is not kept, low source ports become the lowest."""
    sent = beam.view._replace(destination=place(one.address), dport=one.port)
    if frontend.keep:
        yield beam.box, sent
        return
    primary = next(row.ip for row in plan.by(Address, "port", port.id) if row.primary)
    sent = sent._replace(source=place(primary))
    high = leaving(beam.box, beam.view.sport, of(LOWEST, 65535))
    yield from ((box, sent) for box in high)
    yield from ((box, sent._replace(sport=LOWEST)) for box in subtract_all([beam.box], high))


def returning(plan: Plan, port: Port, beam: Beam) -> Iterator[tuple[Port, list[Box]]]:
    """The answers from `port` that go to a balancer's port whatever their table says, with that port: where it kept the
    source."""
    left = [beam.box]
    for known in (one for one in beam.translations if one.sent.source == one.seen.source):
        hits = [hit for box in left for hit in alike(box, beam.view, known.sent.reply())]
        for back in plan.by(Port, "node", known.node) if hits else ():
            here = back.id != port.id and domain_of(plan, back) == domain_of(plan, port)
            if here and is_balancer(plan, back):
                yield back, hits
                left = subtract_all(left, hits)
                break
