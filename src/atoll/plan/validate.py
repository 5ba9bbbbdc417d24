"""What is wrong with a plan, in lines to read. A plan that compile writes has no problems; tests assert it."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from atoll.packet import TCP
from atoll.plan.rows import (
    ROWS,
    Address,
    Backend,
    Domain,
    DomainKind,
    Filter,
    Frontend,
    Lease,
    Link,
    Mapping,
    Masquerade,
    Name,
    Node,
    NodeKind,
    Numbering,
    Port,
    Probe,
    Resolver,
    Route,
    Row,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    ToPort,
    Wearing,
    Zone,
)
from atoll.records import Table


class Reference(NamedTuple):
    """A field that names a row of another kind (None is allowed where the field may be None)."""

    kind: type[Row]
    field: str
    target: type[Row]


REFERENCES = (
    Reference(Segment, "domain", Domain),
    Reference(Segment, "site", Site),
    Reference(Segment, "fence", Filter),
    Reference(Node, "site", Site),
    Reference(Port, "segment", Segment),
    Reference(Port, "node", Node),
    Reference(Address, "domain", Domain),
    Reference(Address, "port", Port),
    Reference(Route, "domain", Domain),
    Reference(Link, "a", Domain),
    Reference(Link, "b", Domain),
    Reference(Mapping, "link", Link),
    Reference(Masquerade, "node", Node),
    Reference(Frontend, "node", Node),
    Reference(Backend, "frontend", Frontend),
    Reference(Probe, "node", Node),
    Reference(Filter, "domain", Domain),
    Reference(Rule, "filter", Filter),
    Reference(Wearing, "port", Port),
    Reference(Wearing, "filter", Filter),
    Reference(Resolver, "domain", Domain),
    Reference(Lease, "domain", Domain),
    Reference(Zone, "domain", Domain),
    Reference(Numbering, "domain", Domain),
    Reference(Name, "domain", Domain),
)


def problems(plan: Table) -> list[str]:
    """Every problem, sorted; a good plan has none."""
    found = [line for check in CHECKS for line in check(plan)]
    return sorted(found)


def _name(row: Row) -> str:
    return " ".join(row.key)


def _dangling(plan: Table) -> Iterator[str]:
    for kind, field, target in REFERENCES:
        for row in plan.all(kind):
            value = getattr(row, field)
            if value is not None and plan.get(target, value) is None:
                yield f"{_name(row)}: {field} names {value}, and there is no such {target.KIND}"


def _addresses(plan: Table) -> Iterator[str]:
    """An address lies in its port's domain and segment (hosts of the internet have any address); one is primary."""
    internets = {row.id for row in plan.all(Domain) if row.kind is DomainKind.INTERNET}
    primaries: Counter[tuple[str, bool]] = Counter()
    for row in plan.all(Address):
        port = plan.get(Port, row.port)
        segment = plan.get(Segment, port.segment) if port else None
        if segment is None:
            continue
        if segment.domain != row.domain:
            yield f"{_name(row)}: its port {row.port} is in domain {segment.domain}"
        elif row.domain not in internets and not segment.prefix.holds(row.ip):
            yield f"{_name(row)}: outside {segment.prefix}, the prefix of {segment.id}"
        primaries[row.port, ":" in row.ip] += row.primary
    yield from (f"port {port}: {count} primary addresses" for (port, _), count in primaries.items() if count > 1)


def _segments(plan: Table) -> Iterator[str]:
    by_domain: dict[str, list[Segment]] = {}
    for row in plan.all(Segment):
        by_domain.setdefault(row.domain, []).append(row)
        fence = plan.get(Filter, row.fence) if row.fence else None
        if fence and not fence.ordered:
            yield f"{_name(row)}: its fence {fence.id} is not ordered"
    for segments in by_domain.values():
        ordered = sorted(segments, key=lambda row: (row.prefix, row.id))
        for before, after in pairwise(ordered):
            if before.prefix.overlaps(after.prefix):
                yield f"{_name(after)}: {after.prefix} overlaps {before.prefix} of {before.id}"


def _ports(plan: Table) -> Iterator[str]:
    indices = Counter((row.node, row.index) for row in plan.all(Port) if row.node is not None)
    macs = Counter((row.segment, row.mac) for row in plan.all(Port))
    for row in plan.all(Port):
        if (row.node is None) != (row.index is None):
            yield f"{_name(row)}: node {row.node} and index {row.index} do not go together"
        if row.node is not None and indices[row.node, row.index] > 1:
            yield f"{_name(row)}: {row.node} has another port of index {row.index}"
        if macs[row.segment, row.mac] > 1:
            yield f"{_name(row)}: another port of {row.segment} has {row.mac}"


def _routes(plan: Table) -> Iterator[str]:
    domains: dict[str, str] = {row.table: row.domain for row in plan.all(Segment)}
    for link in plan.all(Link):
        domains.update({link.arrive_a: link.a, link.arrive_b: link.b})
    for row in plan.all(Route):
        if domains.get(row.table, row.domain) != row.domain:
            yield f"{_name(row)}: of domain {row.domain}, but the table is used in {domains[row.table]}"
        match row.via:
            case ToPort(name):
                port = plan.get(Port, name)
                segment = plan.get(Segment, port.segment) if port else None
                if segment is None:
                    yield f"{_name(row)}: leads to port {name}, which is not there"
                elif segment.domain != row.domain:
                    yield f"{_name(row)}: leads to port {name}, which is in domain {segment.domain}"
            case ToLink(name):
                leads_to = plan.get(Link, name)
                if leads_to is None:
                    yield f"{_name(row)}: leads to link {name}, which is not there"
                elif row.domain not in (leads_to.a, leads_to.b):
                    yield f"{_name(row)}: leads to link {name}, which does not touch domain {row.domain}"


