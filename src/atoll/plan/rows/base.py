"""What all rows have in common."""

from atoll.records import Record


class Row(Record, frozen=True, kw_only=True):
    """Base of the rows. `origin`: ids of the cloud objects it came from, for explanations."""

    origin: tuple[str, ...] = ()
