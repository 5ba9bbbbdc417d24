"""What health checks find is written in as few writes as there is time for, and a write that fails is tried again.

What a target is, the nodes that check it agree on.
"""

import asyncio
import datetime
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
from atoll.model.kinds import BalancerZone, Listener, LoadBalancer, RouteTableAssociation, Subnet, Target, TargetGroup
from atoll.model.tx import Settings, Tx
from atoll.packet import Prefix

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
    """Fifty in the first of three zones, to which all three nodes may send."""
    cross = (("load_balancing.cross_zone.enabled", "true"),)
    made = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    shape = {"scheme": "internal", "vpc": "vpc-1", "state": "active", "created": made, "attributes": cross}
    tx.put(LoadBalancer(home=HOME, id="lb", name="lb", **shape))  # type: ignore[arg-type]
    group = {"protocol": "TCP", "port": 80, "vpc": "vpc-1", "target_type": "ip"}
    tx.put(TargetGroup(home=HOME, id="g", name="g", **group))  # type: ignore[arg-type]
    tx.put(Listener(home=HOME, id="on", balancer="lb", balancer_name="lb", protocol="TCP", port=80, group="g"))
    tx.put(RouteTableAssociation(home=HOME, id="rtbassoc-1", route_table="rtb-1", vpc="vpc-1", main=True))
    for place, letter in enumerate("abc"):
        zone = f"us-east-1{letter}"
        prefix = Prefix.parse(f"10.0.{place}.0/24")
        tx.put(Subnet(home=HOME, id=f"subnet-{letter}", vpc="vpc-1", zone=zone, prefix=prefix))
        tx.put(BalancerZone(home=HOME, balancer="lb", zone=zone, subnet=f"subnet-{letter}", interface=f"eni-{letter}"))
    for number in range(50):
        tx.put(Target(home=HOME, group="g", target=f"10.0.0.{number}", port=80))


def check(number: int, zone: str = "a") -> str:
    """The name of a check."""
    return f"g/10.0.0.{number}/80/us-east-1{zone}"


def healths(writer: Writer) -> set[str]:
    return {one.health for one in writer.model.all(Target)}


async def settled(reports: HealthReports) -> None:
    assert reports._writing is not None
    await asyncio.wait_for(reports._writing, 10)


def test_many_reports_are_few_writes(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        reports, writes = HealthReports(writer), [0]
        writer.watch(lambda _delta: writes.__setitem__(0, writes[0] + 1))
        assert reports.known(check(1)) == Standing()
        for said in (SICK, HEALTHY):
            for number in range(50):
                await reports.tell(check(number), said)
        await reports.tell(check(99), SICK)  # nobody's
        await settled(reports)
        assert healths(writer) == {"healthy"}
        assert writes == [1]
        assert reports.known(check(1)) == Standing(*HEALTHY)
        await reports.tell(check(1), SICK)
        await settled(reports)
        assert reports.known(check(1)) == Standing(*SICK)
        await reports.close()

    story(tell, tmp_path)


def test_a_nodes_word_is_the_zones(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        reports = HealthReports(writer)
        zone = writer.model.get(BalancerZone, "lb", "us-east-1a")
        assert zone is not None
        for said, alive in ((SICK, False), (HEALTHY, True), (SICK, False), (INITIAL, True)):
            await reports.tell("lb/us-east-1a", said)
            await settled(reports)
            assert writer.model.get(BalancerZone, "lb", "us-east-1a") == replace(zone, alive=alive)
            assert reports.known("lb/us-east-1a").health == ("healthy" if alive else "unhealthy")
        await reports.tell("lb/us-east-1z", SICK)  # nobody's
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
            await reports.tell(check(1), HEALTHY)

        writer.write = refuse  # type: ignore[assignment,method-assign]
        reports = HealthReports(writer, then)
        await reports.tell(check(1), SICK)
        await reports.tell(check(2), SICK)
        await settled(reports)
        assert reports.known(check(1)).health == "healthy"
        assert reports.known(check(2)).health == "unhealthy"

    story(tell, tmp_path)


def test_a_target_is_what_its_nodes_agree_on(tmp_path: Path) -> None:
    async def tell(writer: Writer) -> None:
        reports = HealthReports(writer)

        async def found(**said: tuple[str, str, str]) -> Standing:
            """What it is when so much has been said: a zone's letter, and what its node has found."""
            for zone, one in said.items():
                await reports.tell(check(1, zone), one)
            await settled(reports)
            return reports.known(check(1))

        other = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
        assert await found(a=INITIAL, b=INITIAL, c=INITIAL) == Standing()
        assert await found(c=SICK) == Standing(*SICK), "who has not come to anything yet has no say"
        assert await found(b=HEALTHY) == Standing(*HEALTHY), "as many as have failed: it gets the benefit of the doubt"
        assert await found(a=other) == Standing(*other), "two of three, told in the words of its own zone's node"
        assert await found(c=HEALTHY) == Standing(*HEALTHY), "two of three, whatever its own zone's node says"
        assert await found(b=SICK, c=SICK) == Standing(*other)
        await reports.tell("lb/us-east-1a", SICK)
        assert await found() == Standing(*SICK)
        assert await found(c=HEALTHY) == Standing(*HEALTHY), "a node that is not heard of has no say: one of two"
        await reports.tell("lb/us-east-1a", HEALTHY)
        assert await found() == Standing(*other), "and when it is heard again it is asked again"
        assert await found(a=INITIAL, b=INITIAL, c=INITIAL) == Standing(), "it is checked no more"
        assert not reports._words
        await reports.close()

    story(tell, tmp_path)
