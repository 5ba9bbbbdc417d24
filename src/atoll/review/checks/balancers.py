"""Load balancers whose targets are in one zone, or from whose subnets no answer gets to the internet."""

from collections.abc import Iterator

from atoll.analyze.internet import ANYONE
from atoll.model.kinds import BalancerZone, LoadBalancer, NetworkInterface
from atoll.packet import Reason
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity
from atoll.review.survey import Sent

ONE_ZONE = "balancer-one-zone"
NO_WAY = "balancer-no-way"

LOST = (Reason.NO_ROUTE, Reason.BLACKHOLE, Reason.NO_PUBLIC_ADDRESS)
"""What becomes of a packet that has no way to the internet."""


def one_zone(design: Design) -> Iterator[Finding]:
    """One finding a load balancer: all that arrives behind it arrives in one zone."""
    for balancer in _balancers(design):
        nodes = {one.node for one in design.model.by(BalancerZone, "balancer", balancer.id)}
        inside = () if balancer.scheme == "internet-facing" else design.survey.senders
        every = (Sent(sender, one) for sender in (ANYONE, *inside) for one in design.survey.of(sender))
        there = [sent for sent in every if sent.outcome.arrives and nodes.intersection(sent.outcome.via)]
        zones = {_zone(design, sent.outcome.at) for sent in there}
        if len(zones) == 1:
            yield design.shown(
                ONE_ZONE,
                Severity.MEDIUM,
                balancer.name,
                f"whatever load balancer {balancer.name} forwards arrives in {zones.pop()}: it is lost with that zone",
                "register healthy targets in a second zone, and enable that zone for the load balancer",
                there[0].sender,
                there[0].outcome.flows,
            )


def no_way(design: Design) -> Iterator[Finding]:
    """One finding a node of a load balancer for the internet: what comes in by it is answered, and the answer is lost
    for want of a way back from its subnet.
    """
    for balancer in _balancers(design):
        if balancer.scheme != "internet-facing":
            continue
        for zone in sorted(design.model.by(BalancerZone, "balancer", balancer.id), key=lambda one: one.zone):
            through = [one for one in design.survey.of(ANYONE) if one.arrives and zone.node in one.via]
            if through and all(not one.answered and one.reason in LOST for one in through):
                yield design.shown(
                    NO_WAY,
                    Severity.HIGH,
                    balancer.name,
                    f"load balancer {balancer.name} is for the internet, and from {zone.subnet} no answer gets there"
                    f" ({through[0].reason})",
                    f"route {zone.subnet} to an internet gateway: 0.0.0.0/0",
                    ANYONE,
                    through[0].flows,
                )


def _balancers(design: Design) -> list[LoadBalancer]:
    found = (one for one in design.model.all(LoadBalancer) if design.here(one) and one.state == "active")
    return sorted(found, key=lambda one: one.name)


def _zone(design: Design, port: str | None) -> str:
    interface = design.model.get(NetworkInterface, port) if port else None
    return interface.zone if interface is not None else ""
