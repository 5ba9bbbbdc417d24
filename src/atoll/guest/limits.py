"""How much a guest may take of its host."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The same for every guest: an instance type's own memory would be more than most hosts have."""

    processes: int = 1024
    memory: int = 2 << 30
    """Bytes, page cache and memory file systems included."""
    disk: int = 8 << 30
    """Bytes that a guest may have written and not removed: its root volume's size."""
