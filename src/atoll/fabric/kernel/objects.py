"""Kernel objects: what the fabric writes, as records with readable keys. The numbers behind names are not theirs.

`domain` is the domain whose router namespace holds the object, or the forwarding node whose namespace does.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Literal

from atoll.linux.nft.expr import Expression
from atoll.linux.nft.wire import Hook
from atoll.linux.nft.wire import Timeout as Times
from atoll.linux.rtnl import Kind
from atoll.records import Key, Record

Forwards = Literal["translator", "balancer"]


class Namespace(Record, frozen=True, kw_only=True):
    """A network namespace: of a domain's router, or of a node.

    `forwards`: the kind of a node that sends on what others send; its inside is ours, with a table of its own.
    """

    KIND: ClassVar[str] = "namespace"
    id: str
    router: bool
    forwards: Forwards | None = None


class Number(Record, frozen=True, kw_only=True):
    """A name that needs a number: kind "segment", "class", "group" or "table"."""

    KIND: ClassVar[str] = "number"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "sort", "name")
    domain: str
    sort: str
    name: str


class Chain(Record, frozen=True, kw_only=True):
    """A chain with all its rules, in order. `ids`: the plan's rules behind them, where one stands for one."""

    KIND: ClassVar[str] = "chain"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "name")
    domain: str
    name: str
    rules: tuple[tuple[Expression, ...], ...] = ()
    hook: Hook | None = None
    ids: tuple[str, ...] = ()


class Set(Record, frozen=True, kw_only=True):
    """A set or map; `shape` is a name in `sets.SHAPES`."""

    KIND: ClassVar[str] = "set"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "name")
    domain: str
    name: str
    shape: str


class Timeout(Record, frozen=True, kw_only=True):
    """How long connections of one protocol may be silent. `times`: see `wire.Timeout`."""

    KIND: ClassVar[str] = "timeout"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "name")
    domain: str
    name: str
    times: Times


class Element(Record, frozen=True, kw_only=True):
    """An element of a set or map. `high` is empty for points. `rules`: why it is there."""

    KIND: ClassVar[str] = "element"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "set", "text")
    domain: str
    set: str
    shape: str
    low: tuple[str | int, ...]
    high: tuple[str | int, ...] = ()
    value: str = ""
    rules: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The key in words: "10.0.0.0-10.0.0.255 6-6 80-80"."""
        return _words(self.low, self.high)

    @property
    def key(self) -> Key:
        """As every record's, without looking names up: most objects are elements."""
        return ("element", self.domain, self.set, _words(self.low, self.high))


@lru_cache(maxsize=1 << 17)
def _words(low: tuple[str | int, ...], high: tuple[str | int, ...]) -> str:
    if not high:
        return " ".join(map(str, low))
    return " ".join(f"{first}-{last}" for first, last in zip(low, high, strict=True))


class Veth(Record, frozen=True, kw_only=True):
    """The pair that joins a port's node to its router: `name` in the router, eth<index> in the node."""

    KIND: ClassVar[str] = "veth"
    KEY: ClassVar[tuple[str, ...]] = ("port",)
    INDEX: ClassVar[tuple[str, ...]] = ("node",)
    port: str
    domain: str
    node: str
    name: str
    index: int
    mac: str
    mtu: int
    segment: str
    wears: str


class Trunk(Record, frozen=True, kw_only=True):
    """The pair that joins two routers."""

    KIND: ClassVar[str] = "trunk"
    id: str
    a: str
    b: str
    name: str
    mtu: int


class Route(Record, frozen=True, kw_only=True):
    """A route; `table` "" is the main one. `via` empty: the destination itself is at the other end of `device`."""

    KIND: ClassVar[str] = "kernel-route"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "table", "prefix", "metric")
    domain: str
    table: str
    prefix: str
    kind: Kind
    device: str = ""
    via: str = ""
    metric: int = 0


class TableRule(Record, frozen=True, kw_only=True):
    """The policy rule that leads packets with a table's mark to it."""

    KIND: ClassVar[str] = "table-rule"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "table")
    domain: str
    table: str


class Neighbour(Record, frozen=True, kw_only=True):
    """The MAC behind an address, so that a router never asks."""

    KIND: ClassVar[str] = "neighbour"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "device", "ip")
    domain: str
    device: str
    ip: str
    mac: str


class RouterAddress(Record, frozen=True, kw_only=True):
    """An address of the router itself: a segment's gateway, or where its domain answers."""

    KIND: ClassVar[str] = "router-address"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "ip")
    domain: str
    ip: str


class GuestAddress(Record, frozen=True, kw_only=True):
    """What a guest is configured with for one address. Set once; the guest may change its own side afterwards."""

    KIND: ClassVar[str] = "guest-address"
    KEY: ClassVar[tuple[str, ...]] = ("domain", "ip")
    domain: str
    ip: str
    node: str
    port: str
    index: int
    prefix: str
    gateway: str
    primary: bool
    powered: bool


OBJECTS: Mapping[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Namespace,
        Number,
        Chain,
        Set,
        Timeout,
        Element,
        Veth,
        Trunk,
        Route,
        TableRule,
        Neighbour,
        RouterAddress,
        GuestAddress,
    )
}
