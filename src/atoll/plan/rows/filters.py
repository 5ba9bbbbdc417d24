"""Filters of ports and fences of segments: their rules, who wears them, and sets of addresses."""

from typing import ClassVar

import msgspec

from atoll.packet import ALL_PORTS, PortRange, Prefix
from atoll.plan.rows.base import Row
from atoll.plan.rows.places import Direction


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
