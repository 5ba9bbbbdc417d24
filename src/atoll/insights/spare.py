"""Interfaces that are attached to nothing, as ends of a path: AWS judges them as it does others (docs/modelling.md)."""

from collections.abc import Iterator

import msgspec

from atoll.analyze.lookup import owner
from atoll.insights.ends import End
from atoll.plan.rows import Address, Link, Mapping, Node, NodeKind, Port, Segment
from atoll.records import Overlay, Table


def attached(plan: Table, source: End | None, destination: End | None, ip: str | None) -> Table:
    """The plan in which each such end has an instance that runs, and no public address: gateways want it attached.

    `ip`: the destination where it is an address alone; then who has it.
    """
    ports = {port.id: port for port in _spare(plan, source, destination, ip)}
    if not ports:
        return plan
    draft = Overlay(plan)
    known: set[tuple[str, str]] = set()
    for port in ports.values():
        segment = plan.get(Segment, port.segment)
        if segment is not None and segment.site is not None:
            draft.put(Node(id=f"node of {port.id}", site=segment.site, kind=NodeKind.HOST))
            draft.put(msgspec.structs.replace(port, node=f"node of {port.id}", index=0))
        known |= {(row.domain, row.ip) for row in plan.by(Address, "port", port.id)}
    for mapping in plan.all(Mapping):
        link = plan.get(Link, mapping.link)
        if link is not None and (link.a, mapping.inside) in known:
            draft.delete(mapping)
    there = Table(plan.records.values())
    there.apply(draft.delta())
    return there


def _spare(plan: Table, source: End | None, destination: End | None, ip: str | None) -> Iterator[Port]:
    names = [*(source.ports if source is not None else ()), *(destination.ports if destination is not None else ())]
    if destination is None and source is not None and not source.gateway and ip is not None:
        held = owner(plan, source.vpc, ip)
        names += [held[1].id] if held else []
    found = (plan.get(Port, name) for name in names)
    yield from (port for port in found if port is not None and port.node is None)
