"""A record: a frozen value with a stable key and declared indices."""

from typing import ClassVar, NamedTuple

import msgspec

Key = tuple[str, ...]
"""The kind, then the key fields as text: ("port", "eni-1"), ("address", "vpc-1", "10.0.0.5")."""


class IndexKey(NamedTuple):
    """One value of one index: which records of `kind` hold `value` in `field`."""

    kind: str
    field: str
    value: object


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every entity, plan row and kernel object.

    `KEY` names the fields that make the key, `INDEX` those that can be asked for with `by`. A field that holds a
    tuple is indexed under each of its elements; None is not indexed. Nothing that grows without an AWS quota may be
    a field: it is records of its own.
    """

    KIND: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEX: ClassVar[tuple[str, ...]] = ()

    @property
    def key(self) -> Key:
        """The record's place in its table."""
        return (self.KIND, *(str(getattr(self, name)) for name in self.KEY))

    def index_keys(self) -> set[IndexKey]:
        """Every index value under which this record is found."""
        found: set[IndexKey] = set()
        for field in self.INDEX:
            value = getattr(self, field)
            if isinstance(value, tuple):
                found.update(IndexKey(self.KIND, field, element) for element in value)
            elif value is not None:
                found.add(IndexKey(self.KIND, field, value))
        return found
