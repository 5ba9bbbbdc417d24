"""Tables of records with indices, and overlays on them (a draft that can be dropped)."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, cast

from atoll.records.delta import Delta
from atoll.records.record import IndexKey, Key, Record

R = TypeVar("R", bound=Record)


class View(Protocol):
    """What may be asked of records: one by its key, or the keys that hold a value in an indexed field."""

    def get(self, kind: type[R], *key: str) -> R | None:
        """The record of that kind and key, or None."""
        ...

    def by(self, kind: type[R], field: str, value: object) -> list[R]:
        """The records that hold `value` in the indexed `field`; recorded as a read of each of them."""
        ...

    def keys(self, kind: type[Record], field: str, value: object) -> list[Key]:
        """Their keys alone: the narrower read, which only a change of membership invalidates."""
        ...


class Table:
    """Records by key, with their indices kept by `apply`."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: dict[Key, Record] = {}
        self._index: dict[IndexKey, dict[Key, None]] = {}
        for record in records:
            self.apply({record.key: (None, record)})

    def find(self, key: Key) -> Record | None:
        """The record at that key, or None."""
        return self.records.get(key)

    def get(self, kind: type[R], *key: str) -> R | None:
        """See View."""
        return cast("R | None", self.find((kind.KIND, *key)))

    def members(self, index: IndexKey) -> Iterable[Key]:
        """The keys under one index value, in order of arrival."""
        return self._index.get(index, {}).keys()

    def keys(self, kind: type[Record], field: str, value: object) -> list[Key]:
        """See View."""
        check_indexed(kind, field)
        return list(self.members(IndexKey(kind.KIND, field, value)))

    def by(self, kind: type[R], field: str, value: object) -> list[R]:
        """See View."""
        return [cast("R", self.find(key)) for key in self.keys(kind, field, value)]

    def count(self, kind: type[Record], field: str, value: object) -> int:
        """How many records hold `value` in `field`; does not touch them."""
        check_indexed(kind, field)
        return len(self._index.get(IndexKey(kind.KIND, field, value), ()))

    def all(self, kind: type[R]) -> Iterator[R]:
        """Every record of a kind; walks the whole table, so never in what a call waits for."""
        return (cast("R", record) for key, record in self.records.items() if key[0] == kind.KIND)

    def apply(self, delta: Delta) -> None:
        """Write a delta; the indices follow.

        AssertionError, and nothing is written, where the delta starts from another record than the table holds: the
        indices would keep entries of the record that it does not name.
        """
        for key, (old, _) in delta.items():
            held = self.records.get(key)
            if held is not old and held != old:
                raise AssertionError(f"{'/'.join(key)}: the delta starts from {old}, the table holds {held}")
        for key, (old, new) in delta.items():
            self._index_again(key, old, new)
            if new is None:
                self.records.pop(key, None)
            else:
                self.records[key] = new

    def _index_again(self, key: Key, old: Record | None, new: Record | None) -> None:
        """Only the index values that differ: under the others the record keeps its place in the order of arrival."""
        before = old.index_keys() if old is not None else set[IndexKey]()
        after = new.index_keys() if new is not None else set[IndexKey]()
        for index in before - after:
            members = self._index[index]
            del members[key]
            if not members:
                del self._index[index]
        for index in after - before:
            self._index.setdefault(index, {})[key] = None

    def __len__(self) -> int:
        return len(self.records)


class Overlay:
    """A draft over a table: reads see its writes, the table does not."""

    def __init__(self, base: Table) -> None:
        self.base = base
        self._written: dict[Key, Record | None] = {}
        self._joined: dict[IndexKey, dict[Key, None]] = {}
        self._left: dict[IndexKey, set[Key]] = {}

    def find(self, key: Key) -> Record | None:
        """The record at that key as the draft has it."""
        return self._written[key] if key in self._written else self.base.find(key)

    def get(self, kind: type[R], *key: str) -> R | None:
        """See View."""
        return cast("R | None", self.find((kind.KIND, *key)))

    def members(self, index: IndexKey) -> list[Key]:
        """The keys under one index value as the draft has them."""
        left = self._left.get(index)
        base = self.base.members(index)
        kept = [key for key in base if key not in left] if left else list(base)
        return kept + list(self._joined.get(index, ()))

    def keys(self, kind: type[Record], field: str, value: object) -> list[Key]:
        """See View."""
        check_indexed(kind, field)
        return self.members(IndexKey(kind.KIND, field, value))

    def by(self, kind: type[R], field: str, value: object) -> list[R]:
        """See View."""
        return [cast("R", self.find(key)) for key in self.keys(kind, field, value)]

    def count(self, kind: type[Record], field: str, value: object) -> int:
        """How many records hold `value` in `field`; costs what the draft wrote, not what the table holds."""
        index = IndexKey(kind.KIND, field, value)
        kept = self.base.count(kind, field, value) - len(self._left.get(index, ()))
        return kept + len(self._joined.get(index, ()))

    def put(self, record: Record) -> None:
        """Create or replace a record."""
        self._write(record.key, record)

    def delete(self, record: Record) -> None:
        """Remove a record."""
        self._write(record.key, None)

    def _write(self, key: Key, new: Record | None) -> None:
        old = self.find(key)
        before = old.index_keys() if old else set[IndexKey]()
        after = new.index_keys() if new else set[IndexKey]()
        for index in before - after:
            joined = self._joined.get(index, {})
            if key in joined:
                del joined[key]
            else:
                self._left.setdefault(index, set()).add(key)
        for index in after - before:
            left = self._left.get(index, set())
            if key in left:
                left.discard(key)
            else:
                self._joined.setdefault(index, {})[key] = None
        self._written[key] = new

    def delta(self) -> Delta:
        """What the draft changed; a record written as it was does not count."""
        pairs = ((key, self.base.find(key), new) for key, new in self._written.items())
        return {key: (old, new) for key, old, new in pairs if old != new}


def check_indexed(kind: type[Record], field: str) -> None:
    """An unindexed look-up would walk the table: a programming error, said at once."""
    if field not in kind.INDEX:
        raise LookupError(f"{kind.__name__}.{field} has no index: name it in {kind.__name__}.INDEX")
