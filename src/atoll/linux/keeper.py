"""The keeper: process 1 of a world. While it lives, the world's namespaces and guests live; when it ends, all end.

Who holds the (POSIX) lock on the world's file is its keeper, so no file with a process id can be wrong: the kernel
lets go of the lock when the process ends, and says who holds it.
"""

import contextlib
import fcntl
import os
import select
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_FLOCK = struct.Struct("hhqqi0q")
"""struct flock of 64-bit Linux: type, whence, start, length, process."""

_SIGNALS = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
LOOK = 5.0
"""Seconds between looks at whether the state folder is still there."""

GRACE = 10.0
"""Seconds that the kernel has to end a world's processes; under a second was seen for hundreds."""


class Keeper(NamedTuple):
    """A keeper that was found: its id in the caller's process-id namespace, and a descriptor for it."""

    pid: int
    fd: int

    def end(self) -> None:
        """End it, and with it every process of its world; returns when it has ended. OSError if it does not."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.fd, signal.SIGTERM)
            if not self.ended(GRACE):
                signal.pidfd_send_signal(self.fd, signal.SIGKILL)
        if not self.ended(GRACE):
            raise TimeoutError(f"the keeper, process {self.pid}, does not end")

    def ended(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        return bool(select.select([self.fd], [], [], seconds)[0])

    def close(self) -> None:
        """Let go of the descriptor; the keeper goes on."""
        os.close(self.fd)


def find(lock: Path) -> Keeper | None:
    """The keeper of the world whose file this is; None when it has none."""
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        pid = _holder(fd)
        if pid <= 0:
            return None
        handle = os.pidfd_open(pid)
        if _holder(fd) == pid:  # else it ended, and the number may be somebody else's by now
            return Keeper(pid, handle)
        os.close(handle)
        return None
    except ProcessLookupError:
        return None
    finally:
        os.close(fd)


def keep(lock: Path, ready: Callable[[], None]) -> int:
    """Be the keeper, as process 1, until told to end: reap orphans, watch the state folder. `ready` is called once.

    Must be called with the signals of `block` blocked since before the fork: process 1 loses a signal that is neither
    blocked nor handled.
    """
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    ready()
    while True:
        received = signal.sigtimedwait(_SIGNALS, LOOK)
        if received is None and not is_at(fd, lock):
            return 0  # nobody could find this world any more
        if received is not None and received.si_signo == signal.SIGTERM:
            return 0
        _reap()


def is_at(fd: int, path: Path) -> bool:
    """Whether that open file is still the one at `path`: not when it was deleted, nor when another was made there."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def block() -> None:
    """Hold back the signals that `keep` waits for."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _holder(fd: int) -> int:
    """The process that holds the lock; 0 when none does."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    return 0 if kind == fcntl.F_UNLCK else pid
