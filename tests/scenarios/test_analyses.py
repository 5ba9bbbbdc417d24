"""A server at an analysis: it serves the API as ever, however long the analysis takes."""

import contextlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scenarios.running import Atoll
from tests.support.signs import Sign

HOLDING = """#!/bin/sh
if [ -p "$HOLD/begun" ]; then echo > "$HOLD/begun"; read -r _ < "$HOLD/go-on"; fi
exec {real} "$@"
"""
"""A program that starts others, and waits before it does: an analysis takes as long as the test wants it to."""


def holding(programs: Path) -> None:
    """Put that program in a folder of its own, which is to be first in $PATH; $HOLD is where the signs are."""
    programs.mkdir()
    starter = programs / "setpriv"
    starter.write_text(HOLDING.format(real=shutil.which("setpriv")))
    starter.chmod(0o755)


@pytest.mark.parametrize("words", [("exposure", "--json"), ("reach", "internet", "internet:8.8.8.8", "--json")])
def test_the_api_is_served_while_an_analysis_runs(own_atoll: Atoll, tmp_path: Path, words: tuple[str, ...]) -> None:
    programs, hold = tmp_path / "bin", tmp_path / "hold"
    hold.mkdir()
    holding(programs)
    said = own_atoll.run(
        "up",
        *("--port", str(own_atoll.port), "--fabric", "none"),
        extra={"PATH": f"{programs}:{own_atoll.environment['PATH']}", "HOLD": str(hold)},
    )
    assert said.status == 0, said.err
    ec2 = own_atoll.ec2()
    ec2.describe_vpcs()
    begun, go_on = Sign(hold / "begun"), Sign(hold / "go-on")
    with contextlib.closing(begun), contextlib.closing(go_on), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(own_atoll.run, *words)
        begun.wait()
        made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        assert made in {one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]}
        assert not asked.done()
        go_on.give()
        found = asked.result()
    assert found.err == ""
    assert json.loads(found.out) is not None
