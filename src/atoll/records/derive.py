"""Derivations: records made from other records, kept up to date by the reads that made them.

A pass is a pure function `(view, record) -> records` for one kind of source record; a *unit* is (pass, source key).
While a unit runs, the view writes down what it reads: keys and index values. When a delta comes, the units of the
changed records and the units that read a changed key or a changed index value run again, and nothing else does. So
a change costs what it changes, nobody writes invalidation by hand, and full work is a delta from empty.

Records that *stand* are there without a source. A unit that makes one with the same key takes its place, and when that
unit makes it no more, what stands is there again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar, cast

from atoll.records.delta import Delta
from atoll.records.record import IndexKey, Key, Record
from atoll.records.table import Overlay, Table, View, check_indexed

R = TypeVar("R", bound=Record)
Read = Key | IndexKey


class Pass(NamedTuple):
    """One pass: the kind it runs for, and the function."""

    kind: type[Record]
    function: Callable[[View, Record], Iterable[Record]]


class _Unit(NamedTuple):
    number: int  # of the pass
    key: Key  # of the source record


class _Made(NamedTuple):
    reads: frozenset[Read]
    records: dict[Key, Record]


_NOTHING = _Made(frozenset(), {})


class Proposal(NamedTuple):
    """What a delta of the source leads to; nothing is kept until `accept`."""

    delta: Delta
    made: dict[_Unit, _Made | None]

    @property
    def units(self) -> int:
        """How many units ran or vanished: the work that the change cost."""
        return len(self.made)


class _Recorder:
    """The view that a unit sees: the source, with every read written down."""

    def __init__(self, source: Table | Overlay) -> None:
        self.source = source
        self.reads: set[Read] = set()

    def get(self, kind: type[R], *key: str) -> R | None:
        full = (kind.KIND, *key)
        self.reads.add(full)
        return cast("R | None", self.source.find(full))

    def keys(self, kind: type[Record], field: str, value: object) -> list[Key]:
        check_indexed(kind, field)
        index = IndexKey(kind.KIND, field, value)
        self.reads.add(index)
        return list(self.source.members(index))

    def by(self, kind: type[R], field: str, value: object) -> list[R]:
        keys = self.keys(kind, field, value)
        self.reads.update(keys)
        return [cast("R", self.source.find(key)) for key in keys]


class Derivation:
    """The units of some passes, with what each read and made."""

    def __init__(self, passes: Sequence[Pass], standing: Iterable[Record] = ()) -> None:
        """`standing`: what is there before any delta; its owner puts it there, no delta names it as new."""
        self._passes = passes
        self._standing = {record.key: record for record in standing}
        self._by_kind: dict[str, list[int]] = {}
        for number, one in enumerate(passes):
            self._by_kind.setdefault(one.kind.KIND, []).append(number)
        self._made: dict[_Unit, _Made] = {}
        self._readers: dict[Read, dict[_Unit, None]] = {}
        self._owner: dict[Key, _Unit] = {}

    def propose(self, source: Table | Overlay, delta: Delta) -> Proposal:
        """Run the units that `delta` concerns. `source` already shows the new records."""
        made: dict[_Unit, _Made | None] = {unit: self._run(source, unit) for unit in self._concerned(delta)}
        return Proposal(self._difference(made), made)

    def accept(self, proposal: Proposal) -> None:
        """Keep a proposal: its units' reads and records become the derivation's own."""
        for unit, new in proposal.made.items():
            old = self._made.pop(unit, _NOTHING)
            for key in old.records:
                if self._owner.get(key) == unit:
                    del self._owner[key]
            fresh = new or _NOTHING
            for read in old.reads - fresh.reads:
                readers = self._readers[read]
                del readers[unit]
                if not readers:
                    del self._readers[read]
            for read in fresh.reads - old.reads:
                self._readers.setdefault(read, {})[unit] = None
        for unit, new in proposal.made.items():
            if new is not None:
                self._made[unit] = new
                self._owner.update(dict.fromkeys(new.records, unit))

    def _concerned(self, delta: Delta) -> dict[_Unit, None]:
        units: dict[_Unit, None] = {}
        for key, (old, new) in delta.items():
            units.update({_Unit(number, key): None for number in self._by_kind.get(key[0], ())})
            units.update(self._readers.get(key, {}))
            before = old.index_keys() if old else set[IndexKey]()
            after = new.index_keys() if new else set[IndexKey]()
            for index in before ^ after:
                units.update(self._readers.get(index, {}))
        return units

    def _run(self, source: Table | Overlay, unit: _Unit) -> _Made | None:
        record = source.find(unit.key)
        if record is None:
            return None
        view = _Recorder(source)
        records: dict[Key, Record] = {}
        for made in self._passes[unit.number].function(view, record):
            if made.key in records:
                raise AssertionError(f"{self._name(unit)} made {made.key} twice")
            records[made.key] = made
        return _Made(frozenset(view.reads), records)

    def _difference(self, made: dict[_Unit, _Made | None]) -> Delta:
        before: dict[Key, Record] = {}
        after: dict[Key, Record] = {}
        makers: dict[Key, _Unit] = {}
        for unit, new in made.items():
            before.update(self._made.get(unit, _NOTHING).records)
            for key, record in (new or _NOTHING).records.items():
                owner = makers.get(key) or self._owner.get(key, unit)
                if key in makers or owner not in made:
                    raise AssertionError(f"{key} has two owners: {self._name(unit)} and {self._name(owner)}")
                after[key] = record
                makers[key] = unit
        there = self._standing
        pairs = ((key, before.get(key, there.get(key)), after.get(key, there.get(key))) for key in before | after)
        return {key: (old, new) for key, old, new in pairs if old != new}

    def _name(self, unit: _Unit) -> str:
        return f"{self._passes[unit.number].function.__name__}({'/'.join(unit.key)})"
