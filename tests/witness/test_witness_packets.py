"""The witness with real packets, and proof that it sees what is changed behind Atoll's back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAID, Say

ROOT = Path(__file__).parents[2]

DESIGNS, FIRST_SEED = 50, 20_000


@pytest.mark.kernel
def test_spec_walk_reach_and_packets_agree_on_every_packet(tmp_path: Path, record_property: Say) -> None:
    log = tmp_path / "witness.log"
    wanted = ["--designs", str(DESIGNS), "--seed", str(FIRST_SEED), "--log", str(log)]
    done = _python("tests.witness.run", *wanted)
    record_property(SAID, f"{done.stdout.strip()}\n  log: {log}")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = log.read_text().splitlines()
    tried = [line for line in lines if "| packets: " in line and "| packets: not asked" not in line]
    assert len(tried) > 100 * DESIGNS
    assert sum("| packets: at " in line for line in tried) > len(tried) / 3
    assert sum("| packets: lost" in line for line in tried) > len(tried) / 5
    told = [line.split("| packets: ")[1] for line in tried]
    assert sum(line.startswith("at ") and " to " in line for line in told) > 4 * DESIGNS, "through load balancers"


@pytest.mark.kernel
def test_what_is_changed_behind_atolls_back_is_seen() -> None:
    done = _python("tests.witness.tamper")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["before"], told["observed"]) == (0, [])
    for name in ("element", "route"):
        seen = told[name]
        assert seen["disagreements"] == 1, told
        assert any(name in line for line in seen["observed"]), told
        assert (seen["after repair"], seen["then observed"]) == (0, []), told
    assert "did not arrive" in told["canary"]


def _python(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: it goes into namespaces, and stays there."""
    command: list[Any] = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
