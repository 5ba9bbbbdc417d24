"""VPCs of one account whose blocks overlap: they can never be joined, by peering or by a transit gateway."""

from collections.abc import Iterator
from itertools import combinations

from atoll.model.kinds import NetworkInterface, Vpc
from atoll.packet import Prefix
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

KIND = "overlapping-blocks"


def find(design: Design) -> Iterator[Finding]:
    """One finding a pair. A default VPC counts where it is used: every region has one with the same block."""
    used = [one for one in design.model.all(Vpc) if not one.is_default or _is_used(design, one)]
    for one, other in combinations(sorted(used, key=lambda vpc: vpc.id), 2):
        common = [(mine, theirs) for mine in _blocks(one) for theirs in _blocks(other) if mine.overlaps(theirs)]
        if common and one.account == other.account and (design.here(one) or design.here(other)):
            yield Finding(
                kind=KIND,
                severity=Severity.LOW,
                subject=one.id,
                text=f"{_name(one)} and {_name(other)} overlap: they can never be peered",
                change="give one of them another block while it is small; atoll cidr proposes one that is free",
                evidence=[f"{mine} of {one.id}, {theirs} of {other.id}" for mine, theirs in common],
            )


def _is_used(design: Design, vpc: Vpc) -> bool:
    return bool(design.model.keys(NetworkInterface, "vpc", vpc.id))


def _blocks(vpc: Vpc) -> list[Prefix]:
    return [block.prefix for block in vpc.blocks if block.state == "associated"]


def _name(vpc: Vpc) -> str:
    name = dict(vpc.tags).get("Name")
    return f"{vpc.id} ({name})" if name else vpc.id
