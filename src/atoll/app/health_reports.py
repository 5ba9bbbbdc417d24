"""What health checks find, on its way into the model: all that is found while a write goes on is the next write.

Every node that may send to a target has a word about it (`on_checks`). The words are kept here; the model has only what
comes of them, and that is where each check goes on from after a restart.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping

from atoll.agents.health import FAILED, HEALTHY, INITIAL, UNHEALTHY, Standing
from atoll.app.hosts import SYSTEM
from atoll.engine.writer import Writer
from atoll.model.kinds import BalancerZone, Listener, Target
from atoll.model.tx import Tx
from atoll.services.elbv2.target_health import on_checks, on_heard

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which a write that failed is tried again."""

NODE = 2
"""So many words has a node's key."""

Said = tuple[str, str, str]
Key = tuple[str, ...]


class HealthReports:
    """By the ids of their probes: "group/target/port/zone" is what that zone's node finds of a target, "balancer/zone"
    is a load balancer's node itself."""

    def __init__(self, writer: Writer, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._writer = writer
        self._sleep = sleep
        self._words: dict[Key, dict[str, Said]] = {}
        self._waiting: dict[str, Said] = {}
        self._writing: asyncio.Task[None] | None = None

    def known(self, probe: str) -> Standing:
        """What the model says of a target, or of a node."""
        key = tuple(probe.split("/"))
        if len(key) == NODE:
            zone = self._writer.model.get(BalancerZone, *key)
            return Standing(HEALTHY, "", "") if zone is None or zone.alive else Standing(UNHEALTHY, *FAILED[1:])
        target = self._writer.model.get(Target, *key[:-1])
        if target is None or target.health == INITIAL:
            return Standing()
        return Standing(target.health, target.reason, target.description)

    async def tell(self, probe: str, said: Said) -> None:
        """Have it written. What is said of the same target before that takes its place."""
        self._keep(probe, said)
        self._waiting[probe] = said
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    def _keep(self, probe: str, said: Said) -> None:
        """A check that has come to nothing, or is over, has no word."""
        *of, zone = probe.split("/")
        if len(of) + 1 == NODE:
            return
        words = self._words.setdefault(tuple(of), {})
        words.pop(zone, None)
        if said[0] != INITIAL:
            words[zone] = said
        elif not words:
            del self._words[tuple(of)]

    async def _write(self) -> None:
        while self._waiting:
            told, self._waiting = self._waiting, {}
            try:
                await self._writer.write(*SYSTEM, lambda tx, told=told: _write_down(tx, told, self._words))  # type: ignore[misc]
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


def _write_down(tx: Tx, told: Mapping[str, Said], words: Mapping[Key, Mapping[str, Said]]) -> None:
    targets: dict[Key, None] = {}
    for probe, said in told.items():
        key = tuple(probe.split("/"))
        if len(key) > NODE:
            targets[key[:-1]] = None
        elif on_heard(tx, key, alive=said[0] != UNHEALTHY):
            targets.update(dict.fromkeys(_targets(tx, key[0])))
    for key in targets:
        on_checks(tx, key, words.get(key, {}))


def _targets(tx: Tx, balancer: str) -> list[Key]:
    """Of whom a load balancer's nodes have a word: who has one changes with the node that is heard of."""
    groups = dict.fromkeys(one.group for one in tx.by(Listener, "balancer", balancer))
    return [target.key[1:] for group in groups for target in tx.by(Target, "group", group)]
