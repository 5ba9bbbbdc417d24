"""Health checks: what answers make of a target, and the prober's tasks, with time that the test owns."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from atoll.agents import health
from atoll.agents.health import FAILED, HEALTHY, INITIAL, PASSED, TIMED_OUT, UNHEALTHY, Answer, Prober, Standing, after
from atoll.plan.rows import Probe

PROBE = Probe(id="g/t/80", node="lb", address="10.0.2.8", port=80, healthy=3, unhealthy=2)


def told(*answers: Answer, start: Standing = Standing()) -> list[str]:  # noqa: B008 - a value
    standing, said = start, []
    for answer in answers:
        standing = after(PROBE, standing, answer)
        said.append(standing.health)
    return said


def test_a_new_target_needs_one_check_that_passes() -> None:
    assert told(PASSED) == [HEALTHY]
    assert told(FAILED, PASSED) == [INITIAL, HEALTHY]


def test_thresholds_count_in_a_row() -> None:
    well = Standing(HEALTHY, "", "")
    assert told(FAILED, PASSED, FAILED, FAILED, start=well) == [HEALTHY, HEALTHY, HEALTHY, UNHEALTHY]
    sick = Standing(UNHEALTHY, FAILED.reason, FAILED.description)
    assert told(PASSED, PASSED, FAILED, *[PASSED] * 3, start=sick) == [UNHEALTHY] * 5 + [HEALTHY]
    assert told(FAILED, FAILED) == [INITIAL, UNHEALTHY]


def test_the_reason_is_the_last_checks() -> None:
    standing = after(PROBE, after(PROBE, Standing(), FAILED), TIMED_OUT)
    assert standing.said == (UNHEALTHY, "Target.Timeout", "Request timed out")
    standing = after(PROBE, standing, FAILED)
    assert standing.said == (UNHEALTHY, "Target.FailedHealthChecks", "Health checks failed")
    assert after(PROBE, Standing(), PASSED).said == (HEALTHY, "", "")


@pytest.mark.parametrize(
    ("codes", "status", "right"),
    [("200-399", 200, True), ("200-399", 404, False), ("200,204", 204, True), ("200,300-302", 301, True)],
)
def test_codes(codes: str, status: int, right: bool) -> None:
    assert health.allowed(codes, status) is right


class Desk:
    """A prober whose checks and whose time are the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: asyncio.Queue[Answer] = asyncio.Queue()
        self.rounds: asyncio.Queue[float] = asyncio.Queue()
        self.reports: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self.asked: list[Probe] = []
        monkeypatch.setattr(health, "ask", self._ask)
        self.prober = Prober(lambda _node: Path("/there"), self._report, self._sleep)

    async def _ask(self, _namespace: Path, probe: Probe) -> Answer:
        self.asked.append(probe)
        return await self.answers.get()

    async def _report(self, name: str, said: tuple[str, str, str]) -> None:
        self.reports.put_nowait((name, *said[:2]))

    async def _sleep(self, seconds: float) -> None:
        self.rounds.put_nowait(seconds)
        await asyncio.sleep(0)  # let others go on

    async def says(self) -> tuple[str, str, str]:
        return await asyncio.wait_for(self.reports.get(), 5)


async def others_go_on() -> None:
    """Every task gets farther than any of these has to go, unless it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_it_asks_again_and_again_and_tells_what_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        desk = Desk(monkeypatch)
        desk.prober.follow({PROBE.key: (None, PROBE)})
        assert await desk.says() == (PROBE.id, INITIAL, "Elb.InitialHealthChecking")
        for answer in (PASSED, PASSED, FAILED, FAILED):
            desk.answers.put_nowait(answer)
        assert await desk.says() == (PROBE.id, HEALTHY, "")
        assert await desk.says() == (PROBE.id, UNHEALTHY, "Target.FailedHealthChecks")
        assert [await desk.rounds.get() for _ in range(4)] == [PROBE.interval] * 4
        changed = replace(PROBE, port=81)
        desk.prober.follow({PROBE.key: (PROBE, changed)})
        assert await desk.says() == (PROBE.id, UNHEALTHY, "Target.FailedHealthChecks")
        for answer in [PASSED] * 3:
            desk.answers.put_nowait(answer)
        assert await desk.says() == (PROBE.id, HEALTHY, "")
        assert desk.asked[-1] == changed
        desk.prober.follow({PROBE.key: (changed, None)})
        assert await desk.says() == (PROBE.id, INITIAL, "Elb.InitialHealthChecking")
        await desk.prober.close()
        assert desk.reports.empty()

    run(story())


def test_it_goes_on_from_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        desk = Desk(monkeypatch)
        desk.prober.begin([PROBE], lambda _name: Standing(HEALTHY, "", ""))
        assert await desk.says() == (PROBE.id, HEALTHY, "")
        desk.answers.put_nowait(FAILED)
        desk.answers.put_nowait(FAILED)
        assert await desk.says() == (PROBE.id, UNHEALTHY, "Target.FailedHealthChecks")
        await desk.prober.close()

    run(story())


def test_a_check_of_ours_that_breaks_is_an_internal_error_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        desk = Desk(monkeypatch)

        async def broken(_namespace: Path, _probe: Probe) -> Answer:
            raise RuntimeError("ours")

        monkeypatch.setattr(health, "ask", broken)
        desk.prober.begin([PROBE], lambda _name: Standing())
        assert await desk.says() == (PROBE.id, INITIAL, "Elb.InitialHealthChecking")
        assert await desk.says() == (PROBE.id, UNHEALTHY, "Elb.InternalError")
        await desk.prober.close()

    run(story())
    assert "the check g/t/80 broke" in caplog.text


def test_without_a_network_every_check_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        desk = Desk(monkeypatch)
        nowhere = Prober(lambda _node: None, desk._report, lambda _seconds: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
        nowhere.begin([PROBE], lambda _name: Standing())
        assert await desk.says() == (PROBE.id, INITIAL, "Elb.InitialHealthChecking")
        assert await desk.says() == (PROBE.id, HEALTHY, "")
        await nowhere.close()

    run(story())


def test_only_so_many_checks_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        desk = Desk(monkeypatch)
        prober = Prober(lambda _node: Path("/there"), desk._report, lambda _: asyncio.Event().wait(), most=2)  # type: ignore[arg-type,return-value]
        probes = [replace(PROBE, id=f"g/t/{port}", port=port) for port in (80, 81, 82)]
        prober.begin(probes, lambda _name: Standing())
        for probe in probes:
            assert await desk.says() == (probe.id, INITIAL, "Elb.InitialHealthChecking")
        await others_go_on()
        assert desk.asked == probes[:2]
        desk.answers.put_nowait(PASSED)
        assert await desk.says() == (probes[0].id, HEALTHY, "")
        await others_go_on()
        assert desk.asked == probes
        await prober.close()

    run(story())
