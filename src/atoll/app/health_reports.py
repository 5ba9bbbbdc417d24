"""What health checks find, on its way into the model: all that is found while a write goes on is the next write."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from atoll.agents.health import FAILED, HEALTHY, INITIAL, UNHEALTHY, Standing
from atoll.app.hosts import SYSTEM
from atoll.engine.writer import Writer
from atoll.model.kinds import BalancerZone, Target
from atoll.model.tx import Tx
from atoll.services.elbv2.target_health import on_health, on_heard

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which a write that failed is tried again."""

NODE = 2
"""So many words has a node's key."""

Said = tuple[str, str, str]


class HealthReports:
    """By the ids of their probes: targets are "group/target/port", a load balancer's nodes "balancer/zone"."""

    def __init__(self, writer: Writer, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._writer = writer
        self._sleep = sleep
        self._waiting: dict[str, Said] = {}
        self._writing: asyncio.Task[None] | None = None

    def known(self, probe: str) -> Standing:
        """What the model says of a target, or of a node."""
        key = tuple(probe.split("/"))
        if len(key) == NODE:
            zone = self._writer.model.get(BalancerZone, *key)
            return Standing(HEALTHY, "", "") if zone is None or zone.alive else Standing(UNHEALTHY, *FAILED[1:])
        target = self._writer.model.get(Target, *key)
        if target is None or target.health == INITIAL:
            return Standing()
        return Standing(target.health, target.reason, target.description)

    async def tell(self, probe: str, said: Said) -> None:
        """Have it written. What is said of the same target before that takes its place."""
        self._waiting[probe] = said
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            told, self._waiting = self._waiting, {}
            try:
                await self._writer.write(*SYSTEM, lambda tx, told=told: _write_down(tx, told))  # type: ignore[misc]
            except Exception:
                log.exception("the health of targets could not be written down; it will be tried again")
                self._waiting = told | self._waiting
                await self._sleep(AGAIN)

    async def close(self) -> None:
        """Write nothing more."""
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing


def _write_down(tx: Tx, told: dict[str, Said]) -> None:
    for probe, said in told.items():
        key = tuple(probe.split("/"))
        if len(key) == NODE:
            on_heard(tx, key, alive=said[0] != UNHEALTHY)
        else:
            on_health(tx, key, *said)
