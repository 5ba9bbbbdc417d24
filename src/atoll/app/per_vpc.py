"""What the server serves in every VPC's own router comes and goes with the VPCs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.plan.rows import Domain, DomainKind
from atoll.records import Delta

log = logging.getLogger(__name__)

Open = Callable[[str, Path], Awaitable[Callable[[], object]]]
"""Serve in the network of that domain's router; what ends it."""


class PerVpc:
    """One service: in each VPC that there is, as long as there is that VPC."""

    def __init__(self, writer: Writer, fabric: Fabric, name: str, serve: Open) -> None:
        """`name`: for the log. `serve` raises OSError when it cannot listen there."""
        self._writer = writer
        self._fabric = fabric
        self._name = name
        self._serve = serve
        self._ends: dict[str, Callable[[], object]] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Serve in every VPC that there is, and in those that come."""
        self._writer.watch(self._follow)
        for domain in list(self._writer.plan.all(Domain)):
            self._wanted(domain)
        await self.ready()

    async def ready(self) -> None:
        """Return when it is served in every VPC that there is."""
        while self._opening:
            await asyncio.wait(list(self._opening.values()))

    def _follow(self, plan: Delta) -> None:
        for old, new in plan.values():
            if isinstance(new, Domain) and old is None:
                self._wanted(new)
            elif isinstance(old, Domain) and new is None:
                self._end(old.id)

    def _wanted(self, domain: Domain) -> None:
        if domain.kind is not DomainKind.VPC:
            return
        task = asyncio.create_task(self._open(domain.id))
        self._opening[domain.id] = task
        task.add_done_callback(lambda _: self._opening.pop(domain.id, None))

    async def _open(self, domain: str) -> None:
        network = self._fabric.router(domain)
        if network is None:
            return
        try:
            end = await self._serve(domain, network)
        except OSError:
            if self._writer.plan.get(Domain, domain) is not None:  # else it went in the meantime
                log.exception("%s cannot be served in %s", self._name, domain)
            return
        self._ends[domain] = end
        if self._writer.plan.get(Domain, domain) is None:
            self._end(domain)

    def _end(self, domain: str) -> None:
        """A VPC is gone: nothing may hold its router's network."""
        end = self._ends.pop(domain, None)
        if end is not None:
            end()

    def close(self) -> None:
        """Serve no more."""
        for domain in list(self._ends):
            self._end(domain)
