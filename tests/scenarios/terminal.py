"""A command on a terminal of its own, as a person has it."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios.running import Atoll

DEADLINE = 20.0


class Terminal:
    """A command on a terminal of its own, as a person has it."""

    def __init__(self, atoll: Atoll, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=atoll.environment,
            start_new_session=True,
            preexec_fn=_controlling_terminal,  # noqa: PLW1509 - the test has no threads
        )
        os.close(theirs)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, words: str) -> None:
        """Read until these words are shown."""
        deadline = time.monotonic() + DEADLINE
        while words not in self.shown:
            ready, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            assert ready, f"never shown: {words}\n{self.shown}"
            self.shown += os.read(self._ours, 4096).decode(errors="replace")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def _controlling_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests themselves run in a shell's background
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def on_terminal(atoll: Atoll, *words: str) -> Iterator[Terminal]:
    terminal = Terminal(atoll, *words)
    try:
        yield terminal
    finally:
        terminal.close()
