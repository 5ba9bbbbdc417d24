"""Where control groups are made and what is written into them: trees of files stand for the kernel's."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from atoll.linux import cgroups

LIMITS = {"processes": 100, "memory": 1 << 20, "disk": 5}


def _v1(folder: Path, controller: str, top: str = "/") -> str:
    return f"32 31 0:29 {top} {folder}/{controller} rw - cgroup cgroup rw,{controller}"


def _v2(folder: Path) -> str:
    return f"40 31 0:38 / {folder}/unified rw - cgroup2 cgroup2 rw,nsdelegate"


def _tree(folder: Path, *paths: str, passes: str = "") -> None:
    for path in paths:
        (folder / path).mkdir(parents=True, exist_ok=True)
        (folder / path / "cgroup.subtree_control").write_text(passes)


def test_v1_below_the_callers_own_group_in_each_hierarchy(tmp_path: Path) -> None:
    (tmp_path / "memory/session").mkdir(parents=True)
    (tmp_path / "pids").mkdir()
    mounts = [_v1(tmp_path, "memory"), _v1(tmp_path, "pids"), _v1(tmp_path, "cpu")]
    own = ["4:memory:/session", "3:cpu:/", "8:pids:/", "1:name=systemd:/"]
    assert cgroups.bases(mounts, own) == [tmp_path / "memory/session", tmp_path / "pids"]


def test_v1_in_a_container_that_sees_a_part(tmp_path: Path) -> None:
    (tmp_path / "memory/inner").mkdir(parents=True)
    mounts = [_v1(tmp_path, "memory", "/docker/abc")]
    assert cgroups.bases(mounts, ["4:memory:/docker/abc/inner"]) == [tmp_path / "memory/inner"]
    assert cgroups.bases(mounts, ["4:memory:/docker/other"]) == [tmp_path / "memory"]


def test_v2_below_the_nearest_group_that_passes_its_controllers_on(tmp_path: Path) -> None:
    _tree(tmp_path, "unified", "unified/user.slice", passes="cpu memory pids")
    _tree(tmp_path, "unified/user.slice/session.scope")
    assert cgroups.bases([_v2(tmp_path)], ["0::/user.slice/session.scope"]) == [tmp_path / "unified/user.slice"]


def test_v2_without_controllers_has_none(tmp_path: Path) -> None:
    _tree(tmp_path, "unified/own", passes="cpu")
    _tree(tmp_path, "unified")
    assert cgroups.bases([_v2(tmp_path)], ["0::/own"]) == []


@pytest.mark.parametrize(
    ("files", "written"),
    [
        (["pids.max"], {"pids.max": "100"}),
        (
            ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
            {"memory.limit_in_bytes": "1048576", "memory.memsw.limit_in_bytes": "1048576"},
        ),
        (
            ["pids.max", "memory.max", "memory.swap.max"],
            {"pids.max": "100", "memory.max": "1048576", "memory.swap.max": "0"},
        ),
    ],
    ids=["v1 pids", "v1 memory", "v2"],
)
def test_what_a_group_has_is_written(tmp_path: Path, files: list[str], written: dict[str, str]) -> None:
    parent = tmp_path / "atoll-1"
    (parent / "i-1").mkdir(parents=True)
    for file in files:
        (parent / "i-1" / file).write_text("max")
    (tmp_path / "record").write_text(f"{parent}\n")
    cgroups.Groups(tmp_path / "record").make("i-1", LIMITS)
    assert {file: (parent / "i-1" / file).read_text() for file in files} == written


def test_a_sweep_removes_what_the_record_names_and_nothing_else(tmp_path: Path) -> None:
    ours, others = tmp_path / "atoll-1", tmp_path / "system.slice"
    (ours / "i-1").mkdir(parents=True)
    others.mkdir()
    record = tmp_path / "record"
    record.write_text(f"{ours}\n{others}\natoll-relative\n{tmp_path}/atoll-gone\n")
    cgroups.sweep(record)
    assert (ours.exists(), others.exists(), record.exists()) == (False, True, False)
    cgroups.sweep(record)


def test_a_recorded_group_that_was_taken_for_abandoned_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    parents = [tmp_path / "base" / name for name in ("atoll-1", "atoll-2")]
    (tmp_path / "record").write_text("".join(f"{parent}\n" for parent in parents))
    groups = cgroups.Groups(tmp_path / "record")
    assert (groups.paths, [parent.is_dir() for parent in parents]) == (parents, [True, True])
    parents[0].rmdir()
    groups.make("i-1", LIMITS)
    assert all((parent / "i-1").is_dir() for parent in parents)


OLD, NEW = cgroups.YOUNG + 1, cgroups.YOUNG - 1
TOP, CHILD = Path("atoll-1"), Path("atoll-1/i-1")


@pytest.mark.parametrize(
    ("tree", "removed"),
    [
        ([cgroups.Group(TOP, OLD, False)], [TOP]),
        ([cgroups.Group(TOP, OLD, False), cgroups.Group(CHILD, OLD, False)], [CHILD, TOP]),
        ([cgroups.Group(TOP, NEW, False)], []),
        ([cgroups.Group(TOP, OLD, True)], []),
        ([cgroups.Group(TOP, OLD, False), cgroups.Group(CHILD, OLD, True)], []),
        ([cgroups.Group(TOP, OLD, False), cgroups.Group(CHILD, NEW, False)], []),
    ],
    ids=["empty", "with an empty child", "just made", "in use", "a child in use", "a child just made"],
)
def test_what_is_abandoned(tree: list[cgroups.Group], removed: list[Path]) -> None:
    assert cgroups.abandoned([tree]) == removed


def test_abandoned_groups_are_removed_and_what_is_not_atolls_stays(tmp_path: Path) -> None:
    names = {name: f"atoll-{name * 6}" for name in ("aa", "bb", "cc", "dd")}
    made = {name: tmp_path / path for name, path in names.items()} | {
        "slice": tmp_path / "atoll-web.slice",
        "other": tmp_path / "system.slice",
    }
    for group in made.values():
        (group / "i-1").mkdir(parents=True)
    (made["bb"] / "i-1/cgroup.procs").write_text("1234\n")
    (made["cc"] / "cgroup.procs").write_text("1234\n")
    now = made["aa"].stat().st_mtime + OLD
    os.utime(made["dd"] / "i-1", (now, now))
    cgroups.remove_abandoned_below(tmp_path, now)
    assert {name for name, group in made.items() if (group / "i-1").is_dir()} == {"bb", "cc", "dd", "slice", "other"}
    assert not made["aa"].exists()


def _bases() -> list[Path]:
    mounts, own = Path("/proc/self/mountinfo"), Path("/proc/self/cgroup")
    return cgroups.bases(mounts.read_text().splitlines(), own.read_text().splitlines())


@pytest.mark.kernel
@pytest.mark.skipif(os.geteuid() != 0 or not _bases(), reason="control groups can be made by root only")
def test_the_kernels_own_groups(tmp_path: Path) -> None:
    """One of a lost state folder, one in use, one just made; none of them is another Atoll's."""
    base = Path(tempfile.mkdtemp(prefix="test-", dir=_bases()[0]))
    lost, used, fresh = (base / f"{cgroups.PREFIX}{digit * 12}" for digit in "012")
    sleeper = None
    try:
        for group in (lost, used, fresh):
            (group / "i-1").mkdir(parents=True)
        sleeper = subprocess.Popen(["sleep", "infinity"])
        (used / "i-1/cgroup.procs").write_text(str(sleeper.pid))
        now = time.time()
        for group in (lost, used):
            for one in (group, group / "i-1"):
                os.utime(one, (now - OLD, now - OLD))
        cgroups.remove_abandoned_below(base, now)
        assert [group.exists() for group in (lost, used, fresh)] == [False, True, True]
        assert (used / "i-1/cgroup.procs").read_text() == f"{sleeper.pid}\n"
    finally:
        if sleeper:
            sleeper.kill()
            sleeper.wait()
        (tmp_path / "record").write_text(f"{lost}\n{used}\n{fresh}\n")
        cgroups.sweep(tmp_path / "record")
        base.rmdir()
