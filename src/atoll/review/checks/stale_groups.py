"""Security groups that nothing wears: their rules say what is not so, and wait for somebody to wear them."""

from collections.abc import Iterator

from atoll.model.kinds import LaunchTemplateVersion, NetworkInterface, SecurityGroup, SecurityGroupRule
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

KIND = "stale-group"
DEFAULT = "default"
"""The name of the group that each VPC has, and that cannot be deleted."""


def find(design: Design) -> Iterator[Finding]:
    """One finding a group that no network interface wears and no launch template names."""
    named = [one.data for one in design.model.all(LaunchTemplateVersion)]
    for group in sorted(design.model.all(SecurityGroup), key=lambda one: one.id):
        worn = design.model.keys(NetworkInterface, "groups", group.id)
        if worn or group.name == DEFAULT or not design.here(group) or any(group.id.encode() in one for one in named):
            continue
        asking = sorted({one.owner for one in design.model.by(SecurityGroupRule, "peer_group", group.id)} - {group.id})
        yield Finding(
            kind=KIND,
            severity=Severity.LOW,
            subject=group.id,
            text=f"no network interface wears {group.id} ({group.name})",
            change=f"delete it{', and the rules that refer to it' if asking else ''}",
            evidence=[f"{one} refers to it" for one in asking],
        )
