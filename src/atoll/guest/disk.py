"""What guests write is bounded: a thread looks, and says which has written more than its root volume holds.

An ordinary file system has no quota to set for a folder, so nothing can refuse the write itself. Looking is cheap: one
statvfs a second. Only when that says that room has gone are the guests' folders measured.
"""

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at the free room."""

ALWAYS = 60.0
"""Seconds after which guests are measured although the free room has not gone: somebody may have made room."""

STEP = 256 << 20
"""Bytes whose going is noticed; less for small limits."""

INODE = 4096
"""Bytes that a file counts for at least: many empty ones fill a file system too."""

_MEMORY = ("/memfd:", "/dev/zero", "/SYSV", "/dev/shm/", "/run/", "/dev/mqueue/")


class Disks:
    """Calls `over(instance, bytes)` on a thread of its own for each running guest that is over the limit."""

    def __init__(
        self, folder: Path, limit: int, running: Callable[[], Mapping[str, int]], over: Callable[[str, int], None]
    ) -> None:
        """`folder` has a folder for each instance; `running` says which run, and their first process."""
        self._folder = folder
        self._limit = limit
        self._step = min(STEP, limit // 8)
        self._running = running
        self._over = over
        self._free, self._files, self._measured = 0, 0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guest-disks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                if self._is_time():
                    self._measure()
            except Exception:  # a guest's folder may go while it is looked at
                log.exception("guests' disks could not be measured; it will be tried again")

    def _is_time(self) -> bool:
        seen = os.statvfs(self._folder)
        free, files = seen.f_bfree * seen.f_frsize, seen.f_ffree
        now = time.monotonic()
        if (
            free > self._free - self._step
            and files > self._files - self._step // INODE
            and now < self._measured + ALWAYS
        ):
            self._free, self._files = max(free, self._free), max(files, self._files)
            return False
        self._free, self._files, self._measured = free, files, now
        return True

    def _measure(self) -> None:
        for instance, init in self._running().items():
            used = written(self._folder / instance, init)
            if used > self._limit and not self._stop.is_set():
                self._over(instance, used)


def written(folder: Path, init: int) -> int:
    """Bytes on disk of a guest: its writable layers and console, and files it has removed but holds open."""
    seen: dict[tuple[int, int], int] = {}
    for found in (*_below(folder), *_held(init)):
        seen[found.st_dev, found.st_ino] = max(found.st_blocks * 512, INODE)
    return sum(seen.values())


def _below(folder: Path) -> Iterator[os.stat_result]:
    """Of everything below a folder. What goes meanwhile counts nothing."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(Path(entry.path))


def _held(init: int) -> Iterator[os.stat_result]:
    """Of files without a name that processes of the guest have open, those in memory left out."""
    with contextlib.suppress(OSError):
        own = os.readlink(f"/proc/{init}/ns/pid")
        for name in os.listdir("/proc"):
            if name.isdecimal():
                yield from _held_by(Path("/proc", name), own)


def _held_by(process: Path, namespace: str) -> Iterator[os.stat_result]:
    with contextlib.suppress(OSError):
        if os.readlink(process / "ns/pid") != namespace:
            return
        for fd in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):
                link = os.readlink(process / "fd" / fd)
                if link.endswith(" (deleted)") and not link.startswith(_MEMORY):
                    found = os.stat(process / "fd" / fd)
                    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                        yield found
