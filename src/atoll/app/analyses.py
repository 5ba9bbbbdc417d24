"""Analyses of the network analyzers, beside everything that is served: each in a process of its own, over what there
was when it was started.

Like a guest's boot, an analysis follows from a committed state alone: one that is running is run, also after a restart,
and what came of it enters through the writer like any call.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from atoll.app import analyst
from atoll.app.analyst import Snapshot
from atoll.engine.writer import Writer
from atoll.insights import asked
from atoll.insights.asked import Answer
from atoll.model.kinds import AccessScopeAnalysis, InsightsAnalysis
from atoll.model.kinds.insights import RUNNING
from atoll.records import Delta
from atoll.services.concluded import conclude

log = logging.getLogger(__name__)

Analysis = InsightsAnalysis | AccessScopeAnalysis
KINDS = (InsightsAnalysis, AccessScopeAnalysis)
Ask = Callable[[Snapshot, str, int], Answer]
"""Computes the analysis of that id; called on a thread. The descriptor becomes readable when nobody waits any more."""

FAILED = "The request failed due to an internal error. Start the analysis again. (more: atoll logs)"
PAUSE = 2.0
"""Seconds between attempts to write an answer down that could not be."""


def ask(snapshot: Snapshot, id_: str, caller: int) -> Answer:
    """In a process of its own."""
    return analyst.ask(snapshot, asked.answer, id_, caller=caller)


class Analyses:
    """Runs them: as many at once as this machine has processors, the others one after the other."""

    def __init__(self, writer: Writer, ask: Ask = ask) -> None:
        self._writer = writer
        self._ask = ask
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="analysis")
        self._running: set[asyncio.Task[None]] = set()
        self._waiting, self._leaving = os.pipe()

    def follow(self, delta: Delta) -> list[asyncio.Task[None]]:
        """Run what the committed delta has started; the tasks end when the answers are written down."""
        return [self._start(new) for old, new in delta.values() if old is None and isinstance(new, KINDS)]

    def resume(self) -> list[asyncio.Task[None]]:
        """After a restart: run what the server before has not brought to its end."""
        model = self._writer.model
        every: list[Analysis] = [*model.all(InsightsAnalysis), *model.all(AccessScopeAnalysis)]
        return [self._start(one) for one in every if one.status == RUNNING]

    def _start(self, analysis: Analysis) -> asyncio.Task[None]:
        taken = analyst.snapshot(self._writer.model, self._writer.plan)
        task = asyncio.create_task(self._run(analysis, taken))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run(self, analysis: Analysis, taken: Snapshot) -> None:
        loop = asyncio.get_running_loop()
        try:
            said = await loop.run_in_executor(self._pool, self._ask, taken, analysis.id, self._waiting)
        except Exception:
            log.exception("%s failed", analysis.id)
            said = Answer(None, FAILED)
        while True:
            try:
                await self._writer.write(analysis.account, analysis.region, lambda tx: conclude(tx, analysis, *said))
                return
            except Exception:
                log.exception("what came of %s could not be written down; trying again", analysis.id)
                await asyncio.sleep(PAUSE)

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def close(self) -> None:
        """End what runs, and start no more: it is resumed at the next start."""
        os.close(self._leaving)
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        os.close(self._waiting)
