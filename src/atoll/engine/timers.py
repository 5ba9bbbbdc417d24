"""Timers: what is due in the model enters through the writer like any call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from atoll.engine.clock import Clock
from atoll.engine.writer import Writer
from atoll.model.kinds import InsightsAnalysis, Instance, LoadBalancer, NatGateway, Target, ZonalShift
from atoll.model.machines import Event
from atoll.records import Delta, Table

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at what is due."""


def due(model: Table, now: float) -> list[Instance]:
    """The instances whose timer has run out."""
    return [one for one in model.by(Instance, "timed", True) if one.due is not None and one.due <= now]


Timed = NatGateway | LoadBalancer | Target | InsightsAnalysis | ZonalShift
"""What waits for times of its own, beside instances."""

KINDS: tuple[type[Timed], ...] = (NatGateway, LoadBalancer, Target, InsightsAnalysis, ZonalShift)


def due_things(model: Table, now: float) -> list[Timed]:
    """What is to be looked at."""
    found = (one for kind in KINDS for one in model.by(kind, "timed", True))
    return [one for one in found if one.due is not None and one.due <= now]


class Timers:
    """Feeds timer events to the state machines. `look`: what is done about a thing whose time has come."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        report: Callable[[str, int, Event], Awaitable[None]],
        look: Callable[[Timed], Awaitable[None]],
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._report = report
        self._look = look
        self._running: set[asyncio.Task[None]] = set()

    async def tick(self) -> None:
        """Report everything that is due now."""
        now = self._clock.now()
        for one in due(self._writer.model, now):
            await self._report(one.id, one.boot, Event.TIMER)
        for thing in due_things(self._writer.model, now):
            await self._look(thing)

    def follow(self, delta: Delta) -> list[asyncio.Task[None]]:
        """Look at once at what a committed call made due, and not only at the next tick; the tasks end when that is
        done. What fails is tried again by the tick.
        """
        now = self._clock.now()
        news = [new for _, new in delta.values() if isinstance(new, KINDS)]
        started = [asyncio.create_task(self._at_once(one)) for one in news if one.due is not None and one.due <= now]
        for task in started:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return started

    async def _at_once(self, thing: Timed) -> None:
        try:
            await self._look(thing)
        except Exception:
            log.exception("%s could not be looked at; it will be tried again", "/".join(thing.key))

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
