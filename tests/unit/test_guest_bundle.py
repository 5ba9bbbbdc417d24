from pathlib import Path
from typing import Any

from atoll.guest.boot import Boot
from atoll.guest.bundle import config
from atoll.guest.runtime import Runtime


def _config(open_files: int = 1_000_000) -> dict[str, Any]:
    boot = Boot("i-1", 1, "/some/netns", "ip-10-0-0-5")
    return config(boot, Path("/r"), Path("/t"), ["net", "kernel", "vm"], open_files)


def test_a_guest_has_its_own_namespaces_and_the_network_it_was_given() -> None:
    kinds = {one["type"]: one.get("path") for one in _config()["linux"]["namespaces"]}
    assert kinds == {"pid": None, "ipc": None, "uts": None, "mount": None, "cgroup": None, "network": "/some/netns"}


def test_capabilities_make_no_device_and_rule_no_host() -> None:
    granted = _config()["process"]["capabilities"]["bounding"]
    assert "CAP_NET_ADMIN" in granted
    for name in ("MKNOD", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_BOOT", "SYS_RAWIO", "DAC_READ_SEARCH"):
        assert f"CAP_{name}" not in granted


def test_only_network_sysctls_may_be_written() -> None:
    closed = _config()["linux"]["readonlyPaths"]
    assert {"/proc/sys/kernel", "/proc/sys/vm"} <= set(closed)
    assert not {"/proc/sys", "/proc/sys/net"} & set(closed)


def test_no_cgroup_mount_and_no_group_that_a_user_namespace_may_lack() -> None:
    mounts = _config()["mounts"]
    assert not [one for one in mounts if one["type"] == "cgroup"]
    assert not [one for one in mounts if "gid=5" in one["options"]]


def test_open_files_are_amazon_linuxs_or_what_there_is() -> None:
    assert _config()["process"]["rlimits"][0]["hard"] == 65535
    assert _config(open_files=4096)["process"]["rlimits"][0]["hard"] == 4096


def test_each_runtime_is_told_in_its_own_words_to_leave_cgroups_alone() -> None:
    runc = Runtime("runc", "/usr/sbin/runc", Path("/s")).run("i-1", Path("/b"), Path("/p"))
    crun = Runtime("crun", "/usr/bin/crun", Path("/s")).run("i-1", Path("/b"), Path("/p"))
    assert " ".join(runc) == "/usr/sbin/runc --root /s --rootless=true run --detach --bundle /b --pid-file /p i-1"
    assert "--cgroup-manager=disabled" in crun
    assert "--tty" in Runtime("runc", "runc", Path("/s")).execute("i-1", ["sh"], {}, tty=True)
    assert "--tty" not in Runtime("runc", "runc", Path("/s")).execute("i-1", ["sh"], {}, tty=False)
