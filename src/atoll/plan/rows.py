"""The rows of the plan. Keys are made of the cloud's stable ids; nothing that grows is a field."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from atoll.packet import ALL_PORTS, PortRange, Prefix
from atoll.records import Record


class Row(Record, frozen=True, kw_only=True):
    """Base of the rows. `origin`: ids of the cloud objects it came from, for explanations."""

    origin: tuple[str, ...] = ()


class DomainKind(StrEnum):
    """What an isolated routing space stands for."""

    VPC = "vpc"
    INTERNET = "internet"
    TRANSIT = "transit"
    SERVICE = "service"


class NodeKind(StrEnum):
    """What ends or forwards packets."""

    GUEST = "guest"
    TRANSLATOR = "translator"
    BALANCER = "balancer"
    HOST = "host"
    OPAQUE = "opaque"


class Hash(StrEnum):
    """What a balancer's choice hangs on."""

    FLOW = "flow"
    SOURCE = "source"


class Direction(StrEnum):
    """Seen from the port or the segment: outward or inward."""

    OUT = "out"
    IN = "in"


class Site(Row, frozen=True, kw_only=True):
    """An availability zone. A zone that fails flips `up`."""

    KIND: ClassVar[str] = "site"
    id: str
    up: bool = True


class Domain(Row, frozen=True, kw_only=True):
    """An isolated routing space: a VPC, or the internet."""

    KIND: ClassVar[str] = "domain"
    id: str
    kind: DomainKind


class Segment(Row, frozen=True, kw_only=True):
    """A subnet. `table` routes what its ports send; `fence` is the ordered filter at its border, None = open."""

    KIND: ClassVar[str] = "segment"
    INDEX: ClassVar[tuple[str, ...]] = ("domain", "table", "fence", "site")
    id: str
    domain: str
    site: str
    prefix: Prefix
    table: str
    fence: str | None = None


class Node(Row, frozen=True, kw_only=True):
    """What ends or forwards packets: an instance, a host of the internet."""

    KIND: ClassVar[str] = "node"
    INDEX: ClassVar[tuple[str, ...]] = ("site",)
    id: str
    site: str
    kind: NodeKind
    powered: bool = True


class Idle(msgspec.Struct, frozen=True):
    """Seconds of silence after which a port forgets a connection that it tracks. The defaults are AWS's (fact 137).

    `tcp`: an established one. `udp`: datagrams one way, or one question and one answer; `stream`: more than that.
    """

    tcp: int = 432_000
    udp: int = 30
    stream: int = 180


class Port(Row, frozen=True, kw_only=True):
    """A network interface. `index` is its device index in the node (eth0 = 0); None where it has no node."""

    KIND: ClassVar[str] = "port"
    INDEX: ClassVar[tuple[str, ...]] = ("node", "segment")
    id: str
    segment: str
    mac: str
    node: str | None = None
    index: int | None = None
    up: bool = True
    guard: bool = True
    filtered: bool = True
    mtu: int = 9001
    idle: Idle = Idle()


class Address(Row, frozen=True, kw_only=True):
    """An address of a port, unique in its domain."""

    KIND: ClassVar[str] = "address"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "ip")
    INDEX: ClassVar[tuple[str, ...]] = ("port",)
    domain: str
    ip: str
    port: str
    primary: bool


class Deliver(msgspec.Struct, frozen=True, tag="deliver"):
    """To the port that has the destination address in this domain (the local route)."""


class ToPort(msgspec.Struct, frozen=True, tag="port"):
    """To that port, whatever the destination: a middlebox or a translator."""

    port: str


class ToLink(msgspec.Struct, frozen=True, tag="link"):
    """Over that link."""

    link: str


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """Nowhere. `reason`: "blackhole", or why a target that is there forwards nothing."""

    reason: str = "blackhole"


Via = Deliver | ToPort | ToLink | Drop


class Route(Row, frozen=True, kw_only=True):
    """One destination of one table. The longest prefix wins; equals do not occur (settled in compile)."""

    KIND: ClassVar[str] = "route"
    KEY: ClassVar[tuple[str, ...]] = ("table", "prefix")
    INDEX: ClassVar[tuple[str, ...]] = ("table", "domain", "target")
    table: str
    domain: str
    prefix: Prefix
    via: Via

    @property
    def target(self) -> str | None:
        """The port or link that it names."""
        match self.via:
            case ToPort(port):
                return port
            case ToLink(link):
                return link
        return None


