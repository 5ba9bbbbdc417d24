"""What several rows share and none owns: classes of worn groups, route tables, forwarders among next hops.

A pass writes a `Use` for each user of a shared thing; `Named` exists while there is at least one, so that the thing
itself has one owner, made once and removed with its last user.
"""

from collections.abc import Iterator
from typing import ClassVar

from atoll.fabric.kernel import names
from atoll.plan.rows import (
    Backend,
    Direction,
    Filter,
    Frontend,
    Idle,
    In,
    Link,
    Node,
    NodeKind,
    Port,
    Route,
    Rule,
    Segment,
    Site,
    ToPort,
    Wearing,
)
from atoll.records import Delta, Key, Pass, Record, Table, View

CLASS, TABLE, BOX, TARGET, SPAN, HOME, IDLE = "class", "table", "box", "target", "span", "home", "idle"
BALANCED, BACKEND = "balanced", "backend"
BORDER, AIM = "border", "aim"
"""Things a domain has or has not, their name is empty: a segment's border that refuses something; a guarded next hop.
While it has none, its packets are not asked about them."""
BOXES = (NodeKind.GUEST, NodeKind.OPAQUE, NodeKind.HOST)


class Use(Record, frozen=True, kw_only=True):
    """Somebody (`by`) needs a shared thing. `what` is the key of its Named."""

    KIND: ClassVar[str] = "use"
    KEY: ClassVar[tuple[str, ...]] = ("sort", "by")
    INDEX: ClassVar[tuple[str, ...]] = ("what",)
    sort: str
    by: str
    domain: str
    name: str

    @property
    def what(self) -> str:
        """One text, so that it can be indexed."""
        return f"{self.sort} {self.domain} {self.name}"


class Named(Record, frozen=True, kw_only=True):
    """A shared thing that somebody needs."""

    KIND: ClassVar[str] = "named"
    KEY: ClassVar[tuple[str, ...]] = ("sort", "domain", "name")
    INDEX: ClassVar[tuple[str, ...]] = ("those",)
    sort: str
    domain: str
    name: str

    @property
    def those(self) -> str:
        """All of one sort in one domain."""
        return f"{self.sort} {self.domain}"


class Fence(Record, frozen=True, kw_only=True):
    """Which directions of an ordered filter let everything pass, so that packets need not ask it."""

    KIND: ClassVar[str] = "fence"
    id: str
    open_out: bool
    open_in: bool


def class_of(view: View, port: Port) -> str:
    """The class of what a port wears: "sg-1+sg-2"; the order in which it wears them means nothing."""
    if not port.filtered:
        return names.UNFILTERED
    return "+".join(sorted({one.filter for one in view.by(Wearing, "port", port.id)}))


def live(view: View, port: Port) -> bool:
    """Law 7: attached, up, its node powered and its site not down.

    The site is read here only where node and segment have different ones: a segment's own site is one element.
    """
    node = view.get(Node, port.node) if port.node is not None else None
    segment = view.get(Segment, port.segment)
    if node is None or segment is None or not (port.up and node.powered):
        return False
    if node.site == segment.site:
        return True
    site = view.get(Site, node.site)
    return site is not None and site.up


def attached(view: View, port: Port) -> bool:
    """Whether the port has a pair of interfaces at all."""
    return port.node is not None and port.index is not None and view.get(Node, port.node) is not None


def port_uses(view: View, port: Record) -> Iterator[Record]:
    """An attached port needs its class, and its idle times if they are its own; a translator's marks its segment as
    its home, a balancer's its domain."""
    assert isinstance(port, Port)
    segment = view.get(Segment, port.segment)
    if segment and is_translator(view, port):
        yield Use(sort=HOME, by=port.id, domain=segment.domain, name=segment.id)
    if segment and is_balancer(view, port):
        yield Use(sort=BALANCED, by=port.id, domain=segment.domain, name="")
        yield Use(sort=BALANCED, by=f"{port.id}/segment", domain=segment.domain, name=segment.id)
        yield Use(sort=TABLE, by=port.id, domain=segment.domain, name=return_table(port.id))
    if segment and attached(view, port) and port.filtered:
        yield Use(sort=CLASS, by=port.id, domain=segment.domain, name=class_of(view, port))
        if port.idle != Idle():
            times = f"{port.idle.tcp} {port.idle.udp} {port.idle.stream}"
            yield Use(sort=IDLE, by=port.id, domain=segment.domain, name=times)


def return_table(port: str) -> str:
    """The table that leads answers back to a balancer's port. No id of AWS's holds a slash."""
    return f"{port}/return"


