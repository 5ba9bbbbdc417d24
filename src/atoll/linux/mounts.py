"""Mounts in the words of what they are for: make private, bind, overlay, tmpfs, take away."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from atoll.linux.syscalls import Clone, Mount, Umount, mount, umount, unshare


def make_private() -> None:
    """Cut the calling process's mount namespace off: what is mounted here is not seen outside, or the reverse."""
    mount("none", "/", flags=Mount.REC | Mount.PRIVATE)


def apart(action: Callable[[], None]) -> None:
    """Run `action` in a thread with a mount namespace of its own, and wait for it; its error is raised here.

    Whatever it mounts is seen by the processes that it starts and by nobody else, and is gone with the last
    of them: so no mount of a guest can be left behind, and none slows the next one down.
    """
    failure: list[BaseException] = []

    def run() -> None:
        try:
            unshare(Clone.NEWNS)
            make_private()
            action()
        except BaseException as error:  # raised again in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, name="mounts-apart")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def bind(source: Path, target: Path, *, read_only: bool = False, recursive: bool = False) -> None:
    """Show `source` at `target` (both exist, both files or both directories)."""
    rec = Mount.REC if recursive else Mount.NONE
    mount(str(source), str(target), flags=Mount.BIND | rec)
    if read_only:
        mount("none", str(target), flags=Mount.BIND | Mount.REMOUNT | Mount.RDONLY)


def read_only_below(folder: Path) -> None:
    """Make every mount at or below `folder` read-only, keeping what else it refuses."""
    for path in list(mounted_below(folder)):
        keep = os.statvfs(path).f_flag & (Mount.NOSUID | Mount.NODEV | Mount.NOEXEC | Mount.NOATIME)
        mount("none", str(path), flags=Mount.BIND | Mount.REMOUNT | Mount.RDONLY | Mount(keep))


def tmpfs(target: Path, *, size: str = "", mode: int = 0o755) -> None:
    """An empty file system in memory; `size` in tmpfs's own words ("64m"), empty = half of memory."""
    options = [f"mode={mode:o}"] + ([f"size={size}"] if size else [])
    mount("tmpfs", str(target), "tmpfs", Mount.NOSUID | Mount.NODEV, ",".join(options))


def overlay(
    target: Path, lower: Sequence[Path], upper: Path, work: Path, *, flags: Mount = Mount.NODEV, userxattr: bool = False
) -> None:
    """Show `lower` (uppermost first) at `target`; what is written there lands in `upper`.

    `work` is an empty directory beside `upper`. Neither may itself lie on an overlay: then EINVAL.
    """
    layers = ":".join(_escaped(path) for path in lower)
    options = [f"lowerdir={layers}", f"upperdir={_plain(upper)}", f"workdir={_plain(work)}"]
    if userxattr:
        options.append("userxattr")
    mount("overlay", str(target), "overlay", flags, ",".join(options))


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


def file_system(path: Path, mountinfo: Iterable[str] | None = None) -> str:
    """Kind of the file system that holds `path`: "ext4", "tmpfs", "overlay"."""
    lines = mountinfo if mountinfo is not None else Path("/proc/thread-self/mountinfo").read_text().splitlines()
    place = path.resolve()
    best, kind = -1, ""
    for line in lines:
        own, _, super_ = line.partition(" - ")
        point = Path(_unescape(own.split(" ")[4]))
        if (point == place or point in place.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), super_.split(" ")[0]
    return kind


def _unescape(text: str) -> str:
    """Mountinfo writes blank, tab, newline and backslash as three octal digits."""
    return os.fsencode(text).decode("unicode_escape").encode("latin-1").decode(errors="surrogateescape")


def _escaped(path: Path) -> str:
    return _plain(path).replace(":", "\\:")


def _plain(path: Path) -> str:
    """The option separator is quoted; mount(2) has no quoting for anything else."""
    return str(path).replace("\\", "\\\\").replace(",", "\\,")