class Link(Row, frozen=True, kw_only=True):
    """Joins two domains. What comes in on side a is routed by table `arrive_a`, on side b by `arrive_b`.

    `mapped`: 1:1 address translation, with a's side inside (an internet gateway). `from_a`: connections may only be
    opened from a (an egress-only gateway). `mtu` in bytes.
    """

    KIND: ClassVar[str] = "link"
    INDEX: ClassVar[tuple[str, ...]] = ("a", "b", "arrive_a", "arrive_b")
    id: str
    a: str
    b: str
    arrive_a: str
    arrive_b: str
    mapped: bool = False
    from_a: bool = False
    mtu: int = 1500


class Mapping(Row, frozen=True, kw_only=True):
    """An Elastic IP or automatic public IP: `inside` is the private address, `outside` the public one."""

    KIND: ClassVar[str] = "mapping"
    KEY: ClassVar[tuple[str, ...]] = ("link", "inside")
    INDEX: ClassVar[tuple[str, ...]] = ("link", "outside")
    link: str
    inside: str
    outside: str


class Masquerade(Row, frozen=True, kw_only=True):
    """A translator's node lets new connections appear as this address of its port, from one of these ports.

    `per_destination`: connections at once to one address, protocol and port. `idle`: seconds after which a silent one
    is forgotten.
    """

    KIND: ClassVar[str] = "masquerade"
    KEY: ClassVar[tuple[str, ...]] = ("node", "address")
    INDEX: ClassVar[tuple[str, ...]] = ("node",)
    node: str
    address: str
    ports: PortRange = PortRange(1024, 65535)
    per_destination: int = 55_000
    idle: int = 350


class Frontend(Row, frozen=True, kw_only=True):
    """What a balancer's node takes at its own addresses: a listener in one zone.

    `hash`: what the choice of a backend hangs on, the whole flow or its source alone. `keep`: backends see the source
    of the flow, else the node's primary address. `idle`: seconds after which a silent connection is forgotten.
    """

    KIND: ClassVar[str] = "frontend"
    INDEX: ClassVar[tuple[str, ...]] = ("node",)
    id: str
    node: str
    protocol: int
    port: int
    hash: Hash = Hash.FLOW
    keep: bool = True
    idle: int = 350


class Backend(Row, frozen=True, kw_only=True):
    """A target of a frontend. New connections get one that is `eligible`; `cut`: those that have it are ended."""

    KIND: ClassVar[str] = "backend"
    KEY: ClassVar[tuple[str, ...]] = ("frontend", "address", "port")
    INDEX: ClassVar[tuple[str, ...]] = ("frontend", "address")
    frontend: str
    address: str
    port: int
    eligible: bool = True
    cut: bool = False


class Probe(Row, frozen=True, kw_only=True):
    """Somebody at the node asks again and again whether an address answers. Fabrics do nothing about it: agents ask.

    `protocol`: tcp, http or https; `path` and `codes` ("200-399") are of the latter two. `interval` and `timeout` are
    seconds; `healthy` and `unhealthy` say how many answers in a row change its mind.
    """

    KIND: ClassVar[str] = "probe"
    id: str
    node: str
    address: str
    port: int
    protocol: str = "tcp"
    path: str = ""
    codes: str = ""
    interval: int = 30
    timeout: int = 10
    healthy: int = 5
    unhealthy: int = 2


class Filter(Row, frozen=True, kw_only=True):
    """A security group (a union of rules, stateful) or a network ACL (ordered, stateless) of one domain."""

    KIND: ClassVar[str] = "filter"
    INDEX: ClassVar[tuple[str, ...]] = ("domain",)
    id: str
    domain: str
    ordered: bool = False


class SentBy(msgspec.Struct, frozen=True, tag="sent-by"):
    """Packets whose sender wears that filter."""

    filter: str


class InSet(msgspec.Struct, frozen=True, tag="in-set"):
    """Peer addresses that are members of that set."""

    set: str


class In(msgspec.Struct, frozen=True, tag="in"):
    """Peer addresses inside that prefix."""

    prefix: Prefix


