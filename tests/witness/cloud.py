"""A whole cloud in this process: boto3 above, the engine's writer, the compiler and a fabric below.

Instances have no software of their own: whatever a state demands is done at once, so that a call returns with the
instance running or stopped.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.store import Store
from atoll.engine.timers import Timed
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.model.kinds import Instance, InternetHost
from atoll.model.machines import EFFECTS, Effect, Event
from atoll.model.regions import REGIONS
from atoll.model.tx import Settings, Tx
from atoll.plan.rows import Row
from atoll.protocol import load
from atoll.records import Table
from atoll.services import due, registry
from atoll.services.ec2 import lifecycle
from atoll.services.elbv2.target_health import on_checks
from atoll.services.unbuilt import answer_unbuilt
from tests.support.inprocess import InProcess
from tests.witness.watched import Watched

T = TypeVar("T")

HOSTS = ("203.0.113.10", "203.0.113.20")
"""The hosts of the internet."""

SYSTEM = ("000000000000", "atoll")

DONE = {
    Effect.START: Event.STARTED,
    Effect.REBOOT: Event.STARTED,
    Effect.STOP: Event.STOPPED,
    Effect.TERMINATE: Event.GONE,
}

LIMITS = {"elastic-ips-per-region": 50}
"""A design may have more Elastic IPs than an account gets without asking."""


class Cloud(InProcess):
    """One cloud. `database`: where its store lies; in memory if no path is given. Close it."""

    def __init__(self, seed: int, fabric: Fabric, database: Path | None = None) -> None:
        super().__init__(seed=seed)
        self.clock = ManualClock()
        self.fabric = Watched(fabric)
        self._loop = asyncio.new_event_loop()
        settings = Settings(limits=LIMITS, default_vpc=False)
        store = Store(database)
        self.writer = Writer(store, self.fabric, self.clock, settings, always_there(), seed=seed)
        self._loop.run_until_complete(self.writer.load())
        self.table = self.writer.model
        self._write(SYSTEM, _add_hosts)

    @property
    def plan(self) -> Table:
        """What the compiler has made of it."""
        return self.writer.plan

    def _call(
        self, access_key: str, region: str, account: str, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """One call through the writer; AwsError leaves everything as it was."""
        if (service, operation) not in registry.OPERATIONS:
            return answer_unbuilt(load(service), operation, params)
        if operation.startswith(("Describe", "Get")):
            return registry.answer(self.writer.draft(account, region), service, operation, params)
        self.clock.advance(1.0)
        return self._write((account, region), lambda tx: registry.answer(tx, service, operation, params))

    def _write(self, home: tuple[str, str], decide: Callable[[Tx], T]) -> T:
        """Write, and then whatever the new states demand, until nothing is left to do."""
        written = self._loop.run_until_complete(self.writer.write(*home, decide))
        for _old, new in written.delta.values():
            if isinstance(new, Instance) and new.state in EFFECTS:
                self._report(new, DONE[EFFECTS[new.state]])
            if isinstance(new, Timed) and new.due is not None and new.due <= self.clock.now():
                self._look(new)
        return written.result

    def _report(self, instance: Instance, event: Event) -> None:
        self._write(SYSTEM, lambda tx: lifecycle.on_event(tx, instance.id, instance.boot, event))

    def report(self, health: Mapping[tuple[str, ...], Mapping[str, tuple[str, str, str]]]) -> bool:
        """What health checks have come to: state, reason and description, by the target's key and the zone of the node
        that has checked it. Whether that is new."""

        def write_down(tx: Tx) -> bool:
            for key, said in health.items():
                on_checks(tx, key, said)
            return bool(tx.delta())

        return self._write(SYSTEM, write_down)

    def _look(self, thing: Timed) -> None:
        self._write((thing.account, thing.region), lambda tx: due.look(tx, thing))

    def close(self) -> None:
        """End the writer's thread and the store; the fabric is its owner's to close."""
        self.writer.close()
        self._loop.close()


@cache
def always_there() -> list[Row]:
    """The rows of the plan that no entity makes."""
    return constants(zone.name for region in REGIONS.values() for zone in region.zones)


def _add_hosts(tx: Tx) -> None:
    for ip in HOSTS:
        tx.put(InternetHost(home="/".join(SYSTEM), ip=ip))
