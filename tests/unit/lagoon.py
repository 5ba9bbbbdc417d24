"""A small plan for tests: one VPC over two zones, an internet gateway, hosts of the internet; and how to change it."""

from collections.abc import Iterable
from typing import TypeVar

from atoll.packet import TCP, Flow, PortRange, Prefix
from atoll.plan.rows import (
    INTERNET,
    Address,
    Backend,
    Deliver,
    Direction,
    Domain,
    DomainKind,
    Filter,
    Frontend,
    Hash,
    In,
    Link,
    Mapping,
    Masquerade,
    Match,
    Node,
    NodeKind,
    Peer,
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
    Wearing,
)
from atoll.plan.services import RESOLVER
from atoll.records import Table

R = TypeVar("R", bound=Row)

VPC = "vpc-1"
CLIENT = "203.0.113.10"
IN, OUT = Direction.IN, Direction.OUT
WORLD = In(Prefix.everything())


def route(table: str, prefix: str, via: Via, domain: str = VPC) -> Route:
    return Route(table=table, domain=domain, prefix=Prefix.parse(prefix), via=via)


def rule(
    name: str,
    group: str,
    direction: Direction,
    peer: Peer | str = WORLD,
    protocol: int | None = None,
    ports: tuple[int, int] = (0, 65535),
    icmp: tuple[int, int] = (-1, -1),
    allow: bool = True,
    order: int | None = None,
) -> Rule:
    to = In(Prefix.parse(peer)) if isinstance(peer, str) else peer
    match = Match(peer=to, protocol=protocol, ports=PortRange(*ports), icmp=icmp)
    return Rule(id=name, filter=group, direction=direction, match=match, allow=allow, order=order, origin=(name,))


def open_group(name: str) -> list[Row]:
    """A group that lets everything pass, and keeps track of what comes in: its rule is no rule open to the world."""
    return [
        group(name),
        rule("all-in", name, IN, "0.0.0.0/1"),
        rule("all-in-2", name, IN, "128.0.0.0/1"),
        rule("all-out", name, OUT),
    ]


def guest(
    name: str,
    segment: str,
    ip: str,
    groups: Iterable[str] = (),
    site: str = "az-a",
    domain: str = VPC,
    guard: bool = True,
    kind: NodeKind = NodeKind.GUEST,
) -> list[Row]:
    """Node i-NAME with port eni-NAME."""
    return [
        Node(id=f"i-{name}", site=site, kind=kind),
        *port(name, f"i-{name}", 0, segment, ip, groups, domain, guard),
    ]


def port(
    name: str,
    node: str | None,
    index: int | None,
    segment: str,
    ip: str,
    groups: Iterable[str] = (),
    domain: str = VPC,
    guard: bool = True,
) -> list[Row]:
    """Port eni-NAME with its primary address. Without groups: not filtered."""
    worn = list(groups)
    mac = "02:00:" + ":".join(f"{int(part):02x}" for part in ip.split("."))
    eni = f"eni-{name}"
    return [
        Port(id=eni, segment=segment, mac=mac, node=node, index=index, guard=guard, filtered=bool(worn), origin=(eni,)),
        Address(domain=domain, ip=ip, port=eni, primary=True),
        *(Wearing(port=eni, slot=slot, filter=group) for slot, group in enumerate(worn)),
    ]


def host(name: str, ip: str) -> list[Row]:
    return guest(name, INTERNET, ip, site=INTERNET, domain=INTERNET, kind=NodeKind.HOST)


def public(inside: str, outside: str) -> list[Row]:
    """An Elastic IP."""
    return [
        Mapping(link="igw", inside=inside, outside=outside, origin=(f"eipassoc-{outside}",)),
        route(INTERNET, f"{outside}/32", ToLink("igw"), INTERNET),
    ]


def nat(
    name: str, segment: str, ip: str, *more: str, table: str = "", site: str = "az-a", domain: str = VPC
) -> list[Row]:
    """Translator nat-NAME with port eni-nat-NAME, which gives all of its addresses; `table` leads out through it."""
    node, eni = f"nat-{name}", f"eni-nat-{name}"
    own = port(f"nat-{name}", node, 0, segment, ip, domain=domain, guard=False)
    return [
        Node(id=node, site=site, kind=NodeKind.TRANSLATOR),
        *own,
        *(Address(domain=domain, ip=one, port=eni, primary=False) for one in more),
        *(Masquerade(node=node, address=one) for one in (ip, *more)),
        *([route(table, "0.0.0.0/0", ToPort(eni), domain)] if table else []),
    ]