Peer = In | InSet | SentBy


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule matches. `protocol` None = every protocol.

    `ports`: destination ports, for TCP and UDP only. `icmp`: (type, code), -1 = any, for ICMP only. `peer` is the
    other end: the source inward, the destination outward; SentBy outward means the *receiver* wears the filter.
    """

    peer: Peer
    protocol: int | None = None
    ports: PortRange = ALL_PORTS
    icmp: tuple[int, int] = (-1, -1)


class Rule(Row, frozen=True, kw_only=True):
    """A security group rule, or a network ACL entry with its `order` (lowest first). One to one with the user's."""

    KIND: ClassVar[str] = "rule"
    INDEX: ClassVar[tuple[str, ...]] = ("filter",)
    id: str
    filter: str
    direction: Direction
    match: Match
    allow: bool = True
    order: int | None = None


class Wearing(Row, frozen=True, kw_only=True):
    """A port wears a filter. `slot` keeps the user's order."""

    KIND: ClassVar[str] = "wearing"
    KEY: ClassVar[tuple[str, ...]] = ("port", "slot")
    INDEX: ClassVar[tuple[str, ...]] = ("port", "filter")
    port: str
    slot: int
    filter: str


class Member(Row, frozen=True, kw_only=True):
    """A prefix belongs to a set (a prefix list)."""

    KIND: ClassVar[str] = "member"
    KEY: ClassVar[tuple[str, ...]] = ("set", "prefix")
    INDEX: ClassVar[tuple[str, ...]] = ("set",)
    set: str
    prefix: Prefix


class Resolver(Row, frozen=True, kw_only=True):
    """An address at which a domain tells its ports names (port 53, UDP and TCP); silent while it does not answer."""

    KIND: ClassVar[str] = "resolver"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "ip")
    INDEX: ClassVar[tuple[str, ...]] = ("domain",)
    domain: str
    ip: str
    answers: bool = True


class Lease(Row, frozen=True, kw_only=True):
    """What a domain tells its guests at each boot, and whenever it changes: whom to ask for names, and how to complete
    one. `search`: domain names, with spaces between them.
    """

    KIND: ClassVar[str] = "lease"
    KEY: ClassVar[tuple[str, ...]] = ("domain",)
    domain: str
    servers: tuple[str, ...] = ()  # at most eight
    search: str = ""


class NameType(StrEnum):
    """What a name stands for: an IPv4 address, or (a name in in-addr.arpa) another name."""

    A = "A"
    PTR = "PTR"


class Name(Row, frozen=True, kw_only=True):
    """A name and one of its values, for who asks from `domain`; the internet's are for whoever has no other of its own.

    Names are in lower case and without the last dot. `ttl` in seconds.
    """

    KIND: ClassVar[str] = "name"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "name", "type", "value")
    INDEX: ClassVar[tuple[str, ...]] = ("place", "above")
    domain: str
    name: str
    type: NameType
    value: str
    ttl: int = 60

    @property
    def place(self) -> str:
        """Indexed: domain and name."""
        return place_of(self.domain, self.name)

    @property
    def above(self) -> tuple[str, ...]:
        """Indexed: the same of each name that it lies under. Those exist, although they have no value."""
        labels = self.name.split(".")
        return tuple(place_of(self.domain, ".".join(labels[start:])) for start in range(1, len(labels)))


def place_of(domain: str, name: str) -> str:
    """How Name rows are found."""
    return f"{domain}/{name}"


class Zone(Row, frozen=True, kw_only=True):
    """Whoever asks from `domain` is told of all names that end in this one: what has no row there does not exist."""

    KIND: ClassVar[str] = "zone"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "name")
    domain: str
    name: str


class Numbering(Row, frozen=True, kw_only=True):
    """Each address of a prefix has a name made of it, for who asks from `domain`: 10.0.0.5 is ip-10-0-0-5.ZONE.

    Both ways, for addresses without Name rows that say otherwise.
    """

    KIND: ClassVar[str] = "numbering"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "zone", "prefix")
    INDEX: ClassVar[tuple[str, ...]] = ("domain",)
    domain: str
    zone: str
    prefix: Prefix
    ttl: int = 60


ROWS: tuple[type[Row], ...] = (
    Site,
    Domain,
    Segment,
    Node,
    Port,
    Address,
    Route,
    Link,
    Mapping,
    Masquerade,
    Frontend,
    Backend,
    Probe,
    Filter,
    Rule,
    Wearing,
    Member,
    Resolver,
    Lease,
    Zone,
    Numbering,
    Name,
)

INTERNET = "internet"
"""The id of the one internet domain, of its segment and of its route table."""
