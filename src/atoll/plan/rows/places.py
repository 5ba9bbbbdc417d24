"""Where packets come from and arrive: zones, domains, segments, nodes, ports and their addresses."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from atoll.packet import Prefix
from atoll.plan.rows.base import Row


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
