"""The short version of `tests.crash.run` and `tests.crash.rounds`; docs/durability.md has the long one's figures."""

from pathlib import Path

import pytest

from tests.crash.looking import ungrouped
from tests.crash.rounds import Size, drift, grown, rounds
from tests.crash.run import series
from tests.crash.seen_balancers import unchecked

pytestmark = pytest.mark.kernel

RUNS = 6


def test_what_was_acknowledged_survives_kills_at_random_moments(tmp_path: Path) -> None:
    counts = series(tmp_path / "state", RUNS, seed=20)
    assert counts["runs"] == RUNS
    assert counts["kills inside a call"] >= 0.3 * RUNS
    assert counts["acknowledged"] > 10 * RUNS
    assert counts["answers compared"] > 0
    assert counts["CreateLoadBalancer"] > 0
    assert counts["CreateListener"] > 0


def test_control_groups_are_looked_at(tmp_path: Path) -> None:
    for name in ("atoll-1/i-1", "atoll-1/i-2", "atoll-2/i-2"):
        (tmp_path / name).mkdir(parents=True)
    parents = [tmp_path / f"atoll-{number}" for number in (1, 2)]
    assert ungrouped(parents, {"i-2"}) == [f"control group: {parents[0]}: i-1 is too many"]
    assert ungrouped(parents[1:], {"i-2"}) == []
    assert ungrouped(parents[1:], {"i-1", "i-2"}) == [f"control group: {parents[1]}: i-1 is missing"]
    assert ungrouped([tmp_path / "atoll-3"], set()) == [f"control group: {tmp_path}/atoll-3: no parent is too many"]


def test_answers_are_compared_but_for_what_checks_have_come_to() -> None:
    shown = "<member><Target><Id>i-1</Id></Target><TargetHealth><State>{}</State>{}</TargetHealth></member>"
    now = shown.format("initial", "<Reason>Elb.InitialHealthChecking</Reason>")
    later = shown.format("healthy", "")
    leaving = shown.format("draining", "<Reason>Target.DeregistrationInProgress</Reason>")
    assert unchecked((now + leaving).encode()) == unchecked((later + leaving).encode())
    assert unchecked((leaving + now).encode()) == unchecked((leaving + later).encode())
    assert len({unchecked(one.encode()) for one in (now, leaving, now.replace("i-1", "i-2"))}) == 3


def test_the_same_without_a_network(tmp_path: Path) -> None:
    counts = series(tmp_path / "state", 3, seed=21, fabric="none")
    assert counts["kills inside a call"] >= 1


def test_what_was_built_and_deleted_leaves_nothing(tmp_path: Path) -> None:
    samples = rounds(tmp_path / "state", warm=3, count=8, every=4)
    assert [number for number, _ in samples] == [3, 7, 11]
    before, after = samples[0][1], samples[-1][1]
    assert before.namespaces > 0
    assert before.descriptors > 0
    assert grown(before, after) == []


def test_growth_is_seen() -> None:
    small = Size(*([1] * len(Size._fields)))
    assert grown(small, small) == []
    assert [line.split(":")[0] for line in grown(small, small._replace(links=2))] == ["links"]
    assert [line.split(":")[0] for line in grown(small, small._replace(memory=1 << 20))] == ["memory"]


def test_drift_is_that_of_the_last_two_thirds() -> None:
    small = Size(*([1] * len(Size._fields)))
    memory = [9000, 9000, 100, 110, 120, 130]
    samples = [(10 * number, small._replace(memory=size)) for number, size in enumerate(memory)]
    assert round(drift(samples), 6) == 1.0
    assert drift([(number, small) for number in range(6)]) == 0
