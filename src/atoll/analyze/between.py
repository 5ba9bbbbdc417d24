"""What is open between two ends: flows that arrive and are answered, flows that only arrive, and flows that do not."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from atoll.analyze.internet import ANSWERING
from atoll.analyze.lookup import Plan, domain_of, is_balancer
from atoll.analyze.reach import Outcome, reach
from atoll.analyze.reach.flows import ADDRESSES, IPV4, SERVICES, Box, place, subtract_all
from atoll.analyze.reach.spans import Span, both, joined
from atoll.plan.rows import Address, Backend, Frontend, Link, Mapping, Port

EPHEMERAL = ((1024, 65535),)
"""Source ports of clients."""


class Asked(NamedTuple):
    """Which packets a question is about."""

    services: Span = SERVICES
    sport: Span = EPHEMERAL


class Sender(NamedTuple):
    """A port that sends, and the addresses from which it does."""

    port: str
    sources: Span


class Target(NamedTuple):
    """Addresses that are asked, and the ports at which an arrival counts; empty: wherever one arrives."""

    name: str
    addresses: Span
    ports: frozenset[str] = frozenset()


class Between(msgspec.Struct, frozen=True):
    """The answer for one sender and one target. `stray`: flows that somebody else took, such as a middlebox."""

    sender: Sender
    target: Target
    open: tuple[Outcome, ...]
    half_open: tuple[Outcome, ...]
    blocked: tuple[Outcome, ...]
    stray: tuple[Outcome, ...]

    @property
    def failing(self) -> tuple[Outcome, ...]:
        """Every flow that was asked about and is not open."""
        return (*self.half_open, *self.blocked, *self.stray)

    @property
    def open_for_sure(self) -> list[Box]:
        """The flows that are open whatever a node chooses (law 6)."""
        return subtract_all([one.flows for one in self.open], [one.flows for one in self.failing if one.picks])


def between(plan: Plan, sender: Sender, target: Target, asked: Asked) -> Between:
    """Ask about every flow from the sender's addresses to the target's. `plan`: see analyze/internet.py."""
    outcomes = reach(plan, sender.port, boxes(sender, target, asked), ANSWERING)
    there = [one for one in outcomes if one.arrives and (not target.ports or one.at in target.ports)]
    return Between(
        sender,
        target,
        tuple(one for one in there if one.answered),
        tuple(one for one in there if not one.answered),
        tuple(one for one in outcomes if not one.arrives),
        tuple(one for one in outcomes if one.arrives and target.ports and one.at not in target.ports),
    )


def boxes(sender: Sender, target: Target, asked: Asked) -> list[Box]:
    """The flows that a question is about: a box a family of addresses."""
    return [
        Box(both(sender.sources, family), both(target.addresses, family), asked.services, asked.sport)
        for family in ADDRESSES.values()
    ]


def private(plan: Plan, port: str) -> Span:
    """The addresses of a port."""
    return _line(row.ip for row in plan.by(Address, "port", port))


def primary(plan: Plan, port: str) -> Span:
    """The address from which a port's node speaks unless it is told otherwise."""
    return _line(row.ip for row in plan.by(Address, "port", port) if row.primary)


def public(plan: Plan, port: str) -> Span:
    """The addresses by which a port is known beyond the links of its domain."""
    mine = plan.get(Port, port)
    links = plan.by(Link, "a", (domain_of(plan, mine) if mine else None) or "")
    rows = (plan.get(Mapping, link.id, row.ip) for link in links for row in plan.by(Address, "port", port))
    return _line(row.outside for row in rows if row is not None)


def everything_about(plan: Plan, port: str) -> Target:
    """Whatever could arrive at a port: by its own addresses, by those of the balancers before it, or by any where it
    takes packets for others.
    """
    mine = plan.get(Port, port)
    asked = IPV4
    if mine is None or mine.guard or is_balancer(plan, mine):
        ports = (port, *balancers_before(plan, port))
        spans = (span for one in ports for span in (private(plan, one), public(plan, one)))
        asked = joined(tuple(part for span in spans for part in span))
    return Target(port, asked, counted_at(plan, port))


def balancers_before(plan: Plan, port: str) -> list[str]:
    """The ports of the nodes that have an address of the port among their backends."""
    backends = (one for row in plan.by(Address, "port", port) for one in plan.by(Backend, "address", row.ip))
    frontends = (plan.get(Frontend, one.frontend) for one in backends)
    nodes = {one.node for one in frontends if one is not None}
    return [one.id for node in sorted(nodes) for one in plan.by(Port, "node", node)]


def counted_at(plan: Plan, port: str) -> frozenset[str]:
    """Where an arrival counts as one at that port: what a balancer's port gets arrives at its backends."""
    mine = plan.get(Port, port)
    return frozenset() if mine is not None and is_balancer(plan, mine) else frozenset({port})


def anything_from(plan: Plan, port: str) -> Sender:
    """Whatever a port can send: from its own addresses, or from any where nobody checks."""
    mine = plan.get(Port, port)
    guarded = mine is None or mine.guard
    return Sender(port, private(plan, port) if guarded else IPV4)


def _line(ips: Iterable[str]) -> Span:
    return joined(tuple((place(ip), place(ip)) for ip in ips))
