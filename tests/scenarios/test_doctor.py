"""atoll doctor on this machine, and on this machine with one thing taken away: in mounts of the test's own."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.scenarios.newcomers import by_root, who
from tests.scenarios.running import environment

pytestmark = pytest.mark.kernel


def examined(
    tmp_path: Path, words: list[str], *, hidden: str = "", more: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit status and words of `atoll doctor`. `hidden`: programs that cannot be run, by a mount over each."""
    masks = "".join(f"mount --bind /dev/null $(command -v {name}) && " for name in hidden.split())
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{masks}exec "$@"', "sh", *words]
    env = {**environment(tmp_path / "state"), **(more or {})}
    done = subprocess.run([*command, "atoll", "doctor"], env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_this_machine_is_well_for_root_and_for_a_user(tmp_path: Path, home: Path) -> None:
    for words in ([], who(home)):
        status, said = examined(tmp_path, words)
        assert (status, "NEED" in said, said.splitlines()[-1]) == (0, False, "Atoll can run here.")


@by_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_without_a_runtime(tmp_path: Path, home: Path, user: bool) -> None:
    both = "runc crun" if os.path.exists("/usr/bin/crun") else "runc"
    status, said = examined(tmp_path, who(home) if user else [], hidden=both)
    assert status == 1
    assert "NEED  an OCI runtime runs instances: neither runc nor crun\n      sudo apt-get install -y runc\n" in said


@by_root
def test_a_user_without_newuidmap(tmp_path: Path, home: Path) -> None:
    status, said = examined(tmp_path, who(home), hidden="newuidmap")
    assert status == 1
    assert "newuidmap is not installed\n      sudo apt-get install -y uidmap\n" in said


@by_root
def test_a_user_without_a_range(tmp_path: Path, home: Path) -> None:
    status, said = examined(tmp_path, who(home), more={"NEWCOMER_WITHOUT": "range"})
    assert status == 1
    assert "/etc/subuid gives atoll-newcomer no range of 65536 ids\n      sudo usermod --add-subuids " in said
    assert "/etc/subgid gives atoll-newcomer no range of 65536 ids\n      sudo usermod --add-subgids " in said


@by_root
def test_where_user_namespaces_are_forbidden(tmp_path: Path, home: Path) -> None:
    """The limit is each user namespace's own, so one of the test's own has it at 0."""
    limit = "echo 0 > /proc/sys/user/max_net_namespaces"
    inside = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{limit} && exec "$@"', "sh"]
    status, said = examined(tmp_path, inside)
    assert status == 1
    assert "NEED  a world of its own can be made: namespaces may not be made here" in said
