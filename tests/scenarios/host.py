"""The processes of an Atoll as the host sees them."""

import os
import select
from collections.abc import Callable
from pathlib import Path

from atoll.linux import keeper as keepers

Processes = dict[int, str]
"""Process id → its start time and name: a process, even when its id is used again."""

Choice = Callable[[Path], int]
"""One of the processes of the Atoll on a state folder."""


def family(folder: Path) -> Processes:
    """The processes of the Atoll on this state folder: those named so, and all that descend from them."""
    parents: dict[int, int] = {}
    names: Processes = {}
    ours: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            head, _, tail = (entry / "stat").read_text().rpartition(")")
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        pid = int(entry.name)
        fields = tail.split()
        parents[pid] = int(fields[1])
        names[pid] = f"{fields[19]} {head.partition('(')[2]}"
        if b"atoll.app.main" in words and str(folder).encode() in words:
            ours.add(pid)
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {pid: names[pid] for pid in ours}


def alive(processes: Processes) -> Processes:
    """Those that still run: a zombie that nobody has fetched yet does not."""
    found = {}
    for pid, name in processes.items():
        try:
            head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        except OSError:
            continue
        fields = tail.split()
        if f"{fields[19]} {head.partition('(')[2]}" == name and fields[0] != "Z":
            found[pid] = name
    return found


def until_ended(processes: Processes) -> None:
    """Wait for the end of each."""
    for pid in processes:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            ended, _, _ = select.select([handle], [], [], 20)
        finally:
            os.close(handle)
        assert ended, f"process {pid} goes on: {processes[pid]}"


def keeper(folder: Path) -> int:
    """Process 1 of the world, as the host sees it."""
    found = keepers.find(folder / "keeper")
    assert found is not None, f"nobody keeps {folder}"
    found.close()
    return found.pid


def entering(folder: Path) -> list[str]:
    """Words before a command that looks at a world: an ordinary user sees one from its user namespace alone."""
    return [] if os.geteuid() == 0 else ["nsenter", "--user", "--target", str(keeper(folder))]


def outer(folder: Path) -> int:
    """The process that was started on the host and waits for the server: nobody's child, as the keeper is."""
    ours = family(folder)
    return next(pid for pid in ours if _parent(pid) not in (None, *ours) and pid != keeper(folder))


def server(folder: Path) -> int:
    """The process that serves."""
    parent = outer(folder)
    named = family(folder).items()
    return next(pid for pid, name in named if _parent(pid) == parent and name.split()[1].startswith("python"))


def _parent(pid: int) -> int | None:
    """None when the process has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
