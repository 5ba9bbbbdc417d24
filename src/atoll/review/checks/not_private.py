"""Subnets that are called private and are not."""

import re
from collections.abc import Iterator

from atoll.analyze.internet import ANYONE
from atoll.model.kinds import NetworkInterface, Subnet
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity
from atoll.review.survey import Sent

KIND = "not-private"

TAGS = ("Name", "Tier", "tier", "aws-cdk:subnet-type")
"""Where people say what a subnet is for."""

WORDS = frozenset({"private", "internal", "isolated", "database", "databases", "db", "data"})
"""What a subnet is called that the internet shall not reach."""


def find(design: Design) -> Iterator[Finding]:
    """One finding a subnet and direction: a packet that goes between it and the internet by an address of its own.

    What comes by a load balancer or leaves by a NAT gateway is as private as it was meant to be.
    """
    for subnet in sorted(design.model.all(Subnet), key=lambda one: one.id):
        if design.here(subnet) and called_private(subnet):
            inside = {one.id for one in design.model.by(NetworkInterface, "subnet", subnet.id) if not one.managed}
            yield from _first(design, subnet, [sent for sent in _inward(design) if sent.outcome.at in inside])
            yield from _first(design, subnet, [sent for one in sorted(inside) for sent in _outward(design, one)])


def called_private(subnet: Subnet) -> bool:
    """Whether one of its tags says so."""
    said = " ".join(value for key, value in subnet.tags if key in TAGS)
    return not WORDS.isdisjoint(re.split(r"[^a-z]+", said.lower()))


def _inward(design: Design) -> list[Sent]:
    return [Sent(ANYONE, one) for one in design.survey.of(ANYONE) if one.arrives and design.direct(one)]


def _outward(design: Design, port: str) -> list[Sent]:
    return [Sent(port, one) for one in design.survey.outward(port) if one.at == ANYONE and design.direct(one)]


def _first(design: Design, subnet: Subnet, found: list[Sent]) -> Iterator[Finding]:
    if not found:
        return
    sender, outcome = max(found, key=lambda sent: sent.outcome.answered)
    name = dict(subnet.tags).get("Name", "") or "private"
    if sender == ANYONE:
        severity, what = Severity.HIGH, f"the internet reaches {design.label(outcome.at or '')} there"
    else:
        severity, what = Severity.MEDIUM, f"{design.label(sender)} there reaches the internet by a public address"
    yield design.shown(
        KIND,
        severity,
        subnet.id,
        f"{subnet.id} is called {name!r}, and {what}",
        "route it to a NAT gateway or nowhere instead of an internet gateway, and give it no public addresses",
        sender,
        outcome.flows,
    )
