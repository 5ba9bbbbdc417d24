"""A default VPC that is used: what is launched without a thought lands in it, with a public address."""

from collections.abc import Iterator

from atoll.model.kinds import NetworkInterface, Vpc
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

KIND = "default-vpc"


def find(design: Design) -> Iterator[Finding]:
    """One finding a default VPC that has network interfaces."""
    for vpc in sorted(design.model.all(Vpc), key=lambda one: one.id):
        held = design.model.by(NetworkInterface, "vpc", vpc.id) if vpc.is_default and design.here(vpc) else []
        if held:
            yield Finding(
                kind=KIND,
                severity=Severity.LOW,
                subject=vpc.id,
                text=f"the default VPC {vpc.id} of {vpc.region} is in use by {_count(len(held))}",
                change="make a VPC for them, whose subnets are public or private because somebody wanted it",
                evidence=sorted(design.label(one.id) for one in held),
            )


def _count(number: int) -> str:
    return f"{number} network interface{'s' * (number > 1)}"
