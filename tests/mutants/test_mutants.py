"""The witness sees errors: some of each folder, put in one by one. `python -m tests.mutants.run` tries hundreds."""

import json
import subprocess
import sys

import pytest

from tests.mutants.mutate import sample
from tests.mutants.run import GROUPS
from tests.mutants.some import HARMLESS, IN_THE_KERNEL, NAMED
from tests.scenarios.running import REPO


def told(*options: str) -> dict[str, str]:
    command = [sys.executable, "-m", "tests.mutants.some", *options]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_errors_are_killed_and_what_changes_nothing_survives() -> None:
    expected = {" ".join(one): "killed" for one in NAMED}
    assert told() == {**expected, " ".join(HARMLESS): "survived"}


@pytest.mark.kernel
def test_real_packets_kill_one_of_the_kernels_passes() -> None:
    assert told("--packets") == {" ".join(IN_THE_KERNEL): "killed"}


def test_there_are_enough_and_the_same_every_time() -> None:
    assert sum(len(sample(modules, 60, 1)) for modules in GROUPS.values()) >= 150
    modules = GROUPS["compile"]
    assert sample(modules, 20, 7) == sample(modules, 20, 7) != sample(modules, 20, 8)
