"""Deltas: what changed, as old and new record by key. All three layers speak this one type."""

from atoll.records.record import Key, Record

Delta = dict[Key, tuple[Record | None, Record | None]]
"""key -> (old, new); None means absent. Equal pairs do not occur."""


def inverse(delta: Delta) -> Delta:
    """The delta that undoes this one."""
    return {key: (new, old) for key, (old, new) in delta.items()}
