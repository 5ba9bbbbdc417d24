"""An endpoint without sockets, disk or network, for rubbish; and which of its lines have run."""

import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator
from types import CodeType, FrameType
from typing import Any

from atoll.app.endpoint import Endpoint, Reply
from atoll.app.instances import NoGuests
from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.effects import Effects
from atoll.engine.store import Store
from atoll.engine.timers import Timed, Timers
from atoll.engine.writer import Writer
from atoll.fabric.none import NoFabric
from atoll.model.machines import Event
from atoll.model.tx import Settings
from atoll.services import due, served  # noqa: F401 - registers the handlers
from atoll.services.ec2 import lifecycle
from tests.fuzz.corpus import Wire


class Site:
    """The endpoint and its parts."""

    def __init__(self) -> None:
        zones = [f"us-east-1{letter}" for letter in "abcdef"]
        clock = ManualClock()
        self.writer = Writer(Store(None), NoFabric(), clock, Settings(), constants(zones), seed=1)
        self.effects = Effects(NoGuests(), self._report)
        self.timers = Timers(self.writer, clock, self._report, self._look)
        self.endpoint = Endpoint(self.writer, self.effects, self.timers, self.writer.reset)

    async def _report(self, instance: str, boot: int, event: Event) -> None:
        written = await self.writer.write("0" * 12, "atoll", lambda tx: lifecycle.on_event(tx, instance, boot, event))
        self.effects.follow(written.delta)

    async def _look(self, thing: Timed) -> None:
        await self.writer.write(thing.account, thing.region, lambda tx: due.look(tx, thing))

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> "AsyncIterator[Site]":
        """An endpoint that is ready, and ends."""
        site = cls()
        await site.writer.load()
        try:
            yield site
        finally:
            await site.close()

    async def ask(self, wire: Wire) -> Reply:
        """One request."""
        return await self.endpoint.reply(wire.method, wire.path, wire.headers, wire.query, wire.body)

    async def close(self) -> None:
        """End its threads."""
        await self.effects.close()
        self.writer.close()


class Coverage:
    """Lines of Atoll's services and protocols that this thread has run.

    sys.settrace is slow, so a function's lines are followed in its first calls and then in one of many.
    """

    EVERY = 32

    def __init__(self) -> None:
        self.lines: set[tuple[CodeType, int]] = set()
        self.fresh = False
        self._calls: Counter[CodeType] = Counter()

    def start(self) -> None:
        """From here on."""
        sys.settrace(self._called)

    def stop(self) -> None:
        """Until here."""
        sys.settrace(None)

    def is_fresh(self) -> bool:
        """Whether a new line has run since this was last asked."""
        fresh, self.fresh = self.fresh, False
        return fresh

    def _called(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        code = frame.f_code
        calls = self._calls[code] = self._calls[code] + 1
        if calls > self.EVERY and calls % self.EVERY:
            return None
        if "/atoll/services/" in code.co_filename or "/atoll/protocol/" in code.co_filename:
            return self._line
        self._calls[code] = 1 - (1 << 40)  # not ours: never again
        return None

    def _line(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        line = (frame.f_code, frame.f_lineno)
        if line not in self.lines:
            self.lines.add(line)
            self.fresh = True
        return self._line
