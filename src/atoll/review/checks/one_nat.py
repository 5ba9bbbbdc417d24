"""One NAT gateway serving several availability zones: when its zone is gone, so is the way out of the others."""

from collections.abc import Iterator

from atoll.analyze.internet import ANYONE
from atoll.model.kinds import NatGateway
from atoll.plan.rows import NodeKind
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity
from atoll.review.survey import Sent

KIND = "one-nat"


def find(design: Design) -> Iterator[Finding]:
    """One finding a NAT gateway through which packets of another zone reach the internet, and are answered."""
    used: dict[str, dict[str, Sent]] = {}
    for interface in design.interfaces:
        for outcome in design.survey.outward(interface.id):
            for name in outcome.via if outcome.at == ANYONE and outcome.answered else ():
                if design.is_kind(name, NodeKind.TRANSLATOR):
                    used.setdefault(name, {}).setdefault(interface.zone, Sent(interface.id, outcome))
    for name, by_zone in sorted(used.items()):
        gateway = design.model.get(NatGateway, name)
        others = sorted(by_zone.keys() - {gateway.zone}) if gateway is not None else []
        if gateway is not None and others and design.here(gateway):
            sent = by_zone[others[0]]
            yield design.shown(
                KIND,
                Severity.MEDIUM,
                name,
                f"{name} in {gateway.zone} is the way out of {', '.join(others)} too: it is lost with {gateway.zone}",
                "make a NAT gateway in each zone, and route each zone's private subnets to its own",
                sent.sender,
                sent.outcome.flows,
            )
