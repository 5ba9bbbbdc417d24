"""The main test in small, and proof that it would tell: what is wrong is found, made small, kept and found again."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from atoll.analyze import walk
from atoll.analyze.rules import Judgement
from tests.spec import Probe
from tests.witness import bulk, shrink
from tests.witness.design import Line
from tests.witness.edges import SOURCES, Edges
from tests.witness.met import FEATURES
from tests.witness.reach_judge import ReachJudge
from tests.witness.run import Laboratory, laboratory
from tests.witness.shrink import KEPT

SEED = 7
"""A design with an ACL that refuses."""

ROOT = Path(__file__).parents[2]


def _chosen(lab: Laboratory, count: int) -> list[tuple[str, Probe]]:
    lab.examiner.settle("as built")
    reach = lab.examiner.judges["reach"]
    assert isinstance(reach, ReachJudge)
    return Edges(random.Random(1), lab.examiner.answers, reach.outcomes, lab.examiner.tunnels).choose(count)


def test_packets_come_from_all_sources_and_no_two_are_one_connection() -> None:
    with laboratory(3, None, whole=True) as lab:
        chosen = _chosen(lab, 400)
    assert Counter(name for name, _ in chosen).keys() == SOURCES.keys()
    ports = [(one.protocol, *sorted((one.source_port, one.destination_port))) for _, one in chosen if one.source_port]
    assert len(set(ports)) == len(ports)
    own = {(one.protocol, one.source_port) for _, one in chosen if one.protocol in ("tcp", "udp")}
    assert any(port > 50_000 or port < 20_000 for _, port in own), "edges of source ports too"


def test_a_design_of_the_campaign_agrees_and_tells_what_it_met() -> None:
    lifted: Counter[str] = Counter()
    told = [bulk.examine(seed, None, 200, lifted, thorough=False) for seed in range(70, 74)]
    assert not [line for one in told for line in one["disagreements"] + one["violations"]]
    assert all(one["packets"] >= 150 for one in told)
    assert len({feature for one in told for pair in one["met"] for feature in pair}) > len(FEATURES) * 2 / 3
    controls = [one for design in told for one in design["controls"]]
    assert controls
    assert all(one["passes"] and one["lost again"] for one in controls)
    json.dumps(told)


def test_what_is_wrong_is_made_small_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "judge_fence", lambda *_: Judgement(True, tracked=False))  # ACLs let everything pass
    with laboratory(SEED, None, whole=True) as lab:
        script = list(lab.examiner.result.design.script)
        lab.examiner.round("as built", [("try", probe) for _, probe in _chosen(lab, 300)])
        wrong = [one for one in lab.examiner.result.failures if one.verb == "try"]
    assert wrong
    path = shrink.keep(SEED, None, script, wrong[0].probe, tmp_path)
    assert path is not None
    kept = json.loads(path.read_text())
    made = [operation for operation, _, _ in kept["calls"]]
    assert len(made) < len(script) / 4
    assert any("NetworkAcl" in one for one in made), made
    assert shrink.again(path, None) is not None
    monkeypatch.undo()
    assert shrink.again(path, None) is None


def test_as_few_lines_are_left_as_it_takes() -> None:
    lines = [Line(str(number), {}, {}) for number in range(37)]

    def holds(some: Sequence[Line]) -> bool:
        return {"3", "17", "36"} <= {line.operation for line in some}

    assert [line.operation for line in shrink.shrunk(lines, holds)] == ["3", "17", "36"]
    assert len(shrink.shrunk(lines, holds, tries=1)) < len(lines) + 1


@pytest.mark.kernel
def test_what_was_kept_divides_nobody_any_more() -> None:
    kept = sorted(KEPT.glob("*.json"))
    assert kept
    command = [sys.executable, "-m", "tests.witness.shrink", *map(str, kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
