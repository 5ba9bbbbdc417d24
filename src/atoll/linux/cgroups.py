"""Control groups that bound what the processes in them take: one parent for a state folder, one group a guest below it.

Both versions of the kernel's interface are spoken: v1, a hierarchy a controller, and v2, one for all. Where no group
can be made (an ordinary user's, most containers) there is none, and nothing is bounded by one.

What was made is written down before it is made, in a file of the state folder: whoever comes next, the next server or
`atoll down`, removes what a killed one left. Where the state folder was lost as well, nobody's record names the groups
any more: the next server on any state folder removes those in which nothing is and nothing has just begun.
"""

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CONTROLLERS = ("pids", "memory")

LIMITS: dict[str, tuple[str, ...]] = {
    "processes": ("pids.max",),
    # The second bounds memory and swap together, and must be written after the first.
    "memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max"),
}
"""What a limit is called in v1 and in v2; the files that a group has are written."""

NO_SWAP = "memory.swap.max"
PREFIX = "atoll-"
GRACE = 5.0
"""Seconds that the kernel has to let go of a group whose processes have ended; milliseconds were seen."""

YOUNG = 60.0
"""Seconds in which an empty group may belong to a server that is about to use it."""

_AGAIN = 0.02
_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{12}}")
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"'


class Mounted(NamedTuple):
    """A mounted hierarchy: where, which of its groups is its top there, and its file system's options."""

    point: Path
    top: str
    kind: str  # cgroup or cgroup2
    options: tuple[str, ...]


class Group(NamedTuple):
    """What was seen of a group: how long it has been there, in seconds, and whether there are processes in it."""

    path: Path
    age: float
    busy: bool


class Groups:
    """The groups of one state folder. `paths` is empty where none can be made."""

    def __init__(self, record: Path) -> None:
        """Take up the parents that `record` names, or make some and record them."""
        self._record = record
        known = recorded(record)
        self.paths = known if known and all(map(_stands, known)) else _make(record)

    def bounds(self) -> set[str]:
        """Which limits hold for a group made here: of "processes" and "memory"."""
        controllers = {one for path in self.paths for one in _controllers(path)}
        return {limit for limit, one in zip(LIMITS, CONTROLLERS, strict=True) if one in controllers}

    def make(self, name: str, limits: Mapping[str, int]) -> None:
        """The group of that name, with these limits: it may be there already, empty or not."""
        for parent in self.paths:
            _put(parent)
            group = parent / name
            group.mkdir(exist_ok=True)
            for limit, files in LIMITS.items():
                for file in files:
                    if (group / file).exists():
                        (group / file).write_text(str(limits[limit]))
            if (group / NO_SWAP).exists():
                (group / NO_SWAP).write_text("0")

    @contextlib.contextmanager
    def joining(self, name: str) -> Iterator[list[str]]:
        """Words to put before a command: what it starts is in the group from its first instruction.

        They work inside the block, and go through descriptors of this process: also where the hierarchies are hidden.
        """
        with contextlib.ExitStack() as held:
            files = [held.enter_context((path / name / "cgroup.procs").open("w")) for path in self.paths]
            ways = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in files]
            yield ["/bin/sh", "-c", _JOIN, "sh", *ways, "--"] if ways else []

    def remove(self, name: str) -> None:
        """Remove a group whose processes have ended. Not an error when there is none."""
        for parent in self.paths:
            _remove(parent / name)

    def close(self) -> None:
        """Remove everything, empty as it must be by now."""
        sweep(self._record)
        self.paths = []


def sweep(record: Path) -> None:
    """Remove every group that `record` names, with those below, and the record. OSError when one is still in use."""
    for parent in recorded(record):
        with contextlib.suppress(FileNotFoundError):
            for group in [one for one in parent.iterdir() if one.is_dir()]:
                _remove(group)
        _remove(parent)
    record.unlink(missing_ok=True)


def remove_abandoned() -> None:
    """Remove the groups in which nothing is any more, whoever made them, where this process would make its own.

    Call it where all processes of the machine are seen. A server that still wants one makes it again.
    """
    now = time.time()
    for base in _own_bases():
        with contextlib.suppress(OSError):
            remove_abandoned_below(base, now)


def remove_abandoned_below(base: Path, now: float) -> None:
    """The same in one place."""
    tops = [path for path in base.iterdir() if _OURS.fullmatch(path.name)]
    for path in abandoned([_seen(Path(at), now) for at, _, _ in os.walk(top)] for top in tops):
        with contextlib.suppress(OSError):  # somebody else was quicker, or moved in: the kernel has the last word
            path.rmdir()


