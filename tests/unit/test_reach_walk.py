"""What becomes of sets of flows agrees with what becomes of each flow: reach against the walk, on random plans."""

import random
from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atoll.analyze.history import Verdict, probe
from atoll.analyze.reach import Box, Outcome, arrivals, reach
from atoll.analyze.reach.flows import IPV4, PORTS, SERVICES, flow_of, place, service, subtract_all
from atoll.analyze.reach.spans import Span, of, single
from atoll.packet import ICMP, TCP, UDP, Flow, Prefix, Reason
from atoll.plan.rows import (
    INTERNET,
    Address,
    Domain,
    DomainKind,
    Link,
    Mapping,
    Masquerade,
    Node,
    Port,
    Resolver,
    Route,
    Row,
    Rule,
    Segment,
    Site,
    ToLink,
    ToPort,
    Via,
)
from atoll.plan.services import DNS, METADATA, RESOLVER
from atoll.records import Table
from tests.support.random_plans import random_plan

PACKETS, CORNERS = 30, 60
VPC = Prefix.parse("10.0.0.0/16")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
@example(1250)
def test_each_flow_of_a_set_has_the_fate_that_the_walk_gives_it(seed: int) -> None:
    chance = random.Random(seed)
    plan = random_lively_plan(chance)
    ports = [row.id for row in plan.all(Port)]
    for port in chance.sample(ports, min(3, len(ports))):
        asked = _asked(chance, plan)
        outcomes = reach(plan, port, [asked])
        _same_arrivals(plan, port, asked, outcomes)
        for flow in _flows(chance, plan, port):
            if asked.holds(flow):
                _same(plan, port, flow, outcomes)
        for outcome in sorted(outcomes, key=lambda one: not one.arrives)[:CORNERS]:
            corner = _corner(chance, outcome.flows)
            if outcome.flows.holds(corner):  # it may be one of two ends that must be alike, and are not
                _same(plan, port, corner, outcomes)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_single_flow_is_a_set_as_well(seed: int) -> None:
    chance = random.Random(seed)
    plan = random_lively_plan(chance)
    for port in [row.id for row in plan.all(Port)]:
        for flow in list(_flows(chance, plan, port))[:5]:
            source, destination = single(place(flow.source)), single(place(flow.destination))
            box = Box(source, destination, single(service(flow)), single(flow.source_port))
            _same(plan, port, flow, reach(plan, port, [box]))


def test_the_plans_of_these_tests_show_every_fate() -> None:
    chance = random.Random(1)
    host = single(place("203.0.113.10"))
    found: list[Outcome] = []
    for number in range(150):
        plan = random_lively_plan(chance)
        box = Box(IPV4, IPV4 if number < 20 else host, SERVICES)
        found += [one for port in plan.all(Port) for one in reach(plan, port.id, [box])]
    fates = {(one.arrives, one.reason) for one in found}
    passed = {name.split("-")[0] for one in found if one.answered for name in one.via}
    choices = [one for one in found if one.arrives and any(pick.number for pick in one.picks)]
    assert {reason for _, reason in fates} == set(Reason)
    assert {reason for arrives, reason in fates if arrives} > {Reason.FENCE_IN, Reason.FENCE_OUT, Reason.NOT_MINE}
    assert passed == {"igw", "lb", "nat"}
    assert choices


def random_lively_plan(chance: random.Random, fenced: float = 0.3) -> Table:
    """A random plan; mostly a lively one: with power, ways out, and less that is shut. `fenced`: the fences kept."""
    plan = Table(random_plan(chance))
    if chance.random() < 0.2:
        return plan
    plain = chance.random() < 0.5  # without the routes of the random plan that lead anywhere
    kept = (row for row in plan.records.values() if isinstance(row, Row) and not _astray(row, plain=plain))
    rows = [_alive(chance, row, fenced) for row in kept]
    made = {row.key: row for row in (*rows, *_ways_out(chance, plan), *_public_translators(plan), *_resolvers(plan))}
    return Table(made.values())


def _alive(chance: random.Random, row: Row, fenced: float) -> Row:
    match row:
        case Site():
            return replace(row, up=True)
        case Node():
            return replace(row, powered=True)
        case Port():
            return replace(row, up=True, filtered=row.filtered and chance.random() < 0.5)
        case Segment():
            return replace(row, fence=row.fence if chance.random() < fenced else None)
    return row


def _astray(row: Row, *, plain: bool) -> bool:
    """A gateway lets nothing in from addresses that its arrival table keeps inside (plan/__init__.py)."""
    if not isinstance(row, Route) or row.domain == INTERNET or row.prefix == VPC:
        return False
    return plain or (row.table.startswith("in-") and not VPC.covers(row.prefix))


