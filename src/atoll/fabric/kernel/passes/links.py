"""Links between routers, and the mappings of a mapped one (an internet gateway)."""

from collections.abc import Iterator

from atoll.fabric.kernel import names, pipeline
from atoll.fabric.kernel.objects import Chain, Element, Neighbour, Trunk
from atoll.fabric.kernel.passes.segments import delivered, inside
from atoll.fabric.kernel.uses import BOX, TABLE, Named, is_middlebox
from atoll.linux.nft.expr import Load, Lookup, Meta, SetMark
from atoll.linux.nft.expr import Number as NumberOf
from atoll.linux.nft.expr import Set as Put
from atoll.packet import Prefix, ip_number
from atoll.plan.rows import Address, Deliver, Domain, DomainKind, Link, Mapping, Port, Route, ToLink, ToPort
from atoll.records import Pass, Record, View

PRIVATE = tuple(map(Prefix.parse, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""RFC 1918 and RFC 6598: an internet gateway refuses them on its outer side."""


def link(view: View, row: Record) -> Iterator[Record]:
    """A pair between two routers; on each side a chain that admits what arrives and picks its table."""
    assert isinstance(row, Link)
    name = names.link_interface(row.id)
    yield Trunk(id=row.id, a=row.a, b=row.b, name=name, mtu=row.mtu)
    yield Neighbour(domain=row.a, device=name, ip=names.TRUNK_B, mac=names.TRUNK_MAC_B)
    yield Neighbour(domain=row.b, device=name, ip=names.TRUNK_A, mac=names.TRUNK_MAC_A)
    for domain, table in ((row.a, row.arrive_a), (row.b, row.arrive_b)):
        yield _verdict(domain, "arrivals", name, f"goto {row.id}/arrive")
        boxes = view.get(Named, BOX, domain, table) is not None and _tracked(view, domain)
        mapped = row.mapped and domain == row.a
        if mapped:
            rules = _mapped_arrival(view, table, boxes)
        else:
            rules = _arrival(table, boxes, delivered(view, domain, table))
        yield Chain(domain=domain, name=f"{row.id}/arrive", rules=rules)
    if row.from_a:
        yield Element(domain=row.a, set="closed", shape="interface", low=(name,))
    if row.mapped:
        yield _verdict(row.a, "departures", name, f"jump {row.id}/depart")
        yield Chain(domain=row.a, name=f"{row.id}/depart", rules=_mapped_departure())


def mapping(view: View, row: Record) -> Iterator[Record]:
    """A public address: one element each way."""
    assert isinstance(row, Mapping)
    gateway = view.get(Link, row.link)
    if gateway is None or ip_number(row.inside)[0] != 4:
        return
    name = names.link_interface(gateway.id)
    for where, key, value in (("unmap", row.outside, row.inside), ("remap", row.inside, row.outside)):
        yield Element(domain=gateway.a, set=where, shape="interface-ip-ip", low=(name, key), value=value)
    if view.get(Named, BOX, gateway.a, gateway.arrive_a) and _behind_middlebox(view, gateway, row.inside):
        yield Element(domain=gateway.a, set="boxed", shape="interface-ip", low=(name, row.outside))


def _behind_middlebox(view: View, gateway: Link, ip: str) -> bool:
    """Whether the arrival table leads to that address through an unguarded port that does not have it itself.

    Decided here because the kernel could only ask after translation, and the zone is set before.
    """
    routes = [one for one in view.by(Route, "table", gateway.arrive_a) if one.prefix.holds(ip)]
    best = max(routes, key=lambda one: one.prefix.length, default=None)
    if best is None or not isinstance(best.via, ToPort):
        return False
    port, own = view.get(Port, best.via.port), view.get(Address, gateway.a, ip)
    to_itself = own is not None and own.port == best.via.port
    return port is not None and not to_itself and is_middlebox(view, port)


def _verdict(domain: str, name: str, interface: str, verdict: str) -> Element:
    return Element(domain=domain, set=name, shape="interface-verdict", low=(interface,), value=verdict)


def _mark(table: str) -> pipeline.Rule:
    return (Put(NumberOf(TABLE, table)), SetMark())


def _tracked(view: View, domain: str) -> bool:
    found = view.get(Domain, domain)
    return found is not None and found.kind is not DomainKind.INTERNET


def _arrival(table: str, boxes: bool, whole: list[Prefix]) -> tuple[pipeline.Rule, ...]:
    """Without a table to where it delivers anyway."""
    there = tuple((pipeline.address(pipeline.DESTINATION), *inside(one), pipeline.ACCEPT) for one in whole)
    towards_box = (pipeline.zone_towards_middlebox(),) if boxes else ()
    return (*there, _mark(table), *towards_box, (pipeline.ACCEPT,))


def _own_prefixes(view: View, table: str) -> list[Prefix]:
    """What side a keeps for itself, as far as it is not private anyway: nobody outside has these addresses."""
    routes = view.by(Route, "table", table)
    own = {one.prefix for one in routes if not isinstance(one.via, ToLink) and one.prefix.family == 4}
    return sorted(prefix for prefix in own if not any(one.covers(prefix) for one in PRIVATE))


def _mapped_arrival(view: View, table: str, boxes: bool) -> tuple[pipeline.Rule, ...]:
    own = _own_prefixes(view, table)
    refused = tuple((pipeline.address(pipeline.SOURCE), *inside(one), pipeline.DROP) for one in (*PRIVATE, *own))
    to_outside = (Load(Meta.IIFNAME), pipeline.address(pipeline.DESTINATION, 4))
    boxed = ((*to_outside, Lookup("boxed"), *pipeline.zone_by(pipeline.SOURCE)),) if boxes else ()
    # The address is still a public one. A table that only delivers need not be asked for the other.
    only_delivers = all(isinstance(one.via, Deliver) for one in view.by(Route, "table", table))
    mark = () if only_delivers else _mark(table)
    return (*refused, *boxed, (*to_outside, Lookup("unmap", 0, 8), *mark, pipeline.ACCEPT))


def _mapped_departure() -> tuple[pipeline.Rule, ...]:
    refused = tuple((pipeline.address(pipeline.DESTINATION), *inside(one), pipeline.DROP) for one in PRIVATE)
    from_inside = (Load(Meta.OIFNAME), pipeline.address(pipeline.SOURCE, 4), Lookup("remap", 0, 8), pipeline.RETURN)
    return (*refused, from_inside, (pipeline.DROP,))


PASSES = (Pass(Link, link), Pass(Mapping, mapping))
