"""Mounts in the words of what they are for: make private, bind, overlay, tmpfs, take away."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from atoll.linux.syscalls import Mount, Umount, mount, umount


def make_private() -> None:
    """Cut the calling process's mount namespace off: what is mounted here is not seen outside, or the reverse."""
    mount("none", "/", flags=Mount.REC | Mount.PRIVATE)


def bind(source: Path, target: Path, *, read_only: bool = False, recursive: bool = False) -> None:
    """Show `source` at `target` (both exist, both files or both directories)."""
    rec = Mount.REC if recursive else Mount.NONE
    mount(str(source), str(target), flags=Mount.BIND | rec)
    if read_only:
        mount("none", str(target), flags=Mount.BIND | Mount.REMOUNT | Mount.RDONLY)


def tmpfs(target: Path, *, size: str = "", mode: int = 0o755) -> None:
    """An empty file system in memory; `size` in tmpfs's own words ("64m"), empty = half of memory."""
    options = [f"mode={mode:o}"] + ([f"size={size}"] if size else [])
    mount("tmpfs", str(target), "tmpfs", Mount.NOSUID | Mount.NODEV, ",".join(options))


def overlay(target: Path, lower: Sequence[Path], upper: Path, work: Path, *, userxattr: bool = False) -> None:
    """Show `lower` (uppermost first) at `target`; what is written there lands in `upper`.

    `work` is an empty directory beside `upper`. Neither may itself lie on an overlay: then EINVAL.
    """
    layers = ":".join(_escaped(path) for path in lower)
    options = [f"lowerdir={layers}", f"upperdir={_plain(upper)}", f"workdir={_plain(work)}"]
    if userxattr:
        options.append("userxattr")
    mount("overlay", str(target), "overlay", Mount.NONE, ",".join(options))


def unmount(target: Path) -> bool:
    """Take the uppermost mount at `target` away, lazily when in use. False: nothing was mounted there."""
    try:
        umount(str(target), Umount.NOFOLLOW | Umount.DETACH)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return False
        raise
    return True


def unmount_below(folder: Path) -> None:
    """Take away every mount at or below `folder`, deepest first."""
    for path in sorted(mounted_below(folder), key=lambda found: len(found.parts), reverse=True):
        while unmount(path):
            pass


def mounted_below(folder: Path) -> Iterator[Path]:
    """Mount points at or below `folder` in the calling thread's mount namespace."""
    with contextlib.suppress(FileNotFoundError):
        yield from below(folder.resolve(), Path("/proc/thread-self/mountinfo").read_text().splitlines())


def below(folder: Path, mountinfo: Iterable[str]) -> Iterator[Path]:
    """Mount points at or below `folder`, read from the lines of a mountinfo file."""
    for line in mountinfo:
        point = Path(_unescape(line.split(" ")[4]))
        if point == folder or folder in point.parents:
            yield point


def _unescape(text: str) -> str:
    """Mountinfo writes blank, tab, newline and backslash as three octal digits."""
    return os.fsencode(text).decode("unicode_escape").encode("latin-1").decode(errors="surrogateescape")


def _escaped(path: Path) -> str:
    return _plain(path).replace(":", "\\:")


def _plain(path: Path) -> str:
    """The option separator is quoted; mount(2) has no quoting for anything else."""
    return str(path).replace("\\", "\\\\").replace(",", "\\,")
