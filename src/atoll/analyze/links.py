"""What a link does to a packet, and the frame that it leaves on the connection."""

import msgspec
from msgspec.structs import replace

from atoll.analyze.lookup import Plan
from atoll.packet import Flow, Prefix, Reason, ip_number
from atoll.plan.rows import Link, Mapping, Route, ToLink
from atoll.records import Key

PRIVATE = tuple(
    Prefix.parse(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")  # RFC 1918, RFC 6598
)


class Frame(msgspec.Struct, frozen=True):
    """A connection crossed that link with `inside` standing as `outside` (the same where nothing is translated)."""

    link: str
    inside: str
    outside: str


class Crossing(msgspec.Struct, frozen=True):
    """The packet on the other side, in `domain`, where `table` routes it; or why the link refused it."""

    flow: Flow
    domain: str
    table: str
    detail: str
    rows: tuple[Key, ...] = ()
    frame: Frame | None = None
    refusal: Reason | None = None


def cross(plan: Plan, link: Link, domain: str, flow: Flow, frames: tuple[Frame, ...]) -> Crossing:
    """The packet, coming from `domain`, goes over the link. `frames`: what its connection has crossed already."""
    outward = domain == link.a
    far, table = (link.b, link.arrive_b) if outward else (link.a, link.arrive_a)
    over = Crossing(flow, far, table, f"to {far}", (link.key,))
    over = _one_way(link, outward, over, frames) if link.from_a else over
    if over.refusal or not link.mapped or ip_number(flow.destination)[0] != 4:
        return over
    return _mapped_out(plan, link, over) if outward else _mapped_in(plan, link, over)


def _one_way(link: Link, outward: bool, over: Crossing, frames: tuple[Frame, ...]) -> Crossing:
    """A link that only its side a opens remembers who opened."""
    inside = over.flow.source if outward else over.flow.destination
    frame = Frame(link.id, inside, inside)
    if outward or frame in frames:
        return replace(over, frame=frame)
    return replace(over, detail=f"only {link.a} may open connections", refusal=Reason.REFUSED_BY_LINK)


def _mapped_out(plan: Plan, link: Link, over: Crossing) -> Crossing:
    mapping = plan.get(Mapping, link.id, over.flow.source)
    if mapping is None:
        detail = f"{over.flow.source} has no public address"
        return replace(over, detail=detail, refusal=Reason.NO_PUBLIC_ADDRESS)
    if _is_private(over.flow.destination):
        detail = f"{over.flow.destination} is a private address"
        return replace(over, detail=detail, refusal=Reason.REFUSED_BY_LINK)
    return _translated(over, mapping, replace(over.flow, source=mapping.outside), "source")


def _mapped_in(plan: Plan, link: Link, over: Crossing) -> Crossing:
    for address in (over.flow.source, over.flow.destination):
        if _is_private(address):
            detail = f"{address} is a private address"
            return replace(over, detail=detail, refusal=Reason.REFUSED_BY_LINK)
    arrivals = plan.by(Route, "table", link.arrive_a)
    if any(not isinstance(route.via, ToLink) and route.prefix.holds(over.flow.source) for route in arrivals):
        detail = f"{over.flow.source} is an address of {link.a}"
        return replace(over, detail=detail, refusal=Reason.REFUSED_BY_LINK)
    here = (mapping for mapping in plan.by(Mapping, "outside", over.flow.destination) if mapping.link == link.id)
    mapping = next(here, None)
    if mapping is None:
        detail = f"{over.flow.destination} is nobody's public address"
        return replace(over, detail=detail, refusal=Reason.NO_PUBLIC_ADDRESS)
    return _translated(over, mapping, replace(over.flow, destination=mapping.inside), "destination")


def _translated(over: Crossing, mapping: Mapping, flow: Flow, end: str) -> Crossing:
    frame = Frame(mapping.link, mapping.inside, mapping.outside)
    rows = (*over.rows, mapping.key)
    before, after = (mapping.inside, mapping.outside) if end == "source" else (mapping.outside, mapping.inside)
    return replace(over, flow=flow, rows=rows, frame=frame, detail=f"{end} {before} becomes {after}")


def _is_private(ip: str) -> bool:
    return any(prefix.holds(ip) for prefix in PRIVATE)
