"""What health checks find is written in as few writes as there is time for, and a write that fails is tried again."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from atoll.agents.health import Standing
from atoll.app.health_reports import HealthReports
from atoll.engine.clock import ManualClock
from atoll.engine.store import Store
from atoll.engine.writer import CommitError, Writer
from atoll.fabric.none import NoFabric
from atoll.model.kinds import BalancerZone, Target
from atoll.model.tx import Settings, Tx

HOME = "123456789012/us-east-1"
INITIAL = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY, SICK = ("healthy", "", ""), ("unhealthy", "Target.Timeout", "Request timed out")


def story(tell: Callable[[Writer], Coroutine[Any, Any, None]], folder: Path) -> None:
    async def whole() -> None:
        writer = Writer(Store(folder / "atoll.db"), NoFabric(), ManualClock(), Settings(), [])
        await writer.load()
        await writer.write("123456789012", "us-east-1", _targets)
        try:
            await tell(writer)
        finally:
            writer.close()

    asyncio.run(whole())


def _targets(tx: Tx) -> None:
    for number in range(50):
        tx.put(Target(home=HOME, group="g", target=f"10.0.0.{number}", port=80))


def healths(writer: Writer) -> set[str]:
    return {one.health for one in writer.model.all(Target)}


async def settled(reports: HealthReports) -> None:
    assert reports._writing is not None
    await asyncio.wait_for(reports._writing, 10)


def test_many_reports_are_few_writes(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        reports, writes = HealthReports(writer), [0]
        writer.watch(lambda _delta: writes.__setitem__(0, writes[0] + 1))
        assert reports.known("g/10.0.0.1/80") == Standing()
        for said in (SICK, HEALTHY):
            for number in range(50):
                await reports.tell(f"g/10.0.0.{number}/80", said)
        await reports.tell("g/10.0.0.99/80", SICK)  # nobody's
        await settled(reports)
        assert healths(writer) == {"healthy"}
        assert writes == [1]
        assert reports.known("g/10.0.0.1/80") == Standing(*HEALTHY)
        await reports.tell("g/10.0.0.1/80", SICK)
        await settled(reports)
        assert reports.known("g/10.0.0.1/80") == Standing(*SICK)
        await reports.close()

    story(tell, tmp_path)


def test_a_nodes_word_is_the_zones(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        reports = HealthReports(writer)
        zone = BalancerZone(home=HOME, balancer="lb", zone="us-east-1a", subnet="subnet-1", interface="eni-1")
        await writer.write("123456789012", "us-east-1", lambda tx: tx.put(zone))
        for said, alive in ((SICK, False), (HEALTHY, True), (SICK, False), (INITIAL, True)):
            await reports.tell("lb/us-east-1a", said)
            await settled(reports)
            assert writer.model.get(BalancerZone, "lb", "us-east-1a") == replace(zone, alive=alive)
            assert reports.known("lb/us-east-1a").health == ("healthy" if alive else "unhealthy")
        await reports.tell("lb/us-east-1b", SICK)  # nobody's
        await settled(reports)
        await reports.close()

    story(tell, tmp_path)


def test_a_write_that_fails_is_tried_again_and_the_newest_word_counts(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        real, failed = writer.write, [0]

        async def refuse(*asked: Any) -> Any:
            if not failed[0]:
                failed[0] = 1
                raise CommitError("full")
            return await real(*asked)

        async def then(_seconds: float) -> None:
            await reports.tell("g/10.0.0.1/80", HEALTHY)

        writer.write = refuse  # type: ignore[assignment,method-assign]
        reports = HealthReports(writer, then)
        await reports.tell("g/10.0.0.1/80", SICK)
        await reports.tell("g/10.0.0.2/80", SICK)
        await settled(reports)
        assert reports.known("g/10.0.0.1/80").health == "healthy"
        assert reports.known("g/10.0.0.2/80").health == "unhealthy"

    story(tell, tmp_path)
