"""What may be in a state folder, and what happens when it, or the machine, refuses."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from atoll.local.control import ask
from tests.crash.aws import Aws
from tests.crash.seen import answers
from tests.scenarios import host
from tests.scenarios.building import network
from tests.scenarios.newcomers import ENVIRONMENT, by_root, who
from tests.scenarios.running import REPO, Atoll

DATA = Path(__file__).parents[1] / "data"
FORMATS = sorted(path.name for path in DATA.glob("state-*"))


def described(atoll: Atoll, account: str) -> dict[str, str]:
    aws = Aws(atoll.port, account)
    with contextlib.closing(aws):
        return {action: said.decode() for action, said in answers(aws).items()}


def changed(atoll: Atoll) -> str:
    """A call that writes; the VPC that it made."""
    return str(atoll.ec2().create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


STORED = (
    "Id",
    "cidrBlock",
    "IpAddress",
    "publicIp",
    "macAddress",
    "Name",
    "key",
    "value",
    "name",
    "fromPort",
    "keyPair",
)
"""How the names of elements end that say what was stored. The others may be added to, and put right, by later code."""


def facts(answer: str) -> Counter[tuple[str, str]]:
    """What an answer says of what was stored, and how often."""
    elements = ElementTree.fromstring(answer).iter()
    named = ((one.tag.partition("}")[2], (one.text or "").strip()) for one in elements)
    return Counter((name, text) for name, text in named if text and name.endswith(STORED))


@pytest.mark.kernel
@pytest.mark.parametrize("fabric", ["none", "kernel"])
@pytest.mark.parametrize("name", FORMATS)
def test_the_state_folder_of_every_released_format_is_opened(own_atoll: Atoll, name: str, fabric: str) -> None:
    """answers.json: what Describe answered when the folder was written (tests/data/README.md)."""
    own_atoll.folder.mkdir()
    shutil.copy(DATA / name / "atoll.db", own_atoll.folder)
    own_atoll.up("--fabric", fabric)
    expected = json.loads((DATA / name / "answers.json").read_text())
    assert expected
    for account, told in expected.items():
        there = described(own_atoll, account)
        for action, answer in told.items():
            assert facts(answer), action
            assert facts(answer) - facts(there[action]) == Counter(), action
    assert ask(own_atoll.folder / "control", {"do": "audit"}) == []
    assert changed(own_atoll)


def test_the_present_format_is_kept() -> None:
    from atoll.engine.store import FORMAT

    assert f"state-{FORMAT}" in FORMATS


def edit(folder: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "atoll.db")) as db, db:
        db.execute(statement)


def test_a_newer_format_is_refused_in_words_and_left_as_it_is(own_atoll: Atoll) -> None:
    own_atoll.up("--fabric", "none")
    own_atoll.down()
    edit(own_atoll.folder, "update meta set value = '99' where name = 'format'")
    before = (own_atoll.folder / "atoll.db").read_bytes()
    said = own_atoll.run("up", "--fabric", "none", "--port", str(own_atoll.port))
    assert said.status == 1
    assert "was written by a newer Atoll (format 99; this one knows 1)" in said.err
    assert "--state" in said.err
    assert (own_atoll.folder / "atoll.db").read_bytes() == before


def test_somebody_elses_database_is_refused_and_left_as_it_is(own_atoll: Atoll) -> None:
    own_atoll.folder.mkdir()
    edit(own_atoll.folder, "create table photographs (name text)")
    before = (own_atoll.folder / "atoll.db").read_bytes()
    said = own_atoll.run("up", "--fabric", "none", "--port", str(own_atoll.port))
    assert said.status == 1
    assert "is a database of something else (it holds photographs)" in said.err
    assert (own_atoll.folder / "atoll.db").read_bytes() == before


def test_a_torn_log_of_writes_costs_the_last_calls_at_most(own_atoll: Atoll) -> None:
    """The write-ahead log is cut inside its last commit, as a disk that lost power may have it."""
    own_atoll.up("--fabric", "none")
    kept = [changed(own_atoll) for _ in range(3)]
    before = os.path.getsize(own_atoll.folder / "atoll.db-wal")
    lost = changed(own_atoll)
    assert os.path.getsize(own_atoll.folder / "atoll.db-wal") > before
    host_kill(own_atoll)
    os.truncate(own_atoll.folder / "atoll.db-wal", os.path.getsize(own_atoll.folder / "atoll.db-wal") - 100)
    own_atoll.up("--fabric", "none")
    there = {one["VpcId"] for one in own_atoll.ec2().describe_vpcs()["Vpcs"] if not one["IsDefault"]}
    assert there == set(kept)
    assert lost not in there


def host_kill(atoll: Atoll) -> None:
    """The only process of an Atoll without a network."""
    processes = host.family(atoll.folder)
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    host.until_ended(processes)


def test_a_database_that_another_program_locks_refuses_a_change_and_takes_the_next(records_only: Atoll) -> None:
    before = described(records_only, "123456789012")
    with contextlib.closing(sqlite3.connect(records_only.folder / "atoll.db", isolation_level=None)) as db:
        db.execute("begin immediate")
        with pytest.raises(ClientError) as caught:
            changed(records_only)
        db.execute("rollback")
    assert caught.value.response["Error"]["Code"] == "InternalError"
    assert "could not be written to disk: database is locked. It was undone" in str(caught.value)
    assert described(records_only, "123456789012") == before
    assert changed(records_only)


@by_root
@pytest.mark.kernel
def test_a_second_server_is_refused_even_as_another_user(home: Path) -> None:
    mine = Atoll(home / "state", who(home))
    mine.up("--fabric", "none")
    try:
        other = Atoll(home / "state")
        said = other.command("python", "-m", "atoll.app.main", "--state", str(other.folder), "--port", str(other.port))
        assert (said.status, "Another Atoll already runs on" in said.err) == (1, True)
        assert "already up" in other.run("up").out
    finally:
        mine.down()


def in_mounts(script: str, atoll: Atoll, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    """A script in a mount namespace of its own, which may mount what it likes."""
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-euc", script],
        env={**ENVIRONMENT, **atoll.environment, "S": str(atoll.folder), "P": str(atoll.port)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@by_root
@pytest.mark.kernel
def test_a_read_only_state_folder_is_refused_in_words(own_atoll: Atoll, tmp_path: Path) -> None:
    own_atoll.up("--fabric", "none")
    own_atoll.down()
    script = 'mount --bind "$S" "$S"; mount -o remount,ro,bind "$S"; atoll up --port "$P"'
    said = in_mounts(script, own_atoll, tmp_path)
    assert said.returncode == 1
    assert f"{own_atoll.folder} cannot hold Atoll's state: Read-only file system" in said.stderr
    assert "--state" in said.stderr
    assert "Traceback" not in said.stderr


@by_root
@pytest.mark.kernel
def test_a_full_disk_refuses_the_start_in_words(own_atoll: Atoll, tmp_path: Path) -> None:
    own_atoll.folder.mkdir()
    script = 'mount -t tmpfs -o size=64k full "$S"; head -c 1M /dev/zero > "$S/filler" || true; atoll up --port "$P"'
    said = in_mounts(script, own_atoll, tmp_path)
    assert said.returncode == 1
    assert "cannot hold Atoll's state: No space left on device" in said.stderr
    assert "Traceback" not in said.stderr


@by_root
@pytest.mark.kernel
def test_a_missing_runtime_is_named(own_atoll: Atoll, tmp_path: Path) -> None:
    hide = "touch none; for one in runc crun; do at=$(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    script = f'{hide} command -v $one || true); [ -z "$at" ] || mount --bind none "$at"; done; atoll up --port "$P"'
    said = in_mounts(script, own_atoll, tmp_path)
    assert said.returncode == 1
    assert "neither runc nor crun is installed: install runc" in said.stderr
    assert own_atoll.run("status").out.startswith("Atoll is not running")
    assert host.family(own_atoll.folder) == {}


FULL = """
import sys
from pathlib import Path
from tests.scenarios.running import Atoll
from tests.scenarios.test_state_folder import fill_and_free
fill_and_free(Atoll(Path(sys.argv[1])))
"""


@by_root
@pytest.mark.kernel
def test_a_disk_that_is_full_refuses_changes_until_there_is_room(own_atoll: Atoll, tmp_path: Path) -> None:
    own_atoll.folder.mkdir()
    script = f'mount -t tmpfs -o size=8m full "$S"; PYTHONPATH={REPO} python -c \'{FULL}\' "$S"'
    said = in_mounts(script, own_atoll, tmp_path)
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("all of it\n")


def fill_and_free(atoll: Atoll) -> None:
    """Where the state folder is a small file system."""
    atoll.up()
    try:
        ec2 = atoll.ec2()
        network(ec2)
        before = described(atoll, "123456789012")
        filler = atoll.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        said = refused(ec2)
        assert said["Code"] == "InternalError", said
        assert "could not be written to disk" in said["Message"], said
        assert described(atoll, "123456789012") == before
        assert ask(atoll.folder / "control", {"do": "audit"}) == []
        filler.unlink()
        changed(atoll)
        assert ask(atoll.folder / "control", {"do": "audit"}) == []
    finally:
        atoll.down()
    print("all of it")  # noqa: T201


def refused(ec2: Any) -> dict[str, str]:
    """What the first call that does not fit any more says: small ones may fit into the log's last page."""
    for number in range(200):
        try:
            ec2.create_security_group(GroupName=f"g{number}", Description="x" * 200)
        except ClientError as error:
            return dict(error.response["Error"])
    raise AssertionError("everything fits")
