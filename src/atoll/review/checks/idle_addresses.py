"""Elastic IPs that do nothing, and are paid for."""

from collections.abc import Iterator

from atoll.analyze.lookup import without_power
from atoll.model.kinds import ElasticIp
from atoll.plan.rows import Port
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

KIND = "idle-address"


def find(design: Design) -> Iterator[Finding]:
    """One finding an address that is bound to nothing, or to what neither sends nor receives."""
    for address in sorted(design.model.all(ElasticIp), key=lambda one: one.id):
        why = _why(design, address) if design.here(address) else ""
        if why:
            yield Finding(
                kind=KIND,
                severity=Severity.LOW,
                subject=address.id,
                text=f"Elastic IP {address.public_ip} ({address.id}) is idle: {why}",
                change="release it, or bind it to what needs it",
                evidence=[why],
            )


def _why(design: Design, address: ElasticIp) -> str:
    if address.interface is None:
        return "it is bound to nothing"
    port = design.plan.get(Port, address.interface)
    power = without_power(design.plan, port) if port is not None else None
    return f"it is bound to {address.interface}, and {power[0]}" if power else ""