def abandoned(trees: Iterable[Sequence[Group]]) -> list[Path]:
    """Those to remove, in this order, of trees that have each group before those below it.

    A tree stays while a process is anywhere in it, or one of its groups is young: its server may be starting a guest.
    """
    over = [tree for tree in trees if not any(one.busy or one.age < YOUNG for one in tree)]
    return [one.path for tree in over for one in reversed(tree)]


def _seen(group: Path, now: float) -> Group:
    try:
        processes = group / "cgroup.procs"
        return Group(group, now - group.stat().st_mtime, processes.exists() and bool(processes.read_text()))
    except OSError:  # it has just gone, or cannot be looked into: leave it alone
        return Group(group, 0, busy=True)


def recorded(record: Path) -> list[Path]:
    """The parents that a state folder's record names; only what can have been made here."""
    try:
        lines = record.read_text().splitlines()
    except FileNotFoundError:
        return []
    return [path for path in map(Path, lines) if path.is_absolute() and path.name.startswith(PREFIX)]


def bases(mountinfo: Iterable[str], own: Iterable[str]) -> list[Path]:
    """Where groups may be made, from the lines of /proc/self/mountinfo and /proc/self/cgroup.

    In v1 below the caller's own group, whose limits then go on to hold. In v2 a group with processes of its own passes
    no controller on, so below the nearest one above that does.
    """
    hierarchies = list(_mounted(mountinfo))
    found: dict[Path, None] = {}
    for line in own:
        _, controllers, path = line.split(":", 2)
        for one in hierarchies:
            place = _place(one, path)
            if one.kind == "cgroup" and set(controllers.split(",")) & set(one.options) & set(CONTROLLERS):
                found[place] = None
            elif one.kind == "cgroup2" and not controllers:
                above = [place, *place.parents]
                passing = (at for at in above[: above.index(one.point) + 1] if set(CONTROLLERS) <= _passed_on(at))
                found.update(dict.fromkeys(list(passing)[:1]))
    return list(found)


def _own_bases() -> list[Path]:
    mounts, own = Path("/proc/self/mountinfo"), Path("/proc/self/cgroup")
    return bases(mounts.read_text().splitlines(), own.read_text().splitlines())


def _stands(parent: Path) -> bool:
    """Whether a recorded parent is there, made again where it was taken for abandoned. Not where its base is gone."""
    try:
        _put(parent)
    except OSError:
        return False
    return True


def _put(parent: Path) -> None:
    parent.mkdir(exist_ok=True)
    _pass_on(parent)


def _make(record: Path) -> list[Path]:
    for one in _mounted(Path("/proc/self/mountinfo").read_text().splitlines()):
        if one.kind == "cgroup2":
            _pass_on(one.point)  # where nothing else has done so; refused where it is not ours to do
    name = PREFIX + secrets.token_hex(6)
    places = [base / name for base in _own_bases()]
    record.write_text("".join(f"{place}\n" for place in places))
    try:
        for place in places:
            _put(place)
    except OSError:
        sweep(record)
        return []
    return places


def _mounted(mountinfo: Iterable[str]) -> Iterator[Mounted]:
    for line in mountinfo:
        before, _, after = line.partition(" - ")
        top, point = before.split(" ")[3:5]
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield Mounted(Path(point), top, kind, tuple(options.split(",")))


def _place(mounted: Mounted, path: str) -> Path:
    """The folder of a group; the hierarchy's top where a container sees a part of it only."""
    below = path.removeprefix(mounted.top.rstrip("/")).lstrip("/")
    place = mounted.point / below
    return place if place.is_dir() else mounted.point


def _controllers(group: Path) -> set[str]:
    """Those of CONTROLLERS whose limits a group below this one has."""
    named = {one for one in CONTROLLERS if next(group.glob(f"{one}.*"), None) is not None}
    return _passed_on(group) & set(CONTROLLERS) if (group / "cgroup.controllers").exists() else named


def _passed_on(group: Path) -> set[str]:
    try:
        return set((group / "cgroup.subtree_control").read_text().split())
    except OSError:
        return set()


def _pass_on(group: Path) -> None:
    """In v2: let the groups below have limits. Nothing in v1, which has no such file, or where it is refused."""
    with contextlib.suppress(OSError):
        if (group / "cgroup.subtree_control").exists():
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in CONTROLLERS))


def _remove(group: Path) -> None:
    """rmdir: the files in a group are the kernel's. A process that has just ended may hold it a moment longer."""
    deadline = time.monotonic() + GRACE
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN)
        else:
            return
