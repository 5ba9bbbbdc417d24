"""Live connections in a network that changes: judges agree on what lives and what dies, and would not on anything."""

import subprocess
import sys
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from tests.conftest import SAID, Say
from tests.spec import Probe
from tests.witness import histories, standing
from tests.witness.changes import CHANGES
from tests.witness.cloud import HOSTS
from tests.witness.histories import WAYS, Histories, Outcome
from tests.witness.probes import Map
from tests.witness.promises import Promises
from tests.witness.run import laboratory

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


def test_a_promise_that_is_broken_is_seen() -> None:
    """A new connection to a target that is not healthy; an established one that leaves its own."""
    with laboratory(1, None, made=standing.build) as lab:
        lab.examiner.settle("as built")
        (public, *_) = (ip for node in Map(lab.examiner.answers).nodes for ip in Map(lab.examiner.answers).public(node))
        probe = Probe(f"internet:{HOSTS[0]}", HOSTS[0], public, "tcp", 20_000, standing.PORT)
        lab.examiner.round("opening", [("open", probe)])
        trial, answers = lab.examiner.result.trials[-1], lab.examiner.answers
        promises = Promises()
        assert list(promises.broken(trial, answers)) == []
        other = next(one for one in trial.fates["spec"] or () if one.target != trial.spec.target)
        (line,) = promises.broken(replace(trial, verb="send", spec=other, others={}), answers)
        assert "left" in line
        ill = deepcopy(answers)
        shown = next(one for one in ill["NetworkInterfaces"] if f"{one['PrivateIpAddress']}:80" == trial.spec.target)
        for target in (target for group in ill["TargetGroups"] for target in group["Targets"]):
            if target["Target"]["Id"] == shown["Attachment"]["InstanceId"]:
                target["TargetHealth"]["State"] = "unhealthy"
        assert any("unhealthy" in line for line in Promises().broken(trial, ill))


@pytest.mark.kernel
def test_real_packets_agree_as_well() -> None:
    command = [sys.executable, "-m", "tests.witness.histories", "--examples", "8", "--steps", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("histories: inside a subnet: ")
