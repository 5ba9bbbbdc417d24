"""A loaded plan says what `reach` says: between ports, to and from the internet, and after any change."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atoll.analyze.between import Asked, Sender, Target, between, primary, private, public
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, kept_from, with_anyone
from atoll.analyze.loaded import Loaded
from atoll.analyze.outside import Exposed, UnsaidError
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import PORTS, SERVICES, subtract_all
from atoll.analyze.reach.spans import without
from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import (
    INTERNET,
    Address,
    Backend,
    Deliver,
    Filter,
    Frontend,
    Link,
    Mapping,
    Masquerade,
    Node,
    NodeKind,
    Port,
    Route,
    Row,
    Rule,
    Segment,
    Site,
    ToLink,
    ToPort,
    Via,
    Wearing,
)
from atoll.records import Delta, Table
from tests.unit.lagoon import IN, OUT, VPC, change, lab, nat, rule
from tests.unit.lagoon import public as elastic
from tests.unit.test_reach_walk import random_lively_plan

EVERYTHING = Asked(SERVICES, PORTS)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 32))
def test_what_is_open_between_two_ports_is_what_reach_says(seed: int) -> None:
    plan = random_lively_plan(random.Random(seed), fenced=0.8)
    loaded = Loaded.load(plan)
    ports = [row.id for row in plan.all(Port)]
    for sender in ports:
        for asked in ports:
            box = Box(primary(plan, sender), primary(plan, asked), SERVICES)
            truth = [one.flows for one in reach(plan, sender, [box]) if one.answered and one.at == asked]
            _same(loaded.open(sender, asked), truth)


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 1 << 32))
def test_what_the_internet_touches_is_what_reach_says(seed: int) -> None:
    plan = usual(random.Random(seed))
    loaded = Loaded.load(plan)
    for domain in loaded.domains():
        found = loaded.exposure(domain)
        for port in _guests(plan, domain):
            for inward in (True, False):
                if (port, inward) in found.refused:
                    with pytest.raises(UnsaidError):
                        loaded.exposed(port, inward=inward)
                    continue
                mine = _of(found.classes, port, inward=inward)
                _as_reach_says(plan, port, mine, inward=inward)
                _as_reach_says(plan, port, loaded.exposed(port, inward=inward), inward=inward)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
def test_after_changes_it_says_what_it_would_say_if_loaded_anew(seed: int) -> None:
    chance = random.Random(seed)
    plan = usual(chance)
    loaded = Loaded.load(plan)
    _everything(loaded)
    for delta in _changes(chance, plan):
        plan.apply(delta)
        loaded.update(delta)
        assert _everything(loaded) == _everything(Loaded(plan)), delta


def test_the_plans_of_these_tests_show_every_way() -> None:
    chance = random.Random(4)
    known = {"direct in": 0, "direct out": 0, "by a translator": 0, "without answers": 0, "refused": 0, "shut": 0}
    for _ in range(150):
        plan = usual(chance)
        loaded = Loaded.load(plan)
        for domain in loaded.domains():
            found = loaded.exposure(domain)
            known["refused"] += len(found.refused)
            ports = _guests(plan, domain)
            said = {(member[0], one.inward) for one in found.classes for member in one.members}
            known["shut"] += 2 * len(ports) - len(said | set(found.refused))
            for one in found.classes:
                own = {row.outside for row in plan.all(Mapping) for member in one.members if row.inside == member[1]}
                translated = not one.inward and any(member[2] not in own for member in one.members)
                name = "direct in" if one.inward else "by a translator" if translated else "direct out"
                known[name] += len(one.members)
                known["without answers"] += any(not part.returning for part in one.parts)
    assert min(known.values()) > 20, known


def test_what_is_refused_says_why() -> None:
    chance = random.Random(4)
    words = {
        word
        for _ in range(150)
        for loaded in [Loaded(usual(chance))]
        for domain in loaded.domains()
        for word in loaded.exposure(domain).refused.values()
    }
    for part in ("a load balancer may send to", "may send from any address", "chooses one of 2 addresses", "elsewhere"):
        assert any(part in word for word in words), (part, words)


@pytest.mark.parametrize(("ports", "answered"), [((1000, 1024), (0, 1024)), ((1025, 2000), (1025, 2000))])
def test_of_source_ports_that_a_translator_does_not_keep_the_lowest_counts(
    ports: tuple[int, int], answered: tuple[int, int]
) -> None:
    segment = lab().get(Segment, "pub")
    assert segment is not None
    plan = change(
        lab(),
        *nat("a", "pub", "10.0.1.99", table="rtb-priv"),
        *elastic("10.0.1.99", "198.18.0.9"),
        Filter(id="acl", domain=VPC, ordered=True),
        rule("acl-out", "acl", OUT, order=1),
        rule("acl-near", "acl", IN, "10.0.0.0/16", order=2),
        rule("acl-back", "acl", IN, "0.0.0.0/0", TCP, ports, order=3),
        replace(segment, fence="acl"),
    )
    said = Loaded.load(plan).exposed("eni-db", inward=False)
    open_ = [box for one in said for box in one.open(one.members[0])]
    assert [box.sport for box in open_] == [(answered,)]
    _as_reach_says(plan, "eni-db", said, inward=False)


def test_a_target_of_another_domain_with_the_same_address_is_none_of_this_one() -> None:
    chance = random.Random(4)
    known = {"refused": 0, "said": 0}
    for _ in range(100):
        plan = usual(chance)
        loaded = Loaded(plan)
        for domain in loaded.domains():
            balancers = [
                port for row in plan.by(Segment, "domain", domain) for port in plan.by(Port, "segment", row.id)
            ]
            nodes = {port.node for port in balancers}
            targets = {one.address for one in plan.all(Backend) if _node(plan, one) in nodes}
            others = {one.address for one in plan.all(Backend)} - targets
            refused = [word for (_, inward), word in loaded.exposure(domain).refused.items() if inward]
            found = {word.split()[-1] for word in refused if word.startswith("a load balancer may send to")}
            assert found <= targets
            known["refused"] += len(found)
            known["said"] += len(others)
    assert min(known.values()) > 5, known


def _node(plan: Table, target: Backend) -> str:
    frontend = plan.get(Frontend, target.frontend)
    return frontend.node if frontend else ""


def usual(chance: random.Random) -> Table:
    """A lively plan that is mostly wired as people wire theirs: guards on, translators with one address in a segment
    that leads to the gateway, the others leading to them, fences and groups that let something pass.
    """
    plan = random_lively_plan(chance, fenced=0.6)
    made = {row.key: row for old in _rows(plan) for row in _usual(chance, old)}
    table = Table(made.values())
    new = [*_public(chance, table), *_passing(chance, table)]
    table.apply({row.key: (None, row) for row in new})
    for segment in list(table.all(Segment)):
        if segment.domain != INTERNET and chance.random() < 0.8:
            _wire(table, segment)
    return table


def _rows(plan: Table) -> list[Row]:
    return [row for row in plan.records.values() if isinstance(row, Row)]


def _usual(chance: random.Random, row: Row) -> Iterator[Row]:
    match row:
        case Port(id=name) if name.startswith("eni-vpc") and chance.random() < 0.8:
            yield replace(row, guard=True)
        case Masquerade(address=address) if address.endswith(".98") and chance.random() < 0.8:
            return
        case Backend() if chance.random() < 0.7:
            return
        case _:
            yield row


def _public(chance: random.Random, plan: Table) -> Iterator[Row]:
    """Elastic IPs for more of the addresses."""
    for number, row in enumerate(plan.all(Address)):
        for link in plan.by(Link, "a", row.domain):
            if plan.get(Mapping, link.id, row.ip) is None and chance.random() < 0.5:
                outside = f"198.18.20.{number + 1}"
                yield Mapping(link=link.id, inside=row.ip, outside=outside)
                prefix = Prefix.parse(outside)
                yield Route(table=INTERNET, domain=INTERNET, prefix=prefix, via=ToLink(link.id))


def _passing(chance: random.Random, plan: Table) -> Iterator[Row]:
    """Rules of fences and groups behind the others."""
    for one in plan.all(Filter):
        for way in (IN, OUT):
            if chance.random() < 0.6:
                ports = chance.choice(((0, 65535), (80, 8080), (1024, 65535), (1000, 1023)))
                peer = chance.choice(("0.0.0.0/0", "0.0.0.0/0", "203.0.113.0/24", "10.0.0.0/16"))
                protocol = chance.choice((None, TCP, UDP, ICMP))
                yield rule(
                    f"{one.id}-{way}-last", one.id, way, peer, protocol, ports, order=99 if one.ordered else None
                )


def _wire(plan: Table, segment: Segment) -> None:
    """The segment gets a table of its own with a way out."""
    links = plan.by(Link, "a", segment.domain)
    translator = plan.get(Port, f"eni-nat-{segment.domain}")
    via: list[Via] = [ToLink(one.id) for one in links]
    if translator is not None and translator.segment != segment.id:
        via = [ToPort(translator.id)]
    table = f"rtb-{segment.id}"
    new = [Route(table=table, domain=segment.domain, prefix=Prefix.parse("10.0.0.0/16"), via=Deliver())]
    new += [Route(table=table, domain=segment.domain, prefix=Prefix.everything(), via=one) for one in via]
    moved = replace(segment, table=table)
    plan.apply({segment.key: (segment, moved), **{row.key: (None, row) for row in new}})


def _guests(plan: Table, domain: str) -> list[str]:
    ports = [one for row in plan.by(Segment, "domain", domain) for one in plan.by(Port, "segment", row.id)]
    through = (NodeKind.TRANSLATOR, NodeKind.BALANCER)
    nodes = {one.id: plan.get(Node, one.node or "") for one in ports}
    return [name for name, node in nodes.items() if node is None or node.kind not in through]


def _of(classes: list[Exposed], port: str, *, inward: bool) -> list[Exposed]:
    return [
        Exposed(one.inward, one.parts, [member], one.hosts)
        for one in classes
        for member in one.members
        if member[0] == port and one.inward is inward
    ]


def _as_reach_says(plan: Table, port: str, said: list[Exposed], *, inward: bool) -> None:
    whole = with_anyone(plan)
    internet = addresses(whole)
    if inward:
        row = plan.get(Port, port)
        assert row is not None
        sender = Sender(ANYONE, without(internet, kept_from(whole, row)))
        target = Target(port, public(whole, port), frozenset({port}))
    else:
        sender, target = Sender(port, private(whole, port)), Target(INTERNET, internet, ANSWERING)
    truth = between(whole, sender, target, EVERYTHING)
    members = [(one, member) for one in said for member in one.members]
    _same([box for one, member in members for box in one.open(member)], [one.flows for one in truth.open])
    there = [one.flows for one in (*truth.open, *truth.half_open)]
    _same([box for one, member in members for box in one.arriving(member)], there)


def _same(said: list[Box], truth: list[Box]) -> None:
    assert subtract_all(said, truth) == []
    assert subtract_all(truth, said) == []


def _everything(loaded: Loaded) -> list[object]:
    """All that it says, in a form that can be compared."""
    found: list[object] = []
    for domain in loaded.domains():
        matrix, exposure = loaded.matrix(domain), loaded.exposure(domain)
        found += [matrix.addresses, matrix.direct.tolist(), matrix.forward.tolist(), matrix.back.tolist()]
        found += [matrix.atoms.starts.tolist(), exposure.refused]
        found.append({(one.inward, one.parts): sorted(one.members) for one in exposure.classes})
        ports = _guests(loaded.plan, domain)[:3]
        found += [sorted(loaded.open(one, other)) for one in ports for other in ports]
    return found


def _changes(chance: random.Random, plan: Table) -> Iterator[Delta]:
    """Rules that come, go and change; then a change of each other kind of row."""
    for number in range(3):
        groups = sorted(row.id for row in plan.all(Filter))
        if groups:
            name = chance.choice(groups)
            peer = chance.choice(("0.0.0.0/0", "10.0.1.0/24", "203.0.113.0/24"))
            low = chance.randrange(2000)
            order = number if "acl" in name else None
            new = rule(f"new-{number}", name, chance.choice((IN, OUT)), peer, 6, (low, low + 9), order=order)
            yield {new.key: (None, new)}
    for kind in (Rule, Wearing, Address, Mapping, Route, Masquerade, Port, Rule, Node, Segment, Site, Rule):
        rows = sorted(plan.all(kind), key=lambda row: row.key)
        row = chance.choice(rows) if rows else None
        if row is not None:
            yield {row.key: (row, _other(chance, plan, row))}


def _other(chance: random.Random, plan: Table, row: Row) -> Row | None:
    match row:
        case Segment():
            fences = [None, *(one.id for one in plan.all(Filter) if one.ordered and one.domain == row.domain)]
            return replace(row, fence=chance.choice(fences))
        case Port():
            return replace(row, filtered=not row.filtered)
        case Node():
            return replace(row, powered=not row.powered)
        case Site():
            return replace(row, up=not row.up)
        case Rule():
            return replace(row, direction=IN if row.direction is OUT else OUT) if chance.random() < 0.5 else None
    return None
