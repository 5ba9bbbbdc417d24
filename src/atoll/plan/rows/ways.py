"""Which way packets go, and what translates them there: routes, links, mappings, translators."""

from typing import ClassVar

import msgspec

from atoll.packet import PortRange, Prefix
from atoll.plan.rows.base import Row


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
