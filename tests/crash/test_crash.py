"""The short version of `tests.crash.run` and `tests.crash.rounds`; docs/durability.md has the long one's figures."""

from pathlib import Path

import pytest

from tests.crash.rounds import Size, grown, rounds
from tests.crash.run import series

pytestmark = pytest.mark.kernel

RUNS = 6


def test_what_was_acknowledged_survives_kills_at_random_moments(tmp_path: Path) -> None:
    counts = series(tmp_path / "state", RUNS, seed=20)
    assert counts["runs"] == RUNS
    assert counts["kills inside a call"] >= 0.3 * RUNS
    assert counts["acknowledged"] > 10 * RUNS
    assert counts["answers compared"] > 0


def test_the_same_without_a_network(tmp_path: Path) -> None:
    counts = series(tmp_path / "state", 3, seed=21, fabric="none")
    assert counts["kills inside a call"] >= 1


def test_what_was_built_and_deleted_leaves_nothing(tmp_path: Path) -> None:
    before, after = rounds(tmp_path / "state", warm=3, count=8)
    assert before.namespaces > 0
    assert before.descriptors > 0
    assert grown(before, after) == []


def test_growth_is_seen() -> None:
    small = Size(*([1] * len(Size._fields)))
    assert grown(small, small) == []
    assert [line.split(":")[0] for line in grown(small, small._replace(links=2))] == ["links"]
    assert [line.split(":")[0] for line in grown(small, small._replace(memory=1 << 20))] == ["memory"]
