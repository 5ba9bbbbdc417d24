"""Tells when processes end, whoever's children they are: one thread, a pidfd for each."""

import contextlib
import os
import select
import threading
from collections.abc import Callable


class Watch:
    """Calls `ended(key)` on its own thread once for each watched process that ends."""

    def __init__(self, ended: Callable[[tuple[str, int]], None]) -> None:
        self._ended = ended
        self._poll = select.epoll()
        self._keys: dict[int, tuple[str, int]] = {}
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._poll.register(self._stop, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="guest-watch", daemon=True)
        self._thread.start()

    def add(self, key: tuple[str, int], pid: int) -> None:
        """Watch process `pid` under `key`; one that is gone already is reported at once."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended(key)
            return
        self._keys[fd] = key
        self._poll.register(fd, select.EPOLLIN)

    def close(self) -> None:
        """Stop watching; the processes go on."""
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        for fd in [*self._keys, self._stop]:
            os.close(fd)
        self._poll.close()

    def _run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._stop:
                    return
                self._poll.unregister(fd)
                key = self._keys.pop(fd)
                os.close(fd)
                self._ended(key)


def wait(pid: int, seconds: float) -> bool:
    """Wait until process `pid` has ended, at most `seconds`. False: it lives on."""
    with contextlib.suppress(ProcessLookupError):
        fd = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        finally:
            os.close(fd)
    return True
