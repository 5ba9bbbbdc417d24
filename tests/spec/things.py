"""What a world is made of: AWS's own things, with the fields that decide about packets."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

from tests.spec.flow import ALL, ICMP, TCP, UDP, Packet

EVERYWHERE = IPv4Network("0.0.0.0/0")
ANY, LOCAL = -1, "local"
IDLE = {"TcpEstablishedTimeout": 432_000, "UdpTimeout": 30, "UdpStreamTimeout": 180}  # fact 137
Chosen = tuple[str, IPv4Address, int]  # a load balancer's target: its group, address and port
Peer = IPv4Network | tuple[IPv4Network, ...] | str  # a block, a prefix list's blocks, or the id of a security group


@dataclass(eq=False)
class Memory:
    """What an interface, or a NAT gateway, knows of a flow that it lets pass. Another packet of it ends its silence."""

    protocol: str
    idle: tuple[int, ...]
    silent: int = 0
    asked: int = 1
    answered: int = 0
    chosen: Chosen | None = None  # a load balancer's: who got the flow
    back: str | None = None  # the interface of the load balancer that brought it

    def hear(self, forward: bool) -> bool:
        self.silent, self.asked, self.answered = 0, self.asked + forward, self.answered + (not forward)
        return True

    @property
    def over(self) -> bool:
        """Silent for too long. UDP is a stream after more than one question and answer."""  # fact 137
        tcp, udp, stream, other = self.idle
        udp = stream if min(self.asked, self.answered) > 1 else udp
        return self.silent >= {TCP: tcp, UDP: udp}.get(self.protocol, other)


class Direction(Enum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class Traffic:
    """Protocol and ports of a rule; `low` and `high` are type and code of ICMP."""

    protocol: str
    low: int = ANY
    high: int = ANY

    def covers(self, packet: Packet) -> bool:
        if self.protocol == ALL:  # fact 122, 145: ports are ignored
            return True
        if self.protocol != packet.protocol:
            return False
        if self.protocol == ICMP:  # fact 122: -1 is any type, any code
            return self.low in (ANY, packet.icmp_type) and self.high in (ANY, packet.icmp_code)
        if self.protocol in (TCP, UDP):
            return self.low <= packet.destination_port <= self.high
        return True  # fact 145: other protocols have no ports


@dataclass(frozen=True)
class GroupRule:
    traffic: Traffic
    peer: Peer


Group = Mapping[Direction, tuple[GroupRule, ...]]


@dataclass(frozen=True)
class AclEntry:
    direction: Direction
    allow: bool
    traffic: Traffic
    peer: IPv4Network


@dataclass(frozen=True)
class Route:
    destination: IPv4Network
    target: str  # "local", or the id of an internet gateway or of a network interface, a NAT gateway's too
    blackhole: bool


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    zone: str
    cidr: IPv4Network
    routes: tuple[Route, ...]  # of the one table that is in force here
    acl: tuple[AclEntry, ...]  # lowest number first


@dataclass(frozen=True)
class Eni:
    """While attached: `attachment`, the instance's `state`, and `host`, another one after each start (decision).

    A NAT gateway's or a load balancer's: `host` is the gateway or the node, which runs while it is available or active.
    """

    id: str
    vpc: str
    subnet: str
    primary: IPv4Address
    addresses: frozenset[IPv4Address]
    public: Mapping[IPv4Address, IPv4Address]  # private to public
    groups: frozenset[str]
    check: bool
    attachment: str | None
    host: str | None
    state: str | None
    idle: tuple[int, ...]  # seconds, in the order of IDLE, and those of other protocols
    gives: IPv4Address | None = None  # a NAT gateway's: what new connections through it get as their source
    balances: bool = False  # a load balancer's

    @property
    def alive(self) -> bool:
        """Somebody sends and receives here."""  # fact 258, 259
        return self.state == "running"

    @property
    def incarnation(self) -> str:
        """Where connections are tracked: attached anew, or its instance started anew, is another place."""
        return f"{self.id} as {self.attachment} on {self.host}"  # decision
