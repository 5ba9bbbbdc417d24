"""Time is injected, so that tests can advance it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch."""

    def now(self) -> float:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock, never going back: a step backwards repeats the last moment."""

    def __init__(self) -> None:
        self._last = 0.0

    def now(self) -> float:
        """See Clock."""
        self._last = max(self._last, time.time())
        return self._last


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """See Clock."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward."""
        self._now += seconds
