"""What a VPC's domain itself answers to its ports: past every table, fence and filter.

A port's guard is asked all the same, and a port without power or in a site that is down reaches nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from atoll.packet import TCP, UDP, Flow
from atoll.plan.rows import Domain, DomainKind, Resolver
from atoll.records import View


class Service(NamedTuple):
    """Where a domain listens."""

    ip: str
    protocol: int
    port: int


METADATA = Service("169.254.169.254", TCP, 80)
"""Instance metadata (fact 156)."""

RESOLVER = "169.254.169.253"
"""Where names are told in every VPC, beside an address of its own (fact 148)."""

LINK_LOCAL = (METADATA.ip, RESOLVER)
"""To these a guest has routes of its own."""

DNS = 53

PACKETS_A_SECOND = 1024
"""So many packets a port may send to all services together; those beyond are dropped (fact 148)."""


def of_resolver(resolver: Resolver) -> Iterable[Service]:
    """Where names are told at that address."""
    return [Service(resolver.ip, protocol, DNS) for protocol in (UDP, TCP) if resolver.answers]


def services(plan: View, domain: Domain) -> list[Service]:
    """Everything that the domain answers."""
    if domain.kind is not DomainKind.VPC:
        return []
    resolvers = plan.by(Resolver, "domain", domain.id)
    return [METADATA, *(service for resolver in resolvers for service in of_resolver(resolver))]


def is_asked(plan: View, domain: Domain, flow: Flow) -> bool:
    """Whether a packet is for one of the domain's services."""
    asked = Service(flow.destination, flow.protocol, flow.destination_port)
    resolver = plan.get(Resolver, domain.id, flow.destination)
    known = [METADATA, *(of_resolver(resolver) if resolver else ())]
    return domain.kind is DomainKind.VPC and asked in known
