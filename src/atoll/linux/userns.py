"""User namespaces for ordinary users: who may have which range of ids, and how a process enters one with its range.

A guest's software needs several ids (Apache becomes www-data, PostgreSQL refuses to run as root), so one id is not
enough. The range is the one that /etc/subuid and /etc/subgid give the user; newuidmap and newgidmap, which are set-uid
programs of the system, write it into the namespace.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from atoll.linux.syscalls import Clone, unshare

LEAST = 65536
"""How many ids a world needs: `nobody` is 65534 everywhere."""

SUBUID, SUBGID = Path("/etc/subuid"), Path("/etc/subgid")
MAPPERS = ("newuidmap", "newgidmap")


class Range(NamedTuple):
    """Ids of the host that a user may hand out: `size` of them from `first`."""

    first: int
    size: int


class NoUserNamespaceError(Exception):
    """An ordinary user cannot have a world here; the message says why, and what cures it."""


def needed() -> bool:
    """Whether this process needs a user namespace: only root may make the other kinds without one."""
    return os.geteuid() != 0


def inside() -> bool:
    """Whether this process is in a user namespace that is not the host's first: there every id is its own."""
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def user_name() -> str:
    """The caller's name as /etc/subuid has it; its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def find_range(text: str, name: str, number: int) -> Range | None:
    """The first large enough range of a user in the text of /etc/subuid or /etc/subgid (subuid(5))."""
    for line in text.splitlines():
        owner, first, count = [*line.strip().split(":"), "", ""][:3]
        if owner in (name, str(number)) and first.isdecimal() and count.isdecimal() and int(count) >= LEAST:
            return Range(int(first), int(count))
    return None


def missing() -> list[str]:
    """What an ordinary user lacks for a range of ids: each a sentence with the command that cures it."""
    name = user_name()
    found = [
        f"{mapper} is not installed: sudo apt-get install -y uidmap"
        for mapper in MAPPERS
        if shutil.which(mapper) is None
    ][:1]
    for file, option in ((SUBUID, "--add-subuids"), (SUBGID, "--add-subgids")):
        if _range(file) is None:
            first = free_range(_text(file)).first
            found.append(
                f"{file} gives {name} no range of {LEAST} ids: sudo usermod {option} {first}-{first + LEAST - 1} {name}"
            )
    return found


def free_range(text: str) -> Range:
    """A range that nobody has by the text of /etc/subuid or /etc/subgid: above all others, as useradd counts."""
    ends = [100_000]
    for line in text.splitlines():
        _, first, count = [*line.strip().split(":"), "", ""][:3]
        if first.isdecimal() and count.isdecimal():
            ends.append(int(first) + int(count))
    return Range(max(ends), LEAST)


def enter() -> None:
    """Move this process, which must have one thread, into a new user namespace, as root in it.

    Raises NoUserNamespaceError, with this process where it was or of no use any more: call it in a child.
    """
    lacking = missing()
    if lacking:
        raise NoUserNamespaceError(" ".join(f"{sentence}." for sentence in lacking))
    uids, gids = _range(SUBUID), _range(SUBGID)
    assert uids is not None, "missing() has looked"
    assert gids is not None, "missing() has looked"
    ready, mapper = _start_mapper(os.getuid(), os.getgid(), uids, gids)
    try:
        unshare(Clone.NEWUSER)
    except OSError as error:
        os.close(ready)
        os.waitpid(mapper, 0)
        raise NoUserNamespaceError(
            f"user namespaces may not be made here: {error.strerror}. Why: atoll doctor"
        ) from error
    os.write(ready, b".")
    os.close(ready)
    _, status = os.waitpid(mapper, 0)
    if status:
        raise NoUserNamespaceError(f"{' and '.join(MAPPERS)} refused the range of ids. Why: atoll doctor.")
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.setgroups([])


def _range(file: Path) -> Range | None:
    return find_range(_text(file), user_name(), os.getuid())


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _start_mapper(uid: int, gid: int, uids: Range, gids: Range) -> tuple[int, int]:
    """A child that stays outside and maps this process's ids when it is told so; (descriptor to tell it, its pid)."""
    target = os.getpid()
    waiting, ready = os.pipe()
    child = os.fork()
    if child:
        os.close(waiting)
        return ready, child
    status = 1
    try:
        os.close(ready)
        if os.read(waiting, 1):
            _map("newuidmap", target, uid, uids)
            _map("newgidmap", target, gid, gids)
            status = 0
    except (OSError, subprocess.SubprocessError):
        status = 1
    finally:
        os._exit(status)


def _map(mapper: str, target: int, own: int, given: Range) -> None:
    """Id 0 of the namespace is the user, the others are the range."""
    command: Sequence[str] = [mapper, *map(str, (target, 0, own, 1, 1, given.first, given.size))]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
