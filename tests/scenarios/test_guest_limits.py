"""What a guest takes is bounded: processes, memory, disk, memory file systems. And no control group stays behind."""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atoll.linux import cgroups
from tests.scenarios import host
from tests.scenarios.newcomers import AS_ROOT
from tests.scenarios.places import ECHO, Place
from tests.scenarios.running import Atoll
from tests.scenarios.untrusted import KINDS, folder_of

pytestmark = pytest.mark.kernel

BOUNDED = ("--guest-processes", "200", "--guest-memory", "192M", "--guest-disk", "64M")

FORK = """
import os, sys, time
made = []
try:
    while len(made) < 1000:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        made.append(child)
except OSError as error:
    print(len(made), error.strerror)
for child in made:
    os.kill(child, 9)
"""
FILL = "import sys; data = [b'x' * 2**20 + bytes([n]) for n in range(400)]; print(len(data))"
HOLD = """
import os, time
with open("/held", "wb") as file:
    os.unlink("/held")
    for _ in range(200):
        file.write(bytes(2**20))
    file.flush()
    time.sleep(60)
"""
MANY = """
import os, time
os.mkdir("/many")
for n in range(40000):
    open(f"/many/{n}", "w").close()
time.sleep(60)
"""


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[Place]:
    """A VPC on an Atoll that gives its guests little."""
    atoll = folder_of(request.param, home, tmp_path)
    atoll.up(*BOUNDED)
    try:
        yield Place(atoll, "111111111111")
    finally:
        atoll.delete()


def python(atoll: Atoll, instance: str, program: str) -> Any:
    return atoll.run("exec", instance, "--", "/usr/bin/python3", "-Ic", program)


def bounded_by_groups(place: Place) -> bool:
    return bool(cgroups.recorded(place.atoll.folder / "cgroups"))


def test_a_fork_bomb_is_bounded_and_hurts_nobody_else(place: Place) -> None:
    group = place.group("web")
    bomber, other = place.launch(group), place.launch(group)
    said = python(place.atoll, bomber, FORK)
    assert said.out, said.err
    count, why = said.out.split(" ", 1)
    assert 50 < int(count) < 200, said
    assert why == "Resource temporarily unavailable\n"
    assert place.atoll.run("exec", other, "--", "true").status == 0
    assert python(place.atoll, bomber, "print('again')").out == "again\n"
    assert place.described(other)["State"]["Name"] == "running"


def test_memory_is_bounded_or_atoll_says_that_it_is_not(place: Place) -> None:
    said = place.atoll.run("status").out
    if not bounded_by_groups(place):
        assert "not bounded: guests' memory" in said
        return
    assert "not bounded" not in said
    instance = place.launch(place.group("web"))
    filled = python(place.atoll, instance, FILL)
    assert (filled.status, filled.out) == (137, "")
    assert place.described(instance)["State"]["Name"] == "running"
    assert python(place.atoll, instance, FILL.replace("400", "20")).out == "20\n"


def test_root_has_groups_where_they_can_be_made(place: Place) -> None:
    root = place.atoll.who == () and AS_ROOT
    assert bounded_by_groups(place) == (root and bool(cgroups.bases(*_here())))


def _here() -> tuple[list[str], list[str]]:
    mounts, own = Path("/proc/self/mountinfo"), Path("/proc/self/cgroup")
    return mounts.read_text().splitlines(), own.read_text().splitlines()


@pytest.mark.parametrize(
    "flood",
    ["dd if=/dev/zero of=/flood bs=1M count=200 status=none; sleep 60", HOLD, MANY],
    ids=["file", "held", "many"],
)
def test_who_writes_more_than_its_volume_holds_is_ended(place: Place, flood: str) -> None:
    flooder, other = (place.launch(place.group(name), user_data=ECHO) for name in ("one", "two"))
    shell = ["sh", "-c"] if flood.startswith("dd") else ["/usr/bin/python3", "-Ic"]
    place.atoll.run("exec", flooder, "--", *shell, flood)  # ends with the guest
    for _ in range(500):
        found = place.described(flooder)
        if found["State"]["Name"] == "stopped":
            break
    assert found["State"]["Name"] == "stopped"
    assert found["StateReason"]["Code"] == "Client.VolumeLimitExceeded"
    console = place.ec2.get_console_output(InstanceId=flooder)["Output"]
    assert re.search(r"atoll: ended: it has written \d+ MiB, a guest may write 64 MiB", console), console
    assert re.search(rf"{flooder} ended: it has written", place.atoll.run("logs").out)
    assert place.atoll.run("exec", other, "--", "true").status == 0


def test_what_a_guest_keeps_below_its_limit_harms_nobody(place: Place) -> None:
    """Written and removed again counts nothing: three times the limit goes through."""
    instance = place.launch(place.group("web"))
    script = "for n in 1 2 3 4 5; do dd if=/dev/zero of=/flood bs=1M count=40 status=none; rm /flood; done; echo done"
    assert place.atoll.run("exec", instance, "--", "sh", "-c", script).out == "done\n"


def test_file_systems_in_memory_have_a_size(place: Place) -> None:
    instance = place.launch(place.group("web"))
    for folder in ("/dev", "/dev/shm", "/run"):
        script = (
            f"dd if=/dev/zero of={folder}/flood bs=1M count=100 status=none; du -m {folder}/flood; rm {folder}/flood"
        )
        said = place.atoll.run("exec", instance, "--", "sh", "-c", script)
        assert "No space left on device" in said.err
        assert int(said.out.split()[0]) <= 64


@pytest.mark.skipif(not AS_ROOT or not cgroups.bases(*_here()), reason="control groups can be made by root only")
@pytest.mark.parametrize("end", ["down", "server killed", "keeper killed", "keeper killed, and up"])
def test_no_control_group_stays_behind(own_atoll: Atoll, end: str) -> None:
    """Those that its record names: others on this machine are another Atoll's."""
    own_atoll.up()
    where = Place(own_atoll, "111111111111")
    instance = where.launch(where.group("web"))
    mine = cgroups.recorded(own_atoll.folder / "cgroups")
    assert mine
    assert all((path / instance).is_dir() for path in mine)
    if end == "server killed":
        os.kill(host.server(own_atoll.folder), signal.SIGKILL)
    elif end != "down":
        processes = host.family(own_atoll.folder)
        os.kill(host.keeper(own_atoll.folder), signal.SIGKILL)
        host.until_ended(processes)
    if end.endswith("up"):
        own_atoll.up()
        mine += cgroups.recorded(own_atoll.folder / "cgroups")
    own_atoll.down()
    assert [path for path in mine if path.exists()] == []


@pytest.mark.skipif(not AS_ROOT or not cgroups.bases(*_here()), reason="control groups can be made by root only")
def test_groups_of_a_lost_state_folder_go_with_the_next_start(own_atoll: Atoll, tmp_path: Path) -> None:
    """Killed, and its folder removed: only groups that nobody's record names are left. They are over a minute old."""
    lost = Atoll(tmp_path / "lost")
    lost.up()
    mine = cgroups.recorded(lost.folder / "cgroups")
    processes = host.family(lost.folder)
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    host.until_ended(processes)
    shutil.rmtree(lost.folder)
    own_atoll.up()
    assert all(path.is_dir() for path in mine), "they could be a server's that has just begun"
    own_atoll.down()
    old = time.time() - cgroups.YOUNG - 1
    for path in mine:
        os.utime(path, (old, old))
    own_atoll.up()
    assert [path for path in mine if path.exists()] == []
    assert all(path.is_dir() for path in cgroups.recorded(own_atoll.folder / "cgroups"))
