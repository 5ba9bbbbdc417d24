"""Balancers: what they take, among whom they spread it, and how that is found out."""

from enum import StrEnum
from typing import ClassVar

from atoll.plan.rows.base import Row


class Hash(StrEnum):
    """What a balancer's choice hangs on."""

    FLOW = "flow"
    SOURCE = "source"


class Frontend(Row, frozen=True, kw_only=True):
    """What a balancer's node takes at its own addresses: a listener in one zone.

    `hash`: what the choice of a backend hangs on, the whole flow or its source alone. `keep`: backends see the source
    of the flow, else the node's primary address. `idle`: seconds after which a silent connection is forgotten.
    `header`: backends get a header of the proxy protocol before what the source sends (TCP alone).
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
    header: bool = False


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
    seconds; `healthy` and `unhealthy` say how many answers in a row change its mind. `header`: it begins with a
    header of the proxy protocol, which names nobody.
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
    header: bool = False