def resolvers(domain: str = VPC, *, answers: bool = True) -> list[Row]:
    """Where a VPC of the block 10.0.0.0/16 tells names."""
    return [Resolver(domain=domain, ip=ip, answers=answers) for ip in (RESOLVER, "10.0.0.2")]


def nlb(
    name: str,
    segment: str,
    ip: str,
    *targets: str,
    groups: Iterable[str] = (),
    listens: tuple[int, int] = (TCP, 80),
    port_: int = 8080,
    keep: bool = True,
    hash_: Hash = Hash.FLOW,
    site: str = "az-a",
) -> list[Row]:
    """Balancer lb-NAME with port eni-lb-NAME, whose frontend f-NAME has these targets."""
    node, frontend = f"lb-{name}", f"f-{name}"
    own = port(f"lb-{name}", node, 0, segment, ip, groups, guard=False)
    return [
        Node(id=node, site=site, kind=NodeKind.BALANCER),
        *own,
        Frontend(id=frontend, node=node, protocol=listens[0], port=listens[1], keep=keep, hash=hash_),
        *(Backend(frontend=frontend, address=target, port=port_) for target in targets),
    ]


def group(name: str) -> Filter:
    return Filter(id=name, domain=VPC)


def world() -> list[Row]:
    """Domains, segments, tables and the gateway: subnets pub, pub-b (another zone) and priv, nobody in them."""
    return [
        Site(id="az-a"),
        Site(id="az-b"),
        Site(id=INTERNET),
        Domain(id=VPC, kind=DomainKind.VPC),
        Domain(id=INTERNET, kind=DomainKind.INTERNET),
        Segment(id="pub", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.1.0/24"), table="rtb-pub"),
        Segment(id="pub-b", domain=VPC, site="az-b", prefix=Prefix.parse("10.0.3.0/24"), table="rtb-pub"),
        Segment(id="priv", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.2.0/24"), table="rtb-priv"),
        Segment(id=INTERNET, domain=INTERNET, site=INTERNET, prefix=Prefix.parse("203.0.113.0/24"), table=INTERNET),
        Link(id="igw", a=VPC, b=INTERNET, arrive_a="igw-in", arrive_b=INTERNET, mapped=True),
        route("rtb-pub", "10.0.0.0/16", Deliver()),
        route("rtb-pub", "0.0.0.0/0", ToLink("igw")),
        route("rtb-priv", "10.0.0.0/16", Deliver()),
        route("igw-in", "10.0.0.0/16", Deliver()),
        route(INTERNET, "203.0.113.0/24", Deliver(), INTERNET),
    ]


def lab() -> Table:
    """web (Elastic IP 198.18.0.7, opens 80 to the world) and web-b in public subnets, db in the private one."""
    return Table(
        [
            *world(),
            group("sg-web"),
            group("sg-db"),
            rule("sgr-http", "sg-web", IN, protocol=TCP, ports=(80, 80)),
            rule("sgr-web-out", "sg-web", OUT, "10.0.0.0/8"),
            rule("sgr-web-world", "sg-web", OUT, protocol=TCP, ports=(443, 443)),
            rule("sgr-db", "sg-db", IN, "10.0.1.0/24", TCP, (5432, 5432)),
            rule("sgr-db-out", "sg-db", OUT),
            *guest("web", "pub", "10.0.1.5", ["sg-web"]),
            *guest("web-b", "pub-b", "10.0.3.5", ["sg-web"], site="az-b"),
            *guest("db", "priv", "10.0.2.5", ["sg-db"]),
            *host("client", CLIENT),
            *host("server", "203.0.113.80"),
            *public("10.0.1.5", "198.18.0.7"),
        ]
    )


def change(plan: Table, *rows: Row, without: Iterable[Row] = ()) -> Table:
    """Another plan: with rows put (added or replaced) and rows taken away."""
    records = dict(plan.records)
    for row in without:
        del records[row.key]
    records.update({row.key: row for row in rows})
    return Table(records.values())


def tcp(source: str, destination: str, port_: int = 80, source_port: int = 40000) -> Flow:
    return Flow(source, destination, TCP, source_port, port_)


def row(plan: Table, kind: type[R], *key: str) -> R:
    """A row that must be there."""
    found = plan.get(kind, *key)
    assert found is not None
    return found
