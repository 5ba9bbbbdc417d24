"""Random plans from a small alphabet, so that two of them share much and differ in everything that can differ."""

import random

from msgspec.structs import replace

from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import (
    INTERNET,
    Address,
    Backend,
    Deliver,
    Direction,
    Domain,
    DomainKind,
    Drop,
    Filter,
    Frontend,
    Hash,
    Idle,
    InSet,
    Link,
    Mapping,
    Masquerade,
    Member,
    Name,
    NameType,
    Node,
    NodeKind,
    Numbering,
    Peer,
    Port,
    Route,
    Row,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    ToPort,
    Via,
    Wearing,
    Zone,
)
from tests.unit.lagoon import resolvers, rule

VPCS = ("vpc-1", "vpc-2")
SUBNETS = 2
PORTS = 5
IDLES = (Idle(), Idle(), Idle(), Idle(tcp=60), Idle(600, 60, 60), Idle(60, 40, 170))
PREFIXES = ("0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.4/30", "10.0.1.5/32", "203.0.113.0/24")


def random_plan(chance: random.Random) -> list[Row]:
    """A whole plan; every reference in it is to something that exists."""
    rows: list[Row] = [Site(id=name, up=chance.random() < 0.8) for name in ("az-a", "az-b", INTERNET)]
    rows += [
        Domain(id=INTERNET, kind=DomainKind.INTERNET),
        Segment(id=INTERNET, domain=INTERNET, site=INTERNET, prefix=Prefix.parse("203.0.113.0/24"), table=INTERNET),
        Route(table=INTERNET, domain=INTERNET, prefix=Prefix.parse("203.0.113.0/24"), via=Deliver()),
        Node(id="host-1", site=INTERNET, kind=NodeKind.HOST),
        Port(id="h-1", segment=INTERNET, mac="02:00:cb:00:71:0a", node="host-1", index=0, filtered=False, mtu=1500),
        Address(domain=INTERNET, ip="203.0.113.10", port="h-1", primary=True),
    ]
    for number, vpc in enumerate(VPCS[: chance.randint(1, 2)]):
        rows += _vpc(chance, vpc, number)
    return rows


def _vpc(chance: random.Random, vpc: str, number: int) -> list[Row]:
    gateway = f"igw-{vpc}" if chance.random() < 0.7 else None
    ports = [f"eni-{vpc}-{index}" for index in range(PORTS) if chance.random() < 0.8]
    translator, balancer = chance.random() < 0.5, chance.random() < 0.5
    rows: list[Row] = [Domain(id=vpc, kind=DomainKind.VPC), *_filters(chance, vpc), *_nodes(chance, vpc)]
    for index, site in enumerate(("az-a", "az-b")):
        rows.append(
            Segment(
                id=f"{vpc}-s{index}",
                domain=vpc,
                site=site,
                prefix=Prefix.parse(f"10.0.{index + 1}.0/24"),
                table=f"rtb-{vpc}-{chance.randint(0, 1)}",
                fence=chance.choice((None, f"acl-{vpc}")),
            )
        )
    for table in (0, 1):
        ways = [*ports, *([f"eni-nat-{vpc}"] if translator else ()), *([f"eni-lb-{vpc}"] if balancer else ())]
        rows += _routes(chance, vpc, f"rtb-{vpc}-{table}", ways, gateway)
    for name in ports:
        rows += _port(chance, vpc, name)
    rows += _translator(chance, vpc) if translator else ()
    rows += _names(chance, vpc)
    rows += _balancer(chance, vpc) if balancer else ()
    if gateway:
        rows.append(Link(id=gateway, a=vpc, b=INTERNET, arrive_a=f"in-{vpc}", arrive_b=INTERNET, mapped=True))
        rows += _routes(chance, vpc, f"in-{vpc}", ports, None)
        rows += _public(chance, gateway, ports, number)
    return rows


def _names(chance: random.Random, vpc: str) -> list[Row]:
    """What the VPC's resolver knows, if it has one."""
    if chance.random() < 0.3:
        return []
    known: list[Row] = [
        Zone(domain=vpc, name="ec2.internal"),
        Numbering(domain=vpc, zone="ec2.internal", prefix=Prefix.parse("10.0.0.0/8")),
        *(Name(domain=vpc, name="i-1.ec2.internal", type=NameType.A, value=f"10.0.1.{n}") for n in (5, 6)),
    ]
    return [*resolvers(vpc, answers=chance.random() < 0.7), *(one for one in known if chance.random() < 0.7)]


def _translator(chance: random.Random, vpc: str) -> list[Row]:
    """A NAT gateway with one address or two, of which it gives some."""
    node, port = f"nat-{vpc}", f"eni-nat-{vpc}"
    segment = chance.randint(0, SUBNETS - 1)
    ips = [f"10.0.{segment + 1}.{last}" for last in (99, 98)[: chance.randint(1, 2)]]
    return [
        Node(id=node, site="az-a", kind=NodeKind.TRANSLATOR),
        Port(
            id=port,
            segment=f"{vpc}-s{segment}",
            mac="02:00:00:00:09:09",
            node=node,
            index=0,
            guard=False,
            filtered=False,
        ),
        *(Address(domain=vpc, ip=ip, port=port, primary=ip == ips[0]) for ip in ips),
        *(Masquerade(node=node, address=ip) for ip in ips if chance.random() < 0.8),
    ]


