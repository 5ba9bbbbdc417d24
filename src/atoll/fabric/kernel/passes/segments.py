"""Domains, segments and nodes: namespaces, the segment's border, its gateway address, its choice of route table."""

from collections.abc import Iterator, Mapping

from atoll.fabric.kernel import names, pipeline
from atoll.fabric.kernel.objects import Chain, Element, Forwards, Namespace, Number, Route, RouterAddress
from atoll.fabric.kernel.uses import AIM, BALANCED, BORDER, BOX, HOME, SPAN, TABLE, Fence, Named
from atoll.linux.nft.expr import Is, LookupVerdict, Mask, SetMark, host32
from atoll.linux.nft.expr import Number as NumberOf
from atoll.linux.nft.expr import Set as Put
from atoll.linux.rtnl import Kind
from atoll.packet import Prefix
from atoll.plan.rows import Deliver, Domain, DomainKind, Node, NodeKind, Resolver, Segment, Site
from atoll.plan.rows import Route as RouteRow
from atoll.plan.services import METADATA, Service, of_resolver
from atoll.records import Pass, Record, View

FORWARDS: Mapping[NodeKind, Forwards] = {NodeKind.TRANSLATOR: "translator", NodeKind.BALANCER: "balancer"}


def domain(view: View, row: Record) -> Iterator[Record]:
    """A router, empty: it delivers nothing and lets nothing pass."""
    assert isinstance(row, Domain)
    yield Namespace(id=names.router(row.id), router=True)
    borders, aims, balanced = (view.get(Named, sort, row.id, "") is not None for sort in (BORDER, AIM, BALANCED))
    yield from pipeline.static(row.id, row.kind, borders=borders, aims=aims, balanced=balanced)
    nowhere = {"table": names.NOWHERE, "prefix": "0.0.0.0/0", "device": names.LOOPBACK}
    yield Route(domain=row.id, kind=Kind.UNICAST, metric=4000, **nowhere)
    if row.kind is DomainKind.VPC:
        yield RouterAddress(domain=row.id, ip=METADATA.ip)
        yield _answered(row.id, METADATA)


def resolver(_: View, row: Record) -> Iterator[Record]:
    """The domain has the address although it may not answer there: who asks hears nothing then."""
    assert isinstance(row, Resolver)
    yield RouterAddress(domain=row.domain, ip=row.ip)
    for service in of_resolver(row):
        yield _answered(row.domain, service)


def _answered(domain: str, service: Service) -> Element:
    return Element(domain=domain, set="answered", shape="service", low=tuple(service))


def node(_: View, row: Record) -> Iterator[Record]:
    """The namespace in which the node's software runs, or in which a forwarder's packets are."""
    assert isinstance(row, Node)
    yield Namespace(id=row.id, router=False, forwards=FORWARDS.get(row.kind))


def segment(view: View, row: Record) -> Iterator[Record]:
    """What a segment costs: a chain, a number, an address and a few elements."""
    assert isinstance(row, Segment)
    site = view.get(Site, row.site)
    up = site is not None and site.up
    yield Number(domain=row.domain, sort="segment", name=row.id)
    yield RouterAddress(domain=row.domain, ip=row.prefix.address(1))
    yield Chain(domain=row.domain, name=f"{row.id}/leave", rules=_leaving(view, row, up=up))
    if view.get(Named, HOME, row.domain, row.id):
        rules = _leaving(view, row, up=up, translated=True)
        yield Chain(domain=row.domain, name=f"{row.id}/translated", rules=rules)
    yield _border(row, "segments", f"goto {row.id}/leave")
    if view.get(Named, BALANCED, row.domain, "") and view.get(Named, BOX, row.domain, row.table):
        yield _home(row)
    if view.get(Named, BALANCED, row.domain, row.id):
        yield _balanced(view, row)
    yield Element(domain=row.domain, set="within", shape="segment-segment", low=(row.id, row.id))
    fence = view.get(Fence, row.fence) if row.fence else None
    if fence and not fence.open_out:
        yield _border(row, "leaving", f"jump {fence.id}/out")
    if not up:
        yield _border(row, "entering", "drop")
    elif fence and not fence.open_in:
        yield _border(row, "entering", f"jump {fence.id}/in")


