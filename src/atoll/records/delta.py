"""Deltas: what changed, as old and new record by key. All three layers speak this one type."""

from collections.abc import Iterator

from atoll.records.record import Key, Record

Delta = dict[Key, tuple[Record | None, Record | None]]
"""key -> (old, new); None means absent. Equal pairs do not occur."""


def inverse(delta: Delta) -> Delta:
    """The delta that undoes this one."""
    return {key: (new, old) for key, (old, new) in delta.items()}


def closing_first(delta: Delta) -> Iterator[tuple[Key, Record | None, Record | None]]:
    """The entries in safe order: removals, then changes, then additions.

    Whoever applies a delta step by step closes before it opens, so that no moment lets more through than either
    the old or the new state would.
    """
    return iter(
        sorted(
            ((key, old, new) for key, (old, new) in delta.items()),
            key=lambda entry: (entry[2] is not None, entry[1] is None),
        )
    )
