"""From two ends to the questions that answer for them: each sender with each target, by the address it would ask."""

from collections.abc import Iterator

from atoll.analyze.between import Sender, Target, counted_at, private, public
from atoll.analyze.internet import ANSWERING, ANYONE, kept_from
from atoll.analyze.lookup import Plan, domain_of
from atoll.analyze.reach.spans import both, without
from atoll.plan.rows import Port
from atoll.review.endpoints import Endpoint


def pairs(plan: Plan, source: Endpoint, destination: Endpoint) -> Iterator[tuple[Sender, Target]]:
    """Every pair; a port with itself is none. A target in the sender's own domain is asked at its private addresses."""
    for sender in senders(plan, source):
        for target in targets(plan, destination, sender.port):
            if sender.port != target.name:
                yield from_outside(plan, sender, target), target


def senders(plan: Plan, end: Endpoint) -> Iterator[Sender]:
    """Who sends, from which addresses."""
    for port in end.ports:
        own = private(plan, port)
        sources = both(own, end.addresses) if end.addresses else own
        if sources:
            yield Sender(port, sources)
    if end.internet:
        yield Sender(ANYONE, end.internet)


def targets(plan: Plan, end: Endpoint, sender: str) -> Iterator[Target]:
    """What is asked by whom."""
    if end.addresses:
        yield Target(end.name, end.addresses)
        return
    for port in end.ports:
        yield Target(port, asked_at(plan, port, sender), counted_at(plan, port))
    if end.internet:
        yield Target(end.name, end.internet, ANSWERING)


def asked_at(plan: Plan, port: str, sender: str) -> tuple[tuple[int, int], ...]:
    """The addresses at which a sender would ask a port: beyond its domain the public ones, if it has any."""
    return private(plan, port) if same_domain(plan, port, sender) else public(plan, port) or private(plan, port)


def same_domain(plan: Plan, one: str, other: str) -> bool:
    """Whether two ports are of one domain."""
    ports = plan.get(Port, one), plan.get(Port, other)
    domains = [domain_of(plan, port) if port else None for port in ports]
    return domains[0] == domains[1]


def from_outside(plan: Plan, sender: Sender, target: Target) -> Sender:
    """Nobody on the internet has an address that the target's own domain keeps for itself."""
    taker = plan.get(Port, target.name) if sender.port == ANYONE else None
    if taker is None:
        return sender
    return sender._replace(sources=without(sender.sources, kept_from(plan, taker)))