def _ways_out(chance: random.Random, plan: Table) -> Iterator[Row]:
    """A default route in each table: out, or to the translator for who is not in the translator's own segment."""
    for segment in plan.all(Segment):
        out: list[Via] = [ToLink(link.id) for link in plan.by(Link, "a", segment.domain)]
        translator = plan.get(Port, f"eni-nat-{segment.domain}")
        beside = plan.get(Segment, translator.segment) if translator else None
        if translator and beside and beside.table != segment.table:
            out += [ToPort(translator.id)] * 2
        if out:
            default = Prefix.everything()
            yield Route(table=segment.table, domain=segment.domain, prefix=default, via=chance.choice(out))


def _resolvers(plan: Table) -> Iterator[Row]:
    """Of each VPC, and one that answers nobody."""
    for domain in plan.all(Domain):
        if domain.kind is DomainKind.VPC:
            yield Resolver(domain=domain.id, ip="10.0.0.2")
            yield Resolver(domain=domain.id, ip=RESOLVER, answers=domain.id.endswith("1"))


def _public_translators(plan: Table) -> Iterator[Row]:
    """An Elastic IP for each address that a translator gives."""
    for number, row in enumerate(plan.all(Masquerade)):
        for link in plan.by(Link, "a", row.node.removeprefix("nat-")):
            outside = f"198.18.9.{number + 1}"
            yield Mapping(link=link.id, inside=row.address, outside=outside)
            prefix = Prefix.parse(outside)
            yield Route(table=INTERNET, domain=INTERNET, prefix=prefix, via=ToLink(link.id))


def _corner(chance: random.Random, box: Box) -> Flow:
    source, destination, wanted, sport = (chance.choice(chance.choice(span)) for span in box[:4])
    return flow_of(source, destination, wanted, sport)


def _same_arrivals(plan: Table, port: str, box: Box, outcomes: list[Outcome]) -> None:
    """What is said of the way there alone is what is said of it with its answers."""
    there = list(arrivals(plan, port, [box]))
    whole = [one for one in outcomes if one.arrives]
    for some, others in ((there, whole), (whole, there)):
        for one in some:
            alike = [each.flows for each in others if (each.at, each.seen) == (one.at, one.seen)]
            assert subtract_all([one.flows], alike) == []


def _same(plan: Table, port: str, flow: Flow, outcomes: list[Outcome]) -> None:
    mine = [one for one in outcomes if one.flows.holds(flow)]
    chosen = [one for one in mine if all(pick.number == 0 for pick in one.picks)]
    assert len(chosen) == 1, (port, flow, mine)
    assert _seen(flow, chosen[0]) == _told(probe(plan, port, flow)), (port, flow)


def _seen(flow: Flow, outcome: Outcome) -> tuple[object, ...]:
    seen = outcome.seen.of(flow) if outcome.arrives else None
    return (outcome.arrives, outcome.at, seen, outcome.answered, outcome.reason)


def _told(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.arrives, verdict.at, verdict.seen, verdict.answered, verdict.reason)


def _asked(chance: random.Random, plan: Table) -> Box:
    """Everything, or less of one field."""
    everything = Box(IPV4, IPV4, SERVICES, PORTS)
    less: dict[str, Span] = {
        "source": single(place(chance.choice(_addresses(plan)))),
        "destination": single(place(chance.choice(_addresses(plan)))),
        "service": of(TCP << 16, (TCP << 16) + 65535),
        "sport": of(1024, 65535),
    }
    fields = chance.sample(sorted(less), chance.randint(0, 3))
    return everything._replace(**{name: less[name] for name in fields})


def _flows(chance: random.Random, plan: Table, port: str) -> Iterator[Flow]:
    """Packets at the edges of what the plan names, and some from anywhere."""
    own = [row.ip for row in plan.by(Address, "port", port)]
    known, edges = _addresses(plan), sorted(_ports(plan))
    for _ in range(PACKETS):
        source = chance.choice(own) if own and chance.random() < 0.7 else chance.choice(known)
        destination = chance.choice(known)
        protocol = chance.choice((TCP, TCP, UDP, UDP, ICMP, 47))
        if protocol in (TCP, UDP):
            yield Flow(source, destination, protocol, chance.choice(edges), chance.choice(edges))
        elif protocol == ICMP:
            yield Flow(source, destination, ICMP, 7, 0, chance.choice((0, 3, 8, 8)), chance.choice((0, 0, 4)))
        else:
            yield Flow(source, destination, protocol)


def _addresses(plan: Table) -> list[str]:
    named = [row.ip for row in plan.all(Address)] + [row.outside for row in plan.all(Mapping)]
    edges = [row.prefix.address(at) for row in plan.all(Route) for at in (0, row.prefix.size - 1)]
    return sorted({*named, *edges, "8.8.8.8", "192.168.7.7", "10.0.0.2", METADATA.ip, RESOLVER})


def _ports(plan: Table) -> set[int]:
    ranges = [row.match.ports for row in plan.all(Rule)] + [row.ports for row in plan.all(Masquerade)]
    edges = {edge for low, high in ranges for edge in (low - 1, low, high, high + 1)}
    return {port for port in edges if 0 <= port <= 65535} | {80, DNS, 0, 65535}
