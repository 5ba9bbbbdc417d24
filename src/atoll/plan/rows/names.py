"""Names: which there are, who tells them, and to whom."""

from enum import StrEnum
from typing import ClassVar

from atoll.packet import Prefix
from atoll.plan.rows.base import Row


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
