"""Route tables: one Linux table for each that a segment or a link's arrival uses."""

from collections.abc import Iterator

from atoll.fabric.kernel import names
from atoll.fabric.kernel.objects import Number, TableRule
from atoll.fabric.kernel.objects import Route as KernelRoute
from atoll.fabric.kernel.uses import TABLE, Named, live
from atoll.linux.rtnl import Kind
from atoll.plan.rows import Address, Deliver, Drop, Link, Port, Route, ToLink, ToPort
from atoll.records import Pass, Record, View

LAST = 1_000_000
"""Metric of the route that ends a table: what no route covers is dropped, not handed to the next table."""


def table(_: View, row: Record) -> Iterator[Record]:
    """A table that is in use."""
    assert isinstance(row, Named)
    if row.sort != TABLE:
        return
    yield Number(domain=row.domain, sort=TABLE, name=row.name)
    yield TableRule(domain=row.domain, table=row.name)
    yield KernelRoute(domain=row.domain, table=row.name, prefix="0.0.0.0/0", kind=Kind.BLACKHOLE, metric=LAST)


def route(view: View, row: Record) -> Iterator[Record]:
    """A route of a table in use. What leads nowhere (a dead port, a missing link) is a black hole, not an absence."""
    assert isinstance(row, Route)
    if row.prefix.family != 4 or not view.get(Named, TABLE, row.domain, row.table):
        return
    kind, device, via = _leads(view, row)
    yield KernelRoute(domain=row.domain, table=row.table, prefix=str(row.prefix), kind=kind, device=device, via=via)


def _leads(view: View, row: Route) -> tuple[Kind, str, str]:
    match row.via:
        case Deliver():
            return Kind.THROW, "", ""  # on to the main table, which has every address that can be delivered
        case ToPort(port=name):
            return next_hop(view, name)
        case ToLink(link=name):
            link = view.get(Link, name)
            if link and row.domain in (link.a, link.b):
                other = names.TRUNK_B if row.domain == link.a else names.TRUNK_A
                return Kind.UNICAST, names.link_interface(link.id), other
        case Drop():
            pass
    return Kind.BLACKHOLE, "", ""


def next_hop(view: View, name: str) -> tuple[Kind, str, str]:
    """Through its primary address: an interface alone would make the router ask for the final destination."""
    port = view.get(Port, name)
    if port is None or port.node is None or not live(view, port):
        return Kind.BLACKHOLE, "", ""
    primary = [one.ip for one in view.by(Address, "port", port.id) if one.primary]
    if not primary:
        return Kind.BLACKHOLE, "", ""
    return Kind.UNICAST, names.port_interface(port.id, port.node), primary[0]


PASSES = (Pass(Named, table), Pass(Route, route))
