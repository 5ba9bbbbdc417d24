"""`atoll exposure`: everything that the internet reaches and everything that reaches the internet, by ENI."""

from collections.abc import Iterator

import msgspec

from atoll.analyze.between import Asked, Sender, Target, between, counted_at, private, public
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, kept_from, with_anyone
from atoll.analyze.lookup import Plan, is_balancer
from atoll.analyze.reach.spans import Span, without
from atoll.model.kinds import NetworkInterface
from atoll.model.regions import known_region
from atoll.plan.rows import INTERNET, Port
from atoll.records import Table
from atoll.review.endpoints import label
from atoll.review.reaching import Row, rows


class Exposure(msgspec.Struct, frozen=True):
    """One ENI and one direction: `inward` is what the internet reaches there. Nothing that is closed is in it."""

    interface: str
    name: str
    inward: bool
    open: list[Row]
    half_open: list[Row]


def exposure(model: Table, plan: Table, region: str | None = None) -> list[Exposure]:
    """Every ENI with what is open, in the order of their ids. `region`: of that region alone; LookupError for none."""
    known_region(region)
    whole = with_anyone(plan)
    internet = addresses(whole)
    every = [one for one in model.all(NetworkInterface) if region in (None, one.region) and not one.nat_gateway]
    return [
        found for one in sorted(every, key=lambda one: one.id) for found in _exposures(model, whole, one.id, internet)
    ]


def _exposures(model: Table, plan: Plan, name: str, internet: Span) -> Iterator[Exposure]:
    for sender, target in _questions(plan, name, internet):
        found = between(plan, sender, target, Asked())
        if found.open or found.half_open:
            yield Exposure(
                interface=name,
                name=label(model, name),
                inward=sender.port == ANYONE,
                open=rows(found.open, internet),
                half_open=rows(found.half_open, internet, why=True),
            )


def _questions(plan: Plan, name: str, internet: Span) -> Iterator[tuple[Sender, Target]]:
    port, known_as = plan.get(Port, name), public(plan, name)
    if port is not None and known_as:  # nobody out there has another address to ask it at
        yield Sender(ANYONE, without(internet, kept_from(plan, port))), Target(name, known_as, counted_at(plan, name))
    if port is not None and not is_balancer(plan, port):  # which opens none of its own
        yield Sender(name, private(plan, name)), Target(INTERNET, internet, ANSWERING)
