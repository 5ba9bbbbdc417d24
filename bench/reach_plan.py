"""The plan that the bench of proofs asks about: VPCs of 100 ENIs, made of rows."""

import random
from collections.abc import Iterator

from atoll.packet import TCP, UDP, Prefix, ip_number, ip_text
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Direction,
    Domain,
    DomainKind,
    Filter,
    In,
    Link,
    Mapping,
    Masquerade,
    Node,
    NodeKind,
    Port,
    Route,
    Row,
    Segment,
    SentBy,
    Site,
    ToLink,
    ToPort,
    Wearing,
)
from atoll.records import Table
from tests.unit.lagoon import rule

ENIS, SUBNETS, PUBLIC, GROUPS, RULES, ENTRIES, WORN = 100, 4, 2, 50, 20, 8, 2
USUAL = ((22, 22), (80, 80), (443, 443), (5432, 5432), (3306, 3306), (8000, 8080), (1024, 65535), (53, 53))


def build(vpcs: int, *, odd: bool, enis: int = ENIS, seed: int = 1) -> Table:
    """So many VPCs of so many ENIs (at most 100). `odd`: every rule of a group has a range of ports of its own."""
    chance = random.Random(seed)
    rows = (row for number in range(vpcs) for row in _vpc(chance, number, odd=odd, enis=enis))
    return Table(row for part in (_internet(), rows) for row in part)


def _internet() -> Iterator[Row]:
    block = Prefix.parse("203.0.113.0/24")
    yield from (Site(id="az-a"), Site(id=INTERNET), Domain(id=INTERNET, kind=DomainKind.INTERNET))
    yield Segment(id=INTERNET, domain=INTERNET, site=INTERNET, prefix=block, table=INTERNET)
    yield Route(table=INTERNET, domain=INTERNET, prefix=block, via=Deliver())


def _vpc(chance: random.Random, number: int, *, odd: bool, enis: int) -> Iterator[Row]:
    vpc, gateway, whole = f"vpc-{number}", f"igw-{number}", Prefix.parse("10.0.0.0/16")
    yield Domain(id=vpc, kind=DomainKind.VPC)
    yield Link(id=gateway, a=vpc, b=INTERNET, arrive_a=f"in-{number}", arrive_b=INTERNET, mapped=True)
    for table in (f"rtb-{number}", f"nat-{number}", f"in-{number}"):
        yield Route(table=table, domain=vpc, prefix=whole, via=Deliver())
    yield Route(table=f"rtb-{number}", domain=vpc, prefix=Prefix.everything(), via=ToLink(gateway))
    yield Route(table=f"nat-{number}", domain=vpc, prefix=Prefix.everything(), via=ToPort(f"eni-nat-{number}"))
    for subnet in range(SUBNETS):
        name, acl = f"{vpc}/{subnet}", f"acl-{number}-{subnet}"
        yield Segment(
            id=name,
            domain=vpc,
            site="az-a",
            prefix=Prefix.parse(f"10.0.{subnet}.0/24"),
            table=f"{'rtb' if subnet < PUBLIC else 'nat'}-{number}",
            fence=acl,
        )
        yield Filter(id=acl, domain=vpc, ordered=True)
        for entry in range(ENTRIES):
            way = (Direction.IN, Direction.OUT)[entry % 2]
            peer = f"10.0.{chance.randrange(SUBNETS)}.0/24" if entry < 4 else "0.0.0.0/0"
            allow = entry >= 4 or chance.random() < 0.5
            ports = USUAL[entry] if entry < 4 else (0, 65535)
            yield rule(f"{acl}-{entry}", acl, way, peer, TCP if entry < 4 else None, ports, allow=allow, order=entry)
    for group in range(GROUPS):
        yield from _group(chance, vpc, f"sg-{number}-{group}", number, odd=odd)
    for eni in range(enis):
        yield from _eni(chance, vpc, number, eni, gateway)
    yield from _nat(vpc, number, gateway)


def _nat(vpc: str, number: int, gateway: str) -> Iterator[Row]:
    name, ip, outside = f"eni-nat-{number}", "10.0.0.250", ip_text(4, ip_number("198.19.200.0")[1] + number)
    yield Node(id=f"nat-{number}", site="az-a", kind=NodeKind.TRANSLATOR)
    yield Port(
        id=name,
        segment=f"{vpc}/0",
        mac="02:00:00:00:00:00",
        node=f"nat-{number}",
        index=0,
        guard=False,
        filtered=False,
    )
    yield Address(domain=vpc, ip=ip, port=name, primary=True)
    yield Masquerade(node=f"nat-{number}", address=ip)
    yield from _public(gateway, ip, outside)


def _public(gateway: str, ip: str, outside: str) -> Iterator[Row]:
    yield Mapping(link=gateway, inside=ip, outside=outside)
    yield Route(table=INTERNET, domain=INTERNET, prefix=Prefix.parse(outside), via=ToLink(gateway))


def _group(chance: random.Random, vpc: str, name: str, number: int, *, odd: bool) -> Iterator[Row]:
    yield Filter(id=name, domain=vpc)
    yield rule(f"{name}-out", name, Direction.OUT)
    for index in range(RULES - 1):
        low = chance.randrange(65000)
        ports = (low, low + chance.randrange(500)) if odd else chance.choice(USUAL)
        peers = (
            SentBy(f"sg-{number}-{chance.randrange(GROUPS)}"),
            In(Prefix.parse(f"10.0.{chance.randrange(4)}.0/24")),
        )
        peer = chance.choice((*peers, *peers, In(Prefix.everything())))
        yield rule(f"{name}-{index}", name, Direction.IN, peer, chance.choice((TCP, TCP, UDP)), ports)


def _eni(chance: random.Random, vpc: str, number: int, eni: int, gateway: str) -> Iterator[Row]:
    name, subnet = f"eni-{number}-{eni}", eni % SUBNETS
    ip, outside = f"10.0.{subnet}.{eni // SUBNETS + 4}", ip_text(4, ip_number("198.18.0.0")[1] + number * ENIS + eni)
    yield Node(id=f"i-{number}-{eni}", site="az-a", kind=NodeKind.GUEST)
    yield Port(id=name, segment=f"{vpc}/{subnet}", mac="02:00:00:00:00:00", node=f"i-{number}-{eni}", index=0)
    yield Address(domain=vpc, ip=ip, port=name, primary=True)
    for slot, group in enumerate(chance.sample(range(GROUPS), WORN)):
        yield Wearing(port=name, slot=slot, filter=f"sg-{number}-{group}")
    if subnet < PUBLIC:
        yield from _public(gateway, ip, outside)
