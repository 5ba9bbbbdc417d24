"""Managed prefix lists and their entries, of all versions that are kept."""

from typing import ClassVar

from atoll.model.entity import Entity
from atoll.packet import Prefix


class PrefixList(Entity, frozen=True, kw_only=True):
    """A list of blocks. `version` counts changes of its entries; `message` says why an operation failed.

    `weight`: how many rules or routes a reference counts, where AWS says another number than `max_entries`.
    """

    KIND: ClassVar[str] = "prefix-list"
    PREFIX: ClassVar[str] = "pl"
    id: str
    name: str
    family: int
    max_entries: int
    version: int = 1
    state: str = "create-complete"
    message: str | None = None
    weight: int | None = None

    @property
    def counts(self) -> int:
        """What a reference counts towards a quota (facts 115, 121)."""
        return self.max_entries if self.weight is None else self.weight


class PrefixListEntry(Entity, frozen=True, kw_only=True):
    """A block of a list, from the version that `added` it up to the one that `removed` it; None: it is there now."""

    KIND: ClassVar[str] = "prefix-list-entry"
    KEY: ClassVar[tuple[str, ...]] = ("list", "cidr", "added")
    INDEX: ClassVar[tuple[str, ...]] = ("list", "in_force", "gone_since")
    list: str
    cidr: Prefix
    added: int
    removed: int | None = None
    description: str | None = None

    @property
    def in_force(self) -> str | None:
        """Indexed: the list, if the entry is in its current version."""
        return self.list if self.removed is None else None

    @property
    def gone_since(self) -> str | None:
        """Indexed: list and version that removed it, so that old versions can be forgotten."""
        return None if self.removed is None else f"{self.list}/{self.removed}"
