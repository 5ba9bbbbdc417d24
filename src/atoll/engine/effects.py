"""What runs after a commit: the effects that instances' states demand.

An effect is level-triggered: it follows from a committed state that is new, and after a restart from every state
that is found. It is idempotent by (instance, boot), runs on a thread of its own, and reports an event through the
same writer as any API call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from atoll.model.kinds import Instance
from atoll.model.machines import EFFECTS, Effect, Event
from atoll.records import Delta, Record

log = logging.getLogger(__name__)


class Guests(Protocol):
    """Whoever makes instances' software run. Blocking; any thread; idempotent by (instance, boot)."""

    def run(self, effect: Effect, instance: Instance) -> Event:
        """Carry out the effect and say what came of it."""
        ...


Report = Callable[[str, int, Event], Awaitable[None]]


class Effects:
    """Runs effects, several instances at once, and each instance's in order."""

    def __init__(self, guests: Guests, report: Report, threads: int = 4, pause: float = 2.0) -> None:
        """`pause`: seconds between attempts of what failed."""
        self._pause = pause
        self._guests = guests
        self._report = report
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="guest")
        self._last: dict[str, asyncio.Task[None]] = {}  # of each instance
        self._running: set[asyncio.Task[None]] = set()

    def follow(self, delta: Delta) -> list[asyncio.Task[None]]:
        """Start what the committed delta demands; the tasks end when the events have been reported."""
        return [self._start(new) for old, new in delta.values() if isinstance(new, Instance) and _is_news(old, new)]

    def resume(self, instances: Iterable[Instance], alive: Container[str]) -> list[asyncio.Task[None]]:
        """After a restart: start what every state demands; what runs, by its state, but is not `alive`, boots again."""
        wanting = (one for one in instances if one.state in EFFECTS or (one.state == "running" and one.id not in alive))
        return [self._start(one) for one in wanting]

    def _start(self, instance: Instance) -> asyncio.Task[None]:
        before = self._last.get(instance.id)
        task = asyncio.create_task(self._run(instance, before))
        self._last[instance.id] = task
        self._running.add(task)
        task.add_done_callback(lambda done: self._forget(instance.id, done))
        return task

    def _forget(self, instance: str, done: asyncio.Task[None]) -> None:
        self._running.discard(done)
        if self._last.get(instance) is done:
            del self._last[instance]

    async def _run(self, instance: Instance, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        event = await self._carried_out(instance)
        while True:
            try:
                return await self._report(instance.id, instance.boot, event)
            except Exception:
                # The state still demands it, and nothing else would ask again before a restart.
                log.exception("%s of %s could not be reported; trying again", event, instance.id)
                await asyncio.sleep(self._pause)

    async def _carried_out(self, instance: Instance) -> Event:
        """What came of the effect. A guest that cannot be started has failed; ending one is tried again."""
        effect = EFFECTS.get(instance.state, Effect.START)
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._pool, self._guests.run, effect, instance)
            except Exception:
                log.exception("%s of %s failed", effect, instance.id)
                if effect in STARTING:
                    return Event.FAILED
                await asyncio.sleep(self._pause)

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def close(self) -> None:
        """Let running effects end, and start no more: what they have not reported is resumed at the next start."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


STARTING = frozenset({Effect.START, Effect.REBOOT})


def _is_news(old: Record | None, new: Instance) -> bool:
    if new.state not in EFFECTS:
        return False
    return not isinstance(old, Instance) or (old.state, old.boot) != (new.state, new.boot)
