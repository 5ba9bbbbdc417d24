"""Look-ups in a plan that cost the same whatever the number of ports."""

from collections.abc import Iterator
from typing import TypeVar

from atoll.packet import Prefix, ip_number
from atoll.packet.prefix import BITS
from atoll.plan.rows import Address, Member, Node, NodeKind, Port, Route, Row, Segment, Site
from atoll.records import Overlay, Table

Plan = Table | Overlay
"""A plan as it stands, or a draft of one."""

P = TypeVar("P", Route, Member)


def _covering(plan: Plan, kind: type[P], scope: str, ip: str) -> Iterator[P]:
    """The rows of one table or set whose prefix holds `ip`, longest first.

    A short list is read whole. A long one (the internet's table has a route for each public address, a set may hold
    the addresses of a whole group) is asked for each possible prefix by its key, which is a look-up a bit.
    """
    family, number = ip_number(ip)
    bits = BITS[family]
    field = kind.KEY[0]
    if plan.count(kind, field, scope) <= bits:
        rows = [row for row in plan.by(kind, field, scope) if row.prefix.holds(ip)]
        yield from sorted(rows, key=lambda row: -row.prefix.length)
        return
    for length in range(bits, -1, -1):
        prefix = Prefix.of(family, number >> (bits - length) << (bits - length), length)
        row = plan.get(kind, scope, str(prefix))
        if row is not None:
            yield row


def best_route(plan: Plan, table: str, ip: str) -> Route | None:
    """The route of the longest prefix that holds `ip`."""
    return next(_covering(plan, Route, table, ip), None)


def member_of(plan: Plan, group: str, ip: str) -> Member | None:
    """The member of a set that holds `ip`."""
    return next(_covering(plan, Member, group, ip), None)


def domain_of(plan: Plan, port: Port) -> str | None:
    """The domain that a port is in."""
    segment = plan.get(Segment, port.segment)
    return segment.domain if segment else None


def owner(plan: Plan, domain: str, ip: str) -> tuple[Address, Port] | None:
    """The address row and its port."""
    address = plan.get(Address, domain, ip)
    port = plan.get(Port, address.port) if address else None
    return (address, port) if address and port else None


def owns(plan: Plan, port: Port, domain: str, ip: str) -> bool:
    """Whether the address is the port's own."""
    address = plan.get(Address, domain, ip)
    return address is not None and address.port == port.id


def held_by(plan: Plan, node: str, ip: str) -> Address | None:
    """The address, if a port of that node has it, in whatever domain."""
    held = (address for port in plan.by(Port, "node", node) for address in plan.by(Address, "port", port.id))
    return next((address for address in held if address.ip == ip), None)


def is_balancer(plan: Plan, port: Port) -> bool:
    """Whether the port is a balancer's, which sends packets of others as its own (law 3)."""
    node = plan.get(Node, port.node) if port.node else None
    return node is not None and node.kind is NodeKind.BALANCER


def without_power(plan: Plan, port: Port) -> tuple[str, Row] | None:
    """Law 7: why a port neither sends nor receives, and the row that says so; None when it does both."""
    if not port.up:
        return "the port is down", port
    node = plan.get(Node, port.node) if port.node else None
    if node is None:
        return "the port is attached to nothing", port
    if not node.powered:
        return f"{node.id} is not powered", node
    site = plan.get(Site, node.site)
    if site is None or not site.up:
        return f"site {node.site} is down", site or node
    return None
