"""Live connections in a network that changes: judges agree on what lives and what dies, and would not on anything."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest

from tests.conftest import SAID, Say
from tests.witness import histories
from tests.witness.changes import CHANGES
from tests.witness.histories import WAYS, Histories, Outcome

ROOT = Path(__file__).parents[2]


def test_spec_and_walk_agree_on_what_lives_and_what_dies(record_property: Say) -> None:
    seen = histories.campaign(examples=30, steps=25, seed=5)
    record_property(SAID, histories.summary(seen))
    lived, cut = (sum(n for (_, _, kept), n in seen.items() if kept is alive) for alive in (True, False))
    assert cut > lived / 50
    assert {way for way, _, kept in seen if kept} == set(WAYS)
    assert len({way for way, _, kept in seen if not kept}) > len(WAYS) / 2
    assert len({change for _, change, _ in seen}) > len(CHANGES) / 2


class Deaf(Histories):
    """Nobody tells the walk's connections what has changed."""

    seen: ClassVar[Counter[Outcome]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.lab.cloud.fabric.take = list  # type: ignore[method-assign]


def test_a_judge_that_forgets_nothing_is_caught() -> None:
    with pytest.raises(AssertionError, match="the judges do not agree"):
        histories.campaign(examples=300, steps=25, seed=5, machine=Deaf, shrink=False)


@pytest.mark.kernel
def test_real_packets_agree_as_well() -> None:
    command = [sys.executable, "-m", "tests.witness.histories", "--examples", "8", "--steps", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("histories: inside a subnet: ")
