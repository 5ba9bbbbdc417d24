"""Start, stop, terminate: what stays and what goes."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from atoll.guest import Boot, GuestError, Guests
from atoll.linux import cgroups, mounts
from tests.kernel.guest_lab import Lab, laboratory

pytestmark = pytest.mark.kernel

SERVER = """#!/bin/sh
yum install -y httpd
systemctl enable --now httpd
echo one > /var/www/html/index.html
echo x > /etc/mine
echo x > /usr/local/bin/mine
echo x > /tmp/of-this-boot
sleep infinity &
"""


def test_stop_keeps_files_and_drops_processes_and_start_brings_enabled_services_back(lab: Lab) -> None:
    lab.boot(SERVER)
    assert lab.sh("pgrep -cx sleep")[1] == "2\n", "init's own and the script's"
    init = lab.guests.running()["i-1"]
    lab.guests.stop("i-1", grace=10)
    assert lab.guests.running() == {}
    assert init not in _processes()

    printed = lab.boot(SERVER, number=2)
    assert "Installed" not in printed, "user data runs once in an instance's life"
    assert lab.get() == (200, "one\n")
    assert lab.sh("cat /etc/mine /usr/local/bin/mine") == (0, "x\nx\n")
    assert lab.sh("pgrep -cx sleep")[1] == "1\n", "only init's own"
    assert lab.exits == []


def test_terminate_leaves_no_process_no_mount_and_no_file(lab: Lab) -> None:
    lab.boot(SERVER)
    init = lab.guests.running()["i-1"]
    namespace = os.readlink(f"/proc/{init}/ns/pid")
    assert any(_pid_namespace(pid) == namespace for pid in _processes())
    lab.guests.terminate("i-1")
    assert not any(_pid_namespace(pid) == namespace for pid in _processes())
    assert str(lab.folder / "instances/i-1") not in Path("/proc/self/mountinfo").read_text()
    assert list((lab.folder / "instances").iterdir()) == []
    assert list((lab.folder / "runtime").iterdir()) == []
    lab.guests.terminate("i-1")


def test_no_mount_is_seen_outside_while_a_guest_runs(lab: Lab) -> None:
    lab.boot()
    assert str(lab.folder / "instances/i-1") not in Path("/proc/self/mountinfo").read_text()


def test_no_cgroup_is_made_but_the_guests_own_which_ends_with_it(lab: Lab) -> None:
    ours = set(cgroups.recorded(lab.folder / "cgroups"))
    before = _cgroups(ours)
    lab.boot()
    assert _cgroups(ours) - before == {parent / "i-1" for parent in ours}
    lab.guests.stop("i-1", 0)
    assert _cgroups(ours) == before


def test_starting_the_same_boot_twice_starts_once(lab: Lab) -> None:
    lab.boot()
    init = lab.guests.running()["i-1"]
    lab.boot()
    assert lab.guests.running()["i-1"] == init
    lab.boot(number=2)
    assert lab.guests.running()["i-1"] != init


def test_user_data_does_not_run_again_when_a_first_boot_is_repeated(lab: Lab) -> None:
    lab.boot("#!/bin/sh\necho ran >> /etc/ran\n")
    os.kill(lab.guests.running()["i-1"], 9)
    assert lab.exited.wait(10)
    lab.boot("#!/bin/sh\necho ran >> /etc/ran\n")
    assert lab.sh("cat /etc/ran") == (0, "ran\n")


def test_a_guest_that_shuts_itself_down_is_reported_and_can_start_again(lab: Lab) -> None:
    lab.boot("#!/bin/sh\necho kept > /etc/kept\n")
    lab.sh("shutdown -h now")
    assert lab.exited.wait(10)
    assert lab.exits == [("i-1", 1)]
    assert lab.guests.running() == {}
    lab.boot(number=2)
    assert lab.sh("cat /etc/kept") == (0, "kept\n")


def test_reboot_in_a_guest_boots_the_same_process_again(lab: Lab) -> None:
    lab.boot(SERVER)
    init = lab.guests.running()["i-1"]
    lab.sh("reboot")
    lab.until_printed("atoll: reboot")
    # The console grows by a second "boot finished"; it is the last line when the guest is up again.
    with subprocess.Popen(
        ["tail", "-n", "+1", "-f", lab.folder / "instances/i-1/console"], stdout=subprocess.PIPE, text=True
    ) as tail:
        assert tail.stdout is not None
        seen = [next(line for line in tail.stdout if "boot finished" in line) for _ in range(2)]
        tail.kill()
    assert len(seen) == 2
    assert lab.get() == (200, "one\n")
    assert lab.guests.running()["i-1"] == init
    lab.guests.stop("i-1", grace=10)
    assert lab.exits == []


def test_stop_kills_what_ignores_it(lab: Lab) -> None:
    lab.boot("#!/bin/sh\n(trap '' TERM; while :; do sleep 1; done) &\n")
    lab.guests.stop("i-1", grace=0.2)
    assert lab.guests.running() == {}


def test_another_server_finds_the_guest_and_hears_of_its_end(lab: Lab, guest_cache: Path) -> None:
    lab.boot()
    lab.guests.close()
    lab.guests = Guests(lab.folder, guest_cache, lab.on_exit)
    assert list(lab.guests.running()) == ["i-1"]
    assert lab.sh("echo here") == (0, "here\n")
    os.kill(lab.guests.running()["i-1"], 9)
    assert lab.exited.wait(10)
    assert lab.exits == [("i-1", 1)]


def test_a_container_that_its_server_had_no_time_to_record_is_replaced(lab: Lab) -> None:
    lab.boot()
    init = lab.guests.running()["i-1"]
    (lab.folder / "instances/i-1/process.json").unlink()
    lab.boot()
    assert init not in _processes()
    assert lab.sh("echo here") == (0, "here\n")


def test_two_guests_are_apart(lab: Lab) -> None:
    lab.boot("#!/bin/sh\necho a > /etc/mine\nsleep infinity &\n", instance="i-a")
    lab.boot(instance="i-b")
    assert lab.sh("cat /etc/mine", "i-b")[0] != 0
    assert lab.sh("pgrep -cx sleep", "i-a")[1] == "2\n"
    assert lab.sh("pgrep -cx sleep", "i-b")[1] == "1\n"
    lab.guests.stop("i-a", grace=5)
    assert list(lab.guests.running()) == ["i-b"]


def test_a_netns_that_is_not_there_is_an_error_that_leaves_nothing(lab: Lab) -> None:
    with pytest.raises(GuestError, match="could not be started"):
        lab.guests.start(Boot("i-x", 1, "/proc/self/ns/none", "x"))
    assert lab.guests.running() == {}
    assert list((lab.folder / "runtime").iterdir()) == []


def test_a_state_folder_on_an_overlay_serves_from_memory(tmp_path: Path, guest_cache: Path) -> None:
    """As in a container of a CI: an overlay cannot be written through another."""

    def on_an_overlay() -> None:
        for name in ("lower", "upper", "work", "state"):
            (tmp_path / name).mkdir()
        mounts.overlay(tmp_path / "state", [tmp_path / "lower"], tmp_path / "upper", tmp_path / "work")
        with laboratory(tmp_path / "state", guest_cache) as lab:
            lab.boot("#!/bin/sh\necho kept > /etc/kept\n")
            lab.guests.stop("i-1", grace=5)
            lab.boot(number=2)
            assert lab.sh("cat /etc/kept") == (0, "kept\n")
        mounts.unmount_below(tmp_path / "state")

    mounts.apart(on_an_overlay)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def _processes() -> list[int]:
    """Those that live: what ended and waits for the machine's init to take notice is no process of ours."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            found += [int(name)] if state not in "ZX" else []
    return found


def _pid_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _cgroups(ours: set[Path]) -> set[Path]:
    """All control groups but those of other Atolls, which may come and go meanwhile."""
    found = (Path(top) for top, _, _ in os.walk("/sys/fs/cgroup"))
    return {one for one in found if not {path for path in (one, *one.parents) if path.name.startswith("atoll-")} - ours}


def test_what_a_killed_runtime_left_is_no_obstacle(lab: Lab) -> None:
    """Its draft of the file with the process id; runc refuses to write over one."""
    folder = lab.folder / "instances" / "i-1"
    folder.mkdir()
    for name in (".pid", "pid"):
        (folder / name).write_text("1")
    lab.boot()
    assert lab.guests.running()["i-1"] != 1
