"""Ports and their addresses: the pair of interfaces, identity, delivery, and what the guest is configured with."""

from collections.abc import Iterator

from atoll.fabric.kernel import names
from atoll.fabric.kernel.objects import Element, GuestAddress, Neighbour, Route, Veth
from atoll.fabric.kernel.passes.routes import next_hop
from atoll.fabric.kernel.uses import (
    TARGET,
    Named,
    attached,
    class_of,
    is_balancer,
    is_middlebox,
    is_translator,
    live,
    return_table,
)
from atoll.linux.rtnl import Kind
from atoll.plan.rows import Address, Node, Port, Segment
from atoll.records import Pass, Record, View


def port(view: View, row: Record) -> Iterator[Record]:
    """A port without a node costs nothing."""
    assert isinstance(row, Port)
    segment = view.get(Segment, row.segment)
    if segment is None or not attached(view, row):
        return
    assert row.node is not None
    assert row.index is not None
    name = names.port_interface(row.id, row.node)
    yield Veth(
        port=row.id,
        domain=segment.domain,
        node=row.node,
        name=name,
        index=row.index,
        mac=row.mac,
        mtu=row.mtu,
        segment=row.segment,
        wears=class_of(view, row),
    )
    if is_middlebox(view, row) and live(view, row):
        yield from _forwarder(segment.domain, name, "unguarded", "through")
    if is_translator(view, row):
        yield from _forwarder(segment.domain, name, "translators", f"{segment.id}/translated")
    if is_balancer(view, row):
        yield from _forwarder(segment.domain, name, "balancers", f"{segment.id}/balanced")
        yield from _balancer(view, row, segment.domain, name)
    if view.get(Named, TARGET, segment.domain, row.id):
        yield Element(domain=segment.domain, set="targets", shape="interface", low=(name,))


def _forwarder(domain: str, name: str, kind: str, chain: str) -> Iterator[Record]:
    """It may send with others' addresses: the set of its kind, and the chain where that goes on."""
    yield Element(domain=domain, set=kind, shape="interface", low=(name,))
    yield Element(domain=domain, set="forwarders", shape="interface-verdict", low=(name,), value=f"goto {chain}")


def _balancer(view: View, row: Port, domain: str, name: str) -> Iterator[Record]:
    """A table of its own leads the answers back to it."""
    table = return_table(row.id)
    yield Element(domain=domain, set="returns", shape="interface-table", low=(name,), value=table)
    kind, device, via = next_hop(view, row.id)
    yield Route(domain=domain, table=table, prefix="0.0.0.0/0", kind=kind, device=device, via=via)


def address(view: View, row: Record) -> Iterator[Record]:
    """An address is identity (what its port may send as) and delivery (a route to one interface)."""
    assert isinstance(row, Address)
    owner = view.get(Port, row.port)
    segment = view.get(Segment, owner.segment) if owner else None
    if owner is None or segment is None or owner.node is None or owner.index is None or not attached(view, owner):
        return
    name = names.port_interface(owner.id, owner.node)
    if live(view, owner):
        yield Element(domain=row.domain, set="own", shape="interface-ip", low=(name, row.ip))
        if row.domain == segment.domain:
            way = f"goto {segment.id}/leave"
            yield Element(domain=row.domain, set="senders", shape="interface-ip-verdict", low=(name, row.ip), value=way)
        yield Route(domain=row.domain, table="", prefix=f"{row.ip}/32", kind=Kind.UNICAST, device=name)
        yield Neighbour(domain=row.domain, device=name, ip=row.ip, mac=owner.mac)
    node = view.get(Node, owner.node)
    # A forwarder of ours asks nobody for a neighbour: all that it sends goes to the router.
    alone = is_translator(view, owner) or is_balancer(view, owner)
    prefix = f"{row.ip}/32" if alone else str(segment.prefix)
    yield GuestAddress(
        domain=row.domain,
        ip=row.ip,
        node=owner.node,
        port=owner.id,
        index=owner.index,
        prefix=prefix,
        gateway=segment.prefix.address(1),
        primary=row.primary,
        powered=node is not None and node.powered,
    )


PASSES = (Pass(Port, port), Pass(Address, address))
