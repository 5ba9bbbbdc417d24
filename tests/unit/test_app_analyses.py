"""Analyses beside all calls: what a call starts is run over what there was then, written down, and resumed."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from atoll.app.analyses import FAILED, Analyses, Ask, ask
from atoll.app.analyst import Snapshot
from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.store import Store
from atoll.engine.writer import Writer
from atoll.fabric.none import NoFabric
from atoll.insights.asked import Answer
from atoll.model.kinds import InsightsAnalysis, SecurityGroup
from atoll.model.tx import Settings, Tx
from atoll.services import registry
from atoll.services import served as _served  # noqa: F401 - registers the handlers

HOME = ("123456789012", "us-east-1")
NOTHING = Answer({"NetworkPathFound": False, "Explanations": []})


class Site:
    """A writer, and analyses beside it."""

    def __init__(self, folder: Path, asking: Ask) -> None:
        self.writer = Writer(
            Store(folder / "atoll.db"),
            NoFabric(),
            ManualClock(),
            Settings(default_vpc=False),
            constants(["us-east-1a", "us-east-1b"]),
        )
        self.analyses = Analyses(self.writer, asking)

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """One call, as the endpoint makes it, without waiting for what it starts."""

        def decide(tx: Tx) -> dict[str, Any]:
            return registry.answer(tx, "ec2", operation, params)

        written = await self.writer.write(*HOME, decide)
        self.analyses.follow(written.delta)
        return written.result

    async def path(self) -> str:
        """A path from one interface to another that has no rules."""
        vpc = (await self.call("CreateVpc", CidrBlock="10.0.0.0/16"))["Vpc"]["VpcId"]
        made = await self.call("CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")
        subnet = made["Subnet"]["SubnetId"]
        asked_group = {"VpcId": vpc, "GroupName": "shut", "Description": "no rules"}
        group = (await self.call("CreateSecurityGroup", **asked_group))["GroupId"]
        both = [await self.call("CreateNetworkInterface", SubnetId=subnet, Groups=[group]) for _ in range(2)]
        source, destination = (one["NetworkInterface"]["NetworkInterfaceId"] for one in both)
        asked = {"Source": source, "Destination": destination, "Protocol": "tcp"}
        made_path = await self.call("CreateNetworkInsightsPath", **asked)
        return str(made_path["NetworkInsightsPath"]["NetworkInsightsPathId"])

    async def start(self, path: str) -> str:
        made = await self.call("StartNetworkInsightsAnalysis", NetworkInsightsPathId=path)
        return str(made["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"])

    def shown(self, id_: str) -> InsightsAnalysis:
        found = self.writer.model.get(InsightsAnalysis, id_)
        assert found is not None
        return found


def run(folder: Path, asking: Ask, story: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        site = Site(folder, asking)
        await site.writer.load()
        try:
            await story(site)
        finally:
            await site.analyses.close()
            site.writer.close()

    asyncio.run(whole())


def test_it_is_computed_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    async def story(site: Site) -> None:
        id_ = await site.start(await site.path())
        assert site.shown(id_).status == "running"
        await site.analyses.idle()
        shown = site.shown(id_)
        assert (shown.status, shown.found) == ("succeeded", False)
        assert b"ENI_SG_RULES_MISMATCH" in shown.result

    run(tmp_path, ask, story)


def test_calls_are_served_meanwhile_and_do_not_change_the_question(tmp_path: Path) -> None:
    go_on = threading.Event()
    seen: list[int] = []

    def wait(taken: Snapshot, _id: str, _caller: int) -> Answer:
        assert go_on.wait(60)
        seen.append(sum(isinstance(one, SecurityGroup) for one in taken.model))
        return NOTHING

    async def story(site: Site) -> None:
        path = await site.path()
        first = await site.start(path)
        vpc = (await site.call("CreateVpc", CidrBlock="10.1.0.0/16"))["Vpc"]["VpcId"]
        assert vpc.startswith("vpc-")
        second = await site.start(path)
        assert [site.shown(one).status for one in (first, second)] == ["running", "running"]
        go_on.set()
        await site.analyses.idle()
        assert [site.shown(one).status for one in (first, second)] == ["succeeded", "succeeded"]
        assert sorted(seen) == [2, 3]

    run(tmp_path, wait, story)


def test_one_that_breaks_has_failed(tmp_path: Path) -> None:
    def broken(_taken: Snapshot, _id: str, _caller: int) -> Answer:
        raise RuntimeError("the analysis ended without an answer")

    async def story(site: Site) -> None:
        id_ = await site.start(await site.path())
        await site.analyses.idle()
        assert (site.shown(id_).status, site.shown(id_).message) == ("failed", FAILED)

    run(tmp_path, broken, story)


def test_what_could_not_be_written_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.app.analyses.PAUSE", 0.0)

    async def story(site: Site) -> None:
        path = await site.path()
        commit, refusals = site.writer._store.commit, iter([None, OSError("the disk is full")])

        def sometimes(delta: Any) -> None:
            error = next(refusals, None)
            if error is not None:
                raise error
            commit(delta)

        monkeypatch.setattr(site.writer._store, "commit", sometimes)
        id_ = await site.start(path)
        await site.analyses.idle()
        assert site.shown(id_).status == "succeeded"
        assert next(refusals, "used up") == "used up"

    run(tmp_path, lambda _taken, _id, _caller: NOTHING, story)


def test_what_runs_when_the_server_ends_is_resumed(tmp_path: Path) -> None:
    told: list[str] = []
    begun = threading.Event()

    def until_nobody_waits(_taken: Snapshot, _id: str, caller: int) -> Answer:
        begun.set()
        os.read(caller, 1)
        raise RuntimeError("nobody waits for the answer any more")

    async def leave(site: Site) -> None:
        told.append(await site.start(await site.path()))
        await asyncio.to_thread(begun.wait, 60)

    async def again(site: Site) -> None:
        assert site.shown(told[0]).status == "running"
        (task,) = site.analyses.resume()
        await task
        assert site.shown(told[0]).status == "succeeded"
        assert site.analyses.resume() == []

    run(tmp_path, until_nobody_waits, leave)
    run(tmp_path, lambda _taken, _id, _caller: NOTHING, again)
