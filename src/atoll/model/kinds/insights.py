"""What AWS's analyzers are asked and have answered: paths, access scopes, analyses and findings (facts 214-225)."""

from datetime import datetime
from typing import ClassVar

import msgspec

from atoll.model.entity import Entity

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"
Ports = tuple[int, int]
"""From and to, both included."""


class PathFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the packets of a path look like at one of its ends; None: of any kind. Addresses are single ones."""

    source: str | None = None
    source_ports: Ports | None = None
    destination: str | None = None
    destination_ports: Ports | None = None


class InsightsPath(Entity, frozen=True, kw_only=True):
    """A path to be analysed: between two ends by id, or to an address. `protocol`: tcp or udp."""

    KIND: ClassVar[str] = "network-insights-path"
    PREFIX: ClassVar[str] = "nip"
    id: str
    source: str
    destination: str | None = None
    source_ip: str | None = None
    destination_ip: str | None = None
    protocol: str
    destination_port: int | None = None
    at_source: PathFilter | None = None
    at_destination: PathFilter | None = None
    created: datetime


class _Analysis(Entity, frozen=True, kw_only=True):
    """What both kinds of analyses have. `message`: why it failed; `warning`: what is to be known of an answer."""

    id: str
    status: str = RUNNING
    message: str = ""
    warning: str = ""
    started: datetime
    ended: datetime | None = None

    @property
    def running_in(self) -> str | None:
        """Indexed: home, while it runs."""
        return self.home if self.status == RUNNING else None


class InsightsAnalysis(_Analysis, frozen=True, kw_only=True):
    """One analysis of a path. `result`: the answer's members in AWS's words, as msgpack: the hops of one path and what
    stops it. `due`: when it is forgotten, by the engine's clock (fact 216).
    """

    KIND: ClassVar[str] = "network-insights-analysis"
    PREFIX: ClassVar[str] = "nia"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "path", "running_in", "timed")
    path: str
    filter_in: tuple[str, ...] = ()
    filter_out: tuple[str, ...] = ()
    found: bool | None = None
    result: bytes = b""
    due: float | None = None

    @property
    def timed(self) -> bool | None:
        """Indexed: whether it waits for a time."""
        return True if self.due is not None else None


class PacketHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """A packet header statement, as it was written; an empty member says nothing."""

    source_addresses: tuple[str, ...] = ()
    destination_addresses: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    destination_ports: tuple[str, ...] = ()
    source_lists: tuple[str, ...] = ()
    destination_lists: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """A resource statement: ids and ARNs as they were written, or types of resources."""

    named: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a path that a scope is about; None: anything."""

    headers: PacketHeaders | None = None
    resources: Resources | None = None


class ScopePath(msgspec.Struct, frozen=True, kw_only=True):
    """Paths that a scope is about, or not about. `through`: what they pass, each of them."""

    source: Statement | None = None
    destination: Statement | None = None
    through: tuple[Resources, ...] = ()


class AccessScope(Entity, frozen=True, kw_only=True):
    """A network access scope. It never changes."""

    KIND: ClassVar[str] = "network-insights-access-scope"
    PREFIX: ClassVar[str] = "nis"
    id: str
    match: tuple[ScopePath, ...]
    exclude: tuple[ScopePath, ...] = ()
    created: datetime


class AccessScopeAnalysis(_Analysis, frozen=True, kw_only=True):
    """One analysis of a scope. `interfaces`: how many ENIs it has looked at."""

    KIND: ClassVar[str] = "network-insights-access-scope-analysis"
    PREFIX: ClassVar[str] = "nisa"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "scope", "running_in")
    scope: str
    found: bool | None = None
    interfaces: int = 0


class AccessFinding(Entity, frozen=True, kw_only=True):
    """One finding of an analysis. `result`: its components in AWS's words, as msgpack."""

    KIND: ClassVar[str] = "network-insights-access-finding"
    KEY: ClassVar[tuple[str, ...]] = ("analysis", "number")
    INDEX: ClassVar[tuple[str, ...]] = ("analysis",)
    analysis: str
    number: int
    id: str
    result: bytes
