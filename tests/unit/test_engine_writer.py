"""The one writer: all of a call or nothing of it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.store import Store
from atoll.engine.writer import CommitError, Writer
from atoll.fabric.contract import FabricError, SuspectError
from atoll.model import outages
from atoll.model.kinds import Entity, InternetHost, SecurityGroupRule
from atoll.model.tx import Settings, Tx
from atoll.plan.rows import Rule, Site
from atoll.records import Delta, Table
from tests.support import small_cloud as cloud

WHO = ("123456789012", "us-east-1")


class RowFabric:
    """Keeps rows, and refuses when told to: the contract without a network."""

    def __init__(self) -> None:
        self.rows = Table()
        self.refusals: list[FabricError] = []
        self.later: list[FabricError] = []  # refusals that come after one delta has been taken
        self.repaired = 0

    def start(self, delta: Delta) -> None:
        self.apply(delta)

    def apply(self, delta: Delta) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        for key, (old, _) in delta.items():
            assert self.rows.find(key) == old, f"{key} is not what the caller believes"
        self.rows.apply(delta)
        self.refusals, self.later = self.refusals + self.later, []

    def reap(self) -> bool:
        return False

    def observe(self) -> list[str]:
        return []

    def repair(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.repaired += 1

    def held(self, translator: str) -> frozenset[str]:
        del translator
        return frozenset()

    def namespace(self, node: str) -> Path | None:
        return None

    def router(self, domain: str) -> Path | None:
        return None

    def port_behind(self, domain: str, interface: int) -> str | None:
        return None

    def dump(self) -> str:
        return ""

    def close(self) -> None: ...


class BrokenStore(Store):
    """A disk that is full when told so."""

    full = False

    def commit(self, delta: Delta) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().commit(delta)


class Bench:
    """A writer over a fabric and a store that can be made to fail."""

    def __init__(self, folder: Path) -> None:
        self.fabric = RowFabric()
        self.store = BrokenStore(folder / "atoll.db")
        self.clock = ManualClock()
        self.writer = Writer(
            self.store, self.fabric, self.clock, Settings(), constants(["us-east-1a", "us-east-1b"]), seed=1
        )

    async def put(self, *entities: Entity) -> Delta:
        return (await self.writer.write(*WHO, putting(*entities))).delta

    def stored(self) -> set[str]:
        return {"/".join(entity.key) for entity in self.store.load()}


def putting(*entities: Entity) -> Callable[[Tx], None]:
    def decide(tx: Tx) -> None:
        for entity in entities:
            tx.put(entity)

    return decide


def run(folder: Path, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        bench = Bench(folder)
        await bench.writer.load()
        try:
            await story(bench)
        finally:
            bench.writer.close()

    asyncio.run(whole())


OPEN = cloud.rule("sgr-1", "sg-default", 80, "0.0.0.0/0")


def test_a_call_becomes_real_durable_and_true(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        await bench.put(OPEN)
        assert bench.fabric.rows.get(Rule, "sgr-1") is not None
        assert "security-group-rule/sgr-1" in bench.stored()
        assert bench.writer.model.get(SecurityGroupRule, "sgr-1") == OPEN
        assert bench.writer.plan.records == bench.fabric.rows.records

    run(tmp_path, story)


def test_a_call_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())

        def refuse(tx: Tx) -> None:
            tx.put(OPEN)
            raise ValueError("refused in decide")

        with pytest.raises(ValueError, match="refused in decide"):
            await bench.writer.write(*WHO, refuse)
        assert nothing_of_it(bench)

    run(tmp_path, story)


def test_a_network_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        bench.fabric.refusals = [FabricError("netlink says no")]
        with pytest.raises(CommitError, match="netlink says no"):
            await bench.put(OPEN)
        assert nothing_of_it(bench)
        await bench.put(OPEN)
        assert bench.fabric.rows.get(Rule, "sgr-1") is not None

    run(tmp_path, story)


def test_a_full_disk_takes_the_packets_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        bench.store.full = True
        with pytest.raises(CommitError, match="No space left"):
            await bench.put(OPEN)
        assert nothing_of_it(bench)
        bench.store.full = False
        await bench.put(OPEN)
        assert bench.fabric.rows.get(Rule, "sgr-1") is not None

    run(tmp_path, story)


def test_a_network_that_does_not_take_back_owes_it_before_the_next_call(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        bench.store.full = True
        bench.fabric.later = [FabricError("netlink is busy")]
        with pytest.raises(CommitError, match="take it back yet: netlink is busy"):
            await bench.put(OPEN)
        bench.store.full = False
        await bench.put(cloud.gateway())
        assert bench.fabric.repaired == 1
        assert nothing_of_it(bench)

    run(tmp_path, story)


def test_a_suspect_network_takes_no_write_until_it_is_healed(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        bench.fabric.refusals = [SuspectError("half of it is there", frozenset({"vpc-1"})), FabricError("still broken")]
        with pytest.raises(CommitError, match="half of it is there"):
            await bench.put(OPEN)
        with pytest.raises(CommitError, match="still broken"):
            await bench.put(OPEN)
        assert nothing_of_it(bench)
        await bench.put(OPEN)
        assert bench.fabric.repaired == 1

    run(tmp_path, story)


def test_a_restart_finds_the_same_plan(tmp_path: Path) -> None:
    plans: list[Table] = []

    async def first(bench: Bench) -> None:
        await bench.put(*cloud.network(), OPEN, cloud.gateway())
        plans.append(bench.writer.plan)

    async def second(bench: Bench) -> None:
        plans.append(bench.writer.plan)

    run(tmp_path, first)
    run(tmp_path, second)
    assert plans[0].records == plans[1].records


def test_reset_leaves_what_is_always_there(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        before = dict(bench.writer.plan.records)
        await bench.put(*cloud.network(), OPEN)
        await bench.writer.reset()
        assert bench.writer.plan.records == before == bench.fabric.rows.records
        assert bench.stored() == set()

    run(tmp_path, story)


def test_reset_keeps_what_it_is_told_to(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        host = InternetHost(home="000000000000/atoll", ip="203.0.113.10")
        await bench.put(host)
        before = dict(bench.writer.plan.records)
        await bench.put(*cloud.network(), OPEN)
        gone = await bench.writer.reset(keep=lambda record: isinstance(record, InternetHost))
        assert host.key not in gone
        assert bench.writer.model.records == {host.key: host}
        assert bench.writer.plan.records == before == bench.fabric.rows.records
        assert bench.stored() == {"/".join(host.key)}

    run(tmp_path, story)


def zone(bench: Bench) -> tuple[Site | None, Site | None]:
    """The row of a zone, as the plan has it and as the network does."""
    return bench.writer.plan.get(Site, "us-east-1a"), bench.fabric.rows.get(Site, "us-east-1a")


DARK = Site(id="us-east-1a", up=False, origin=("us-east-1a",))
WELL = Site(id="us-east-1a")


def test_a_zone_fails_and_comes_back_and_the_one_beside_it_stays(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        before = dict(bench.writer.plan.records)
        assert (await bench.writer.write(*WHO, lambda tx: outages.cut(tx, "us-east-1a"))).result
        assert {**before, DARK.key: DARK} == bench.writer.plan.records == bench.fabric.rows.records
        assert not (await bench.writer.write(*WHO, lambda tx: outages.cut(tx, "us-east-1a"))).result
        assert (await bench.writer.write(*WHO, lambda tx: outages.restore(tx, "us-east-1a"))).result
        assert bench.writer.plan.records == before == bench.fabric.rows.records
        assert not (await bench.writer.write(*WHO, lambda tx: outages.restore(tx, "us-east-1a"))).result

    run(tmp_path, story)


def test_a_failed_zone_has_failed_for_the_next_server_too_until_a_reset(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.writer.write(*WHO, lambda tx: outages.cut(tx, "us-east-1a"))

    async def second(bench: Bench) -> None:
        assert zone(bench) == (DARK, DARK)
        await bench.writer.reset()
        assert zone(bench) == (WELL, WELL)

    run(tmp_path, first)
    run(tmp_path, second)


def test_a_zone_that_could_not_be_cut_is_there(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.store.full = True
        with pytest.raises(CommitError, match="No space left"):
            await bench.writer.write(*WHO, lambda tx: outages.cut(tx, "us-east-1a"))
        assert zone(bench) == (WELL, WELL)

    run(tmp_path, story)


def test_a_caller_that_goes_away_does_not_leave_half_a_call(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.put(*cloud.network())
        call = asyncio.create_task(bench.put(OPEN))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await bench.put(cloud.gateway())
        assert bench.writer.model.get(SecurityGroupRule, "sgr-1") == OPEN
        assert bench.writer.plan.records == bench.fabric.rows.records

    run(tmp_path, story)


def nothing_of_it(bench: Bench) -> bool:
    return (
        bench.writer.model.get(SecurityGroupRule, "sgr-1") is None
        and bench.fabric.rows.get(Rule, "sgr-1") is None
        and "security-group-rule/sgr-1" not in bench.stored()
        and bench.writer.plan.records == bench.fabric.rows.records
    )
