"""The machine's clock may step back: Atoll's does not, and what was written in the future is no obstacle."""

import asyncio
import time
from pathlib import Path

import pytest

from atoll.compile import constants
from atoll.engine.clock import ManualClock, SystemClock
from atoll.engine.store import Store
from atoll.engine.timers import due
from atoll.engine.writer import Writer
from atoll.fabric.none import NoFabric
from atoll.model.kinds import Instance
from atoll.model.machines import Event
from atoll.model.tx import Settings
from atoll.services.ec2.lifecycle import on_event
from tests.support import small_cloud as cloud

DAY = 86_400.0
WHO = ("123456789012", "us-east-1")


def test_the_clock_stands_still_until_the_machines_has_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    seen = []
    for moment in (1000.0, 400.0, 999.0, 1001.0):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        seen.append(clock.now())
    assert seen == [1000.0, 1000.0, 1000.0, 1001.0]


def test_a_server_that_starts_a_day_before_the_last_call_takes_the_next(tmp_path: Path) -> None:
    web = cloud.subnet("subnet-web", "10.0.1.0/24")
    entities = [*cloud.network(), web, cloud.instance("i-1", web)]
    entities += cloud.interface("eni-1", web, "10.0.1.10", instance="i-1")

    async def history() -> None:
        store = Store(tmp_path / "atoll.db")
        store.commit({one.key: (None, one) for one in entities})
        store.close()
        now = 1_750_000_000.0
        for moment, event in ((now, Event.EXITED), (now - DAY, Event.STOPPED)):
            writer = Writer(Store(tmp_path / "atoll.db"), NoFabric(), ManualClock(moment), Settings(), constants(["z"]))
            await writer.load()
            (one,) = writer.model.all(Instance)
            await writer.write(*WHO, lambda tx, one=one, event=event: on_event(tx, one.id, one.boot, event))  # type: ignore[misc]
            assert due(writer.model, moment - 2 * DAY) == []
            writer.close()
        last = Store(tmp_path / "atoll.db")
        assert [one.state for one in last.load() if isinstance(one, Instance)] == ["stopped"]
        last.close()

    asyncio.run(history())