def _links(plan: Table) -> Iterator[str]:
    outsides = Counter(row.outside for row in plan.all(Mapping))
    for link in plan.all(Link):
        if link.a == link.b:
            yield f"{_name(link)}: joins {link.a} to itself"
        if link.mapped and link.from_a:
            yield f"{_name(link)}: mapped and one-way at once"
    for row in plan.all(Mapping):
        mapped = plan.get(Link, row.link)
        if mapped and not mapped.mapped:
            yield f"{_name(row)}: its link is not mapped"
        if mapped and plan.get(Address, mapped.a, row.inside) is None:
            yield f"{_name(row)}: nobody in {mapped.a} has {row.inside}"
        if outsides[row.outside] > 1:
            yield f"{_name(row)}: {row.outside} is mapped more than once"


def _translators(plan: Table) -> Iterator[str]:
    """What a translator masquerades as is an address of a port of its own; the port checks and filters nothing."""
    for row in plan.all(Masquerade):
        node = plan.get(Node, row.node)
        ports = plan.by(Port, "node", row.node)
        held = {one.ip for port in ports for one in plan.by(Address, "port", port.id)}
        if node and node.kind is not NodeKind.TRANSLATOR:
            yield f"{_name(row)}: {node.id} is no translator"
        if row.address not in held:
            yield f"{_name(row)}: {row.node} does not have {row.address}"
    for node in plan.all(Node):
        if node.kind is NodeKind.TRANSLATOR:
            for port in plan.by(Port, "node", node.id):
                if port.guard or port.filtered:
                    yield f"{_name(port)}: of translator {node.id}, and guarded or filtered"


def _balancers(plan: Table) -> Iterator[str]:
    """A frontend is a balancer's, and no two of one node take the same; the balancer's port checks no source."""
    taken = Counter((row.node, row.protocol, row.port) for row in plan.all(Frontend))
    for row in plan.all(Frontend):
        node = plan.get(Node, row.node)
        if node and node.kind is not NodeKind.BALANCER:
            yield f"{_name(row)}: {node.id} is no balancer"
        if taken[row.node, row.protocol, row.port] > 1:
            yield f"{_name(row)}: another frontend of {row.node} takes {row.protocol}/{row.port}"
    for backend in plan.all(Backend):
        if backend.eligible and backend.cut:
            yield f"{_name(backend)}: eligible and cut at once"
    for node in plan.all(Node):
        if node.kind is NodeKind.BALANCER:
            for port in plan.by(Port, "node", node.id):
                if port.guard:
                    yield f"{_name(port)}: of balancer {node.id}, and guarded"


def _headers(plan: Table) -> Iterator[str]:
    """A header stands before a stream."""
    for row in plan.all(Frontend):
        if row.header and row.protocol != TCP:
            yield f"{_name(row)}: a header before protocol {row.protocol}, which is no stream"


def _rules(plan: Table) -> Iterator[str]:
    orders = Counter((row.filter, row.direction, row.order) for row in plan.all(Rule))
    for row in plan.all(Rule):
        filter_ = plan.get(Filter, row.filter)
        ordered = filter_ is not None and filter_.ordered
        if ordered and row.order is None:
            yield f"{_name(row)}: without an order, in the ordered filter {row.filter}"
        elif ordered and orders[row.filter, row.direction, row.order] > 1:
            yield f"{_name(row)}: another {row.direction} rule of {row.filter} has order {row.order}"
        if filter_ is not None and not ordered:
            if row.order is not None:
                yield f"{_name(row)}: has an order, in the filter {row.filter} that has none"
            if not row.allow:
                yield f"{_name(row)}: denies, in the filter {row.filter} that is a union"
        match row.match.peer:
            case SentBy(name) if plan.get(Filter, name) is None:
                yield f"{_name(row)}: refers to filter {name}, which is not there"


def _wearings(plan: Table) -> Iterator[str]:
    for row in plan.all(Wearing):
        port, worn = plan.get(Port, row.port), plan.get(Filter, row.filter)
        if worn and worn.ordered:
            yield f"{_name(row)}: wears {worn.id}, which is ordered"
        if port and not port.filtered:
            yield f"{_name(row)}: its port is not filtered"


def _names(plan: Table) -> Iterator[str]:
    """Names are written in one way, so that they are found."""
    written: list[Name | Zone] = [*plan.all(Name), *plan.all(Zone)]
    for row in written:
        if row.name != row.name.lower() or row.name.endswith("."):
            yield f"{_name(row)}: {row.name} is not in lower case, or has a dot at its end"


def _keys(plan: Table) -> Iterator[str]:
    known = {kind.KIND for kind in ROWS}
    for key, row in plan.records.items():
        if key[0] not in known:
            yield f"{' '.join(key)}: no kind of row of the plan"
        elif key != row.key:
            yield f"{' '.join(key)}: holds {' '.join(row.key)}"


def _internet(plan: Table) -> Iterator[str]:
    internets = [row.id for row in plan.all(Domain) if row.kind is DomainKind.INTERNET]
    if len(internets) > 1:
        yield f"domain: more than one internet: {' '.join(sorted(internets))}"


CHECKS = (
    _keys,
    _dangling,
    _internet,
    _addresses,
    _segments,
    _ports,
    _routes,
    _links,
    _translators,
    _balancers,
    _headers,
    _rules,
    _wearings,
    _names,
)