def _balancer(chance: random.Random, vpc: str) -> list[Row]:
    """A balancer's node with one frontend or two, and backends, some of which nobody has."""
    node, port = f"lb-{vpc}", f"eni-lb-{vpc}"
    segment, filtered = chance.randint(0, SUBNETS - 1), chance.random() < 0.5
    ip, name = f"10.0.{segment + 1}.97", f"{vpc}-s{segment}"
    worn = chance.sample(range(3), 2) if filtered else []
    rows: list[Row] = [
        Node(id=node, site="az-a", kind=NodeKind.BALANCER),
        Port(id=port, segment=name, mac="02:00:00:00:09:07", node=node, index=0, guard=False, filtered=filtered),
        Address(domain=vpc, ip=ip, port=port, primary=True),
        *(Wearing(port=port, slot=slot, filter=f"sg-{vpc}-{group}") for slot, group in enumerate(worn)),
    ]
    for protocol, idle in ((TCP, chance.choice((350, 60))), (UDP, 120)):
        if chance.random() < 0.8:
            frontend, hash_ = f"f-{vpc}-{protocol}", chance.choice(list(Hash))
            keep = chance.random() < 0.7
            rows.append(Frontend(id=frontend, node=node, protocol=protocol, port=80, keep=keep, hash=hash_, idle=idle))
            for address in ("10.0.1.5", "10.0.2.6", "10.0.1.7", "10.0.1.200"):
                eligible = chance.random() < 0.6
                cut = not eligible and chance.random() < 0.5
                if chance.random() < 0.6:
                    rows.append(Backend(frontend=frontend, address=address, port=80, eligible=eligible, cut=cut))
    return rows


def _nodes(chance: random.Random, vpc: str) -> list[Row]:
    return [
        Node(id=f"i-{vpc}-{index}", site="az-a", kind=NodeKind.GUEST, powered=chance.random() < 0.8)
        for index in range(3)
    ]


def _port(chance: random.Random, vpc: str, name: str) -> list[Row]:
    index = int(name[-1])
    segment = index % SUBNETS
    attached = chance.random() < 0.8
    port = Port(
        id=name,
        segment=f"{vpc}-s{segment}",
        mac=f"02:00:00:00:0{segment}:0{index}",
        node=f"i-{vpc}-{chance.randint(0, 2)}" if attached else None,
        index=index if attached else None,
        up=chance.random() < 0.9,
        guard=chance.random() < 0.7,
        filtered=chance.random() < 0.8,
        idle=chance.choice(IDLES),
        mtu=chance.choice((1500, 9001)),
    )
    addresses = [f"10.0.{segment + 1}.{5 + index + 10 * extra}" for extra in range(chance.randint(1, 3))]
    worn = chance.sample(range(3), chance.randint(0, 3))
    return [
        port,
        *(Address(domain=vpc, ip=ip, port=name, primary=place == 0) for place, ip in enumerate(addresses)),
        *(Wearing(port=name, slot=slot, filter=f"sg-{vpc}-{group}") for slot, group in enumerate(worn)),
    ]


def _routes(chance: random.Random, vpc: str, table: str, ports: list[str], gateway: str | None) -> list[Row]:
    choices: list[Via] = [Deliver(), Drop()]
    choices += [ToPort(port) for port in ports]
    choices += [ToLink(gateway)] if gateway else []
    made: list[Row] = [Route(table=table, domain=vpc, prefix=Prefix.parse("10.0.0.0/16"), via=Deliver())]
    prefixes = [
        text for text in ("0.0.0.0/0", "10.0.1.0/24", "10.0.2.0/24", "203.0.113.10/32") if chance.random() < 0.5
    ]
    made += [Route(table=table, domain=vpc, prefix=Prefix.parse(one), via=chance.choice(choices)) for one in prefixes]
    return made


def _public(chance: random.Random, gateway: str, ports: list[str], number: int) -> list[Row]:
    made: list[Row] = []
    for name in chance.sample(ports, min(len(ports), 2)):
        index = int(name[-1])
        inside = f"10.0.{index % SUBNETS + 1}.{5 + index}"
        outside = f"198.18.{number}.{chance.randint(1, 3) + 10 * index}"
        prefix = Prefix.parse(f"{outside}/32")
        made.append(Mapping(link=gateway, inside=inside, outside=outside))
        made.append(Route(table=INTERNET, domain=INTERNET, prefix=prefix, via=ToLink(gateway)))
    return made


def _filters(chance: random.Random, vpc: str) -> list[Row]:
    names = [f"sg-{vpc}-{index}" for index in range(3)]
    rows: list[Row] = [Filter(id=name, domain=vpc) for name in names]
    rows += [Member(set=f"pl-{vpc}", prefix=Prefix.parse(text)) for text in PREFIXES[1:] if chance.random() < 0.5]
    for name in names:
        for index in range(chance.randint(0, 5)):
            rows.append(_rule(chance, f"{name}-{index}", name, _peer(chance, vpc, names)))
    fence = f"acl-{vpc}"
    rows.append(Filter(id=fence, domain=vpc, ordered=True))
    for index in range(chance.randint(0, 3)):
        made = _rule(chance, f"{fence}-{index}", fence, chance.choice(PREFIXES))
        rows.append(replace(made, order=10 * index, allow=chance.random() < 0.7))
    return rows


def _peer(chance: random.Random, vpc: str, names: list[str]) -> Peer | str:
    return chance.choice((*PREFIXES, *PREFIXES, SentBy(chance.choice(names)), InSet(f"pl-{vpc}")))


def _rule(chance: random.Random, name: str, group: str, peer: Peer | str) -> Rule:
    low = chance.choice((0, 22, 80, 443, 1024))
    return rule(
        name,
        group,
        chance.choice((Direction.IN, Direction.OUT)),
        peer,
        chance.choice((None, TCP, UDP, ICMP, 47)),
        (low, low + chance.choice((0, 1, 1000))),
        chance.choice(((-1, -1), (8, -1), (0, 0))),
    )
