"""Timers: what is due in the model enters through the writer like any call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from atoll.engine.clock import Clock
from atoll.engine.writer import Writer
from atoll.model.kinds import Instance
from atoll.model.machines import Event
from atoll.records import Table

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at what is due."""


def due(model: Table, now: float) -> list[Instance]:
    """The instances whose timer has run out."""
    return [one for one in model.by(Instance, "timed", True) if one.due is not None and one.due <= now]


class Timers:
    """Feeds timer events to the state machines."""

    def __init__(self, writer: Writer, clock: Clock, report: Callable[[str, int, Event], Awaitable[None]]) -> None:
        self._writer = writer
        self._clock = clock
        self._report = report

    async def tick(self) -> None:
        """Report everything that is due now."""
        for one in due(self._writer.model, self._clock.now()):
            await self._report(one.id, one.boot, Event.TIMER)

    async def run(self) -> None:
        """Tick for ever."""
        await repeat(LOOK, self.tick)


async def repeat(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do something again and again until cancelled. One failure is logged and does not end it."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("%s failed; it will be tried again", getattr(work, "__qualname__", work))
