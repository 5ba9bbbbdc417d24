"""A program of the user's own goes to a network of the world: as root, and as an ordinary user whose world it is."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

USER = 65534
AS_USER = (
    "setpriv",
    f"--reuid={USER}",
    f"--regid={USER}",
    "--clear-groups",
    "--inh-caps=-all,+dac_read_search",  # its Python may lie below /root
    "--ambient-caps=-all,+dac_read_search",
)
TOLD = "nameserver 203.0.113.53\n"
VISIT = """
import os, sys
from pathlib import Path
from atoll.linux.visit import ask_instead, visit
visit(os.open(f"/proc/{sys.argv[1]}/ns/net", os.O_RDONLY))
ask_instead(Path(os.environ["RESOLVERS"]))
os.execvp("sh", ["sh", "-c", sys.argv[2]])
"""


@contextmanager
def world(*how: str) -> Iterator[int]:
    """A process in a network namespace of its own, whose id this is."""
    with subprocess.Popen(
        [*how, "sh", "-c", "echo ready; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.communicate()


def visited(pid: int, script: str, *who: str) -> "subprocess.CompletedProcess[str]":
    command = [*who, sys.executable, "-c", VISIT, str(pid), script]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolvers:
        os.chmod(resolvers.name, 0o644)
        resolvers.write(TOLD)
        resolvers.flush()
        environment = {**os.environ, "RESOLVERS": resolvers.name}
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


def namespace(pid: int | str, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{kind}")


SHOW = "for kind in net mnt pid ipc uts user cgroup; do readlink /proc/self/ns/$kind; done"


def test_roots_program_changes_its_network_and_sees_a_copy_of_the_mounts() -> None:
    with world("unshare", "-n") as pid:
        net, mnt, *others = visited(pid, SHOW).stdout.split()
        assert net == namespace(pid, "net") != namespace("self", "net")
        assert mnt != namespace("self", "mnt")
        assert others == [namespace("self", kind) for kind in ("pid", "ipc", "uts", "user", "cgroup")]


def test_an_ordinary_user_visits_the_world_that_is_the_users_own() -> None:
    """With the same ids, and with no power over that network."""
    with world(*AS_USER, "unshare", "-Urn") as pid:
        script = "readlink /proc/self/ns/net; id -u; id -g; grep CapEff /proc/self/status; ip link add x type dummy"
        said = visited(pid, script, *AS_USER)
        net, user, group, *capabilities = said.stdout.split()
        assert net == namespace(pid, "net")
        assert (user, group) == (str(USER), str(USER))
        assert capabilities == ["CapEff:", "0" * 16]
        assert "not permitted" in said.stderr


def test_what_an_ordinary_user_writes_there_is_the_users() -> None:
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder, world(*AS_USER, "unshare", "-Urn") as pid:
        Path(folder).chmod(0o777)
        assert visited(pid, f"touch {folder}/note", *AS_USER).returncode == 0
        assert Path(folder, "note").stat().st_uid == USER


def test_somebody_elses_world_is_not_visited() -> None:
    with world("unshare", "-n") as pid:
        said = visited(pid, "echo here", *AS_USER)
        assert "PermissionError" in said.stderr
        assert said.stdout == ""


@pytest.mark.parametrize("user", [False, True])
def test_other_name_servers_are_asked_there_and_files_stay(*, user: bool) -> None:
    outside = Path("/etc/resolv.conf").read_bytes()
    who = AS_USER if user else ()
    with world(*who, "unshare", "-Urn" if user else "-n") as pid:
        assert visited(pid, "cat /etc/resolv.conf", *who).stdout == TOLD
    assert Path("/etc/resolv.conf").read_bytes() == outside