def backend_uses(view: View, backend: Record) -> Iterator[Record]:
    """A backend marks its address in the domains of the ports behind which its balancer is."""
    assert isinstance(backend, Backend)
    frontend = view.get(Frontend, backend.frontend)
    for port in view.by(Port, "node", frontend.node) if frontend else ():
        segment = view.get(Segment, port.segment)
        if segment:
            yield Use(sort=BACKEND, by="/".join(backend.key[1:]), domain=segment.domain, name=backend.address)


def segment_uses(view: View, segment: Record) -> Iterator[Record]:
    """A segment needs its table. While its site is down nothing crosses its border."""
    assert isinstance(segment, Segment)
    site = view.get(Site, segment.site)
    if site is None or not site.up:
        yield Use(sort=BORDER, by=f"segment {segment.id}", domain=segment.domain, name="")
    yield Use(sort=TABLE, by=segment.id, domain=segment.domain, name=segment.table)


def link_uses(_: View, link: Record) -> Iterator[Record]:
    """A link needs its arrival tables."""
    assert isinstance(link, Link)
    yield Use(sort=TABLE, by=f"{link.id}/a", domain=link.a, name=link.arrive_a)
    yield Use(sort=TABLE, by=f"{link.id}/b", domain=link.b, name=link.arrive_b)


def route_uses(view: View, route: Record) -> Iterator[Record]:
    """A route through a middlebox or a translator marks its table; one to a guarded port marks that port."""
    assert isinstance(route, Route)
    if not isinstance(route.via, ToPort):
        return
    port = view.get(Port, route.via.port)
    by = "/".join(route.key[1:])
    if port and port.guard:
        yield Use(sort=TARGET, by=by, domain=route.domain, name=port.id)
        yield Use(sort=AIM, by=by, domain=route.domain, name="")
    elif port and is_middlebox(view, port):
        yield Use(sort=BOX, by=by, domain=route.domain, name=route.table)
    elif port and is_translator(view, port):
        yield Use(sort=SPAN, by=by, domain=route.domain, name=route.table)


def is_middlebox(view: View, port: Port) -> bool:
    """A guest that may forward: unguarded, and no translator or balancer of ours."""
    node = view.get(Node, port.node) if port.node is not None else None
    return not port.guard and node is not None and node.kind in BOXES


def is_translator(view: View, port: Port) -> bool:
    """Whether what the port gets is translated and sent on."""
    node = view.get(Node, port.node) if port.node is not None else None
    return node is not None and node.kind is NodeKind.TRANSLATOR


def is_balancer(view: View, port: Port) -> bool:
    """Whether what the port gets is sent on to a backend."""
    node = view.get(Node, port.node) if port.node is not None else None
    return node is not None and node.kind is NodeKind.BALANCER


def fences(view: View, row: Record) -> Iterator[Record]:
    """See Fence."""
    assert isinstance(row, Filter)
    if row.ordered:
        rules = ordered(view, row)
        out, into = (_lets_all_pass(rules, direction) for direction in (Direction.OUT, Direction.IN))
        yield Fence(id=row.id, open_out=out, open_in=into)
        if not (out and into):
            yield Use(sort=BORDER, by=f"filter {row.id}", domain=row.domain, name="")


def ordered(view: View, fence: Filter) -> list[Rule]:
    """The rules of an ordered filter, lowest first."""
    return sorted(view.by(Rule, "filter", fence.id), key=lambda rule: rule.order or 0)


def _lets_all_pass(rules: list[Rule], direction: Direction) -> bool:
    """Whether no IPv4 packet is refused: nothing but allows until one allows everything."""
    for rule in rules:
        if rule.direction is not direction:
            continue
        if not rule.allow:
            return False
        peer = rule.match.peer
        if rule.match.protocol is None and isinstance(peer, In) and (peer.prefix.family, peer.prefix.length) == (4, 0):
            return True
    return False


PASSES = (
    Pass(Port, port_uses),
    Pass(Segment, segment_uses),
    Pass(Link, link_uses),
    Pass(Route, route_uses),
    Pass(Backend, backend_uses),
    Pass(Filter, fences),
)


def named(table: Table, before: Delta) -> Delta:
    """What comes to be needed, or stops being needed. `table` already shows the delta of uses."""
    touched: dict[Key, Named] = {}
    gained: dict[Key, int] = {}
    for key, (old, new) in before.items():
        if key[0] != Use.KIND:
            continue
        for use, step in ((old, -1), (new, 1)):
            if isinstance(use, Use):
                thing = Named(sort=use.sort, domain=use.domain, name=use.name)
                touched[thing.key] = thing
                gained[thing.key] = gained.get(thing.key, 0) + step
    delta: Delta = {}
    for key, thing in touched.items():
        now = table.count(Use, "what", f"{thing.sort} {thing.domain} {thing.name}")
        was = now - gained[key]
        if bool(now) != bool(was):
            delta[key] = (None, thing) if now else (thing, None)
    return delta
