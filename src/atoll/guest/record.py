"""What the folder of an instance says of its last start, and whether that process still lives."""

import functools
from pathlib import Path

import msgspec

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Record(msgspec.Struct, frozen=True):
    """The process of one boot. `born` (clock ticks since the machine's start) tells a reused process id apart."""

    boot: int
    pid: int
    born: int
    runtime: str
    world: str = ""
    """In which world it was started. A guest of another one did not end by itself: it ended with its world."""

    def alive(self) -> bool:
        """Whether that very process runs (one that ended and awaits its parent does not)."""
        seen = _stat(self.pid)
        return seen is not None and seen == self.born and self.of_this_world()

    def of_this_world(self) -> bool:
        """Whether its world is the one that the caller is in."""
        return self.world == this_world()


@functools.cache
def this_world() -> str:
    """Names the caller's process-id namespace: when process 1 was born in it, in which life of the machine."""
    return f"{_BOOT_ID.read_text().strip()} {_stat(1)}"


def read(folder: Path) -> Record | None:
    """The record in an instance's folder; None when it was never started, or the file was cut off."""
    try:
        return msgspec.json.decode((folder / "process.json").read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write(folder: Path, boot: int, pid: int, runtime: str) -> Record:
    """Record that boot number `boot` runs as process `pid` of a container of `runtime`."""
    record = Record(boot, pid, _stat(pid) or 0, runtime, this_world())
    draft = folder / "process.json.new"
    draft.write_bytes(msgspec.json.encode(record))
    draft.rename(folder / "process.json")
    return record


def _stat(pid: int) -> int | None:
    """Start time of a process from field 22 of proc(5)'s stat; None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state in ("Z", "X") else int(fields[18])
