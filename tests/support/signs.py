"""Signs between a test and another process: a named pipe that one writes to and the other waits for."""

import os
import select
from pathlib import Path

PATIENCE = 60.0
"""Seconds without a sign after which the other counts as hung."""


class Sign:
    """One sign, at a path: whoever opens it there never waits for this end."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._pipe = os.open(path, os.O_RDWR)

    def wait(self) -> None:
        """Return when the other process has written a line there."""
        assert select.select([self._pipe], [], [], PATIENCE)[0], f"nobody has written to {self.path}"
        os.read(self._pipe, 4096)

    def give(self) -> None:
        """Let the other process read a line."""
        os.write(self._pipe, b"now\n")

    def close(self) -> None:
        """Close this end."""
        os.close(self._pipe)