def _border(row: Segment, name: str, verdict: str) -> Element:
    return Element(domain=row.domain, set=name, shape="segment-verdict", low=(row.id,), value=verdict)


def _leaving(view: View, row: Segment, *, up: bool, translated: bool = False) -> tuple[pipeline.Rule, ...]:
    """What leaves a port: to its own segment, and to where its table delivers, without a table; else marked with it.

    `translated`: what a translator sends on of others. The zone of a leg to a middlebox comes first, and stays.
    """
    domain = view.get(Domain, row.domain)
    tracked = domain is not None and domain.kind is not DomainKind.INTERNET
    if not up:
        return ((pipeline.DROP,),)
    mark = (Put(NumberOf(TABLE, row.table)), SetMark())
    boxes = view.get(Named, BOX, row.domain, row.table)
    towards_box = (pipeline.zone_towards_middlebox(),) if boxes and tracked else ()
    spans = view.get(Named, SPAN, row.domain, row.table)
    balanced = view.get(Named, BALANCED, row.domain, "") is not None
    to_it = () if translated or not (spans and tracked) else pipeline.zones_towards_translator(balanced=balanced)
    from_it = (pipeline.zone_from_translator(balanced=balanced),) if translated else ()
    rules: list[pipeline.Rule] = []
    whole = delivered(view, row.domain, row.table)
    own = [] if any(prefix.covers(row.prefix) for prefix in whole) else [row.prefix]
    for prefix in (*own, *whole):
        there = (pipeline.address(pipeline.DESTINATION), *inside(prefix))
        rules += [(*there, *one) for one in from_it]
        rules.append((*there, pipeline.ACCEPT))
    return (*rules, mark, *towards_box, *to_it, *from_it, (pipeline.ACCEPT,))


_UNMARKED: pipeline.Rule = (Put(host32(0)), SetMark())


def _home(row: Segment) -> Chain:
    """Backends here answer to their own segment without a table, and so in no zone of a leg."""
    others = (pipeline.address(pipeline.SOURCE), *inside(row.prefix, negate=True))
    mark = (*others, Put(NumberOf(TABLE, row.table)), SetMark())
    return Chain(domain=row.domain, name=f"{row.id}/home", rules=(pipeline.zone_of_answer(mark), _UNMARKED))


def _balanced(view: View, row: Segment) -> Chain:
    """What balancers here send on. They reach what is in their own segment without a table."""
    rules: list[pipeline.Rule] = []
    if view.get(Named, SPAN, row.domain, row.table):
        others = (pipeline.address(pipeline.DESTINATION), *inside(row.prefix, negate=True))
        mark = (*others, Put(NumberOf(TABLE, row.table)), SetMark())
        rules += [(*mark, *pipeline.zone_onward()), _UNMARKED]
    home = (pipeline.address(pipeline.DESTINATION), LookupVerdict("homes"))
    return Chain(
        domain=row.domain, name=f"{row.id}/balanced", rules=(*rules, home, (pipeline.goto(f"{row.id}/leave"),))
    )


def delivered(view: View, domain: str, table: str) -> list[Prefix]:
    """What a table delivers whole: no longer prefix leads any of it elsewhere."""
    routes = [route for route in view.by(RouteRow, "table", table) if route.domain == domain]
    elsewhere = [route.prefix for route in routes if not isinstance(route.via, Deliver)]
    delivered = [route.prefix for route in routes if isinstance(route.via, Deliver) and route.prefix.family == 4]
    return sorted(one for one in delivered if not any(one.covers(other) for other in elsewhere))


def inside(prefix: Prefix, *, negate: bool = False) -> tuple[Mask | Is, ...]:
    """Go on when the address in register 0 lies inside the prefix (`negate`: of some length, when it does not)."""
    if prefix.length == 0:
        return ()
    mask = ((1 << prefix.length) - 1) << (32 - prefix.length)
    value = Is(prefix.base.to_bytes(4, "big"), negate=negate)
    return (value,) if prefix.length == 32 else (Mask(mask.to_bytes(4, "big"), host32(0)), value)


PASSES = (Pass(Domain, domain), Pass(Resolver, resolver), Pass(Node, node), Pass(Segment, segment))
