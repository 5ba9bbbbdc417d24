import os
import subprocess
from pathlib import Path

import msgspec

from atoll.guest import record, watch


def test_a_record_knows_its_process_from_another_of_the_same_number(tmp_path: Path) -> None:
    written = record.write(tmp_path, 3, os.getpid(), "runc")
    assert written.alive()
    assert record.read(tmp_path) == written
    assert not record.Record(3, os.getpid(), written.born - 1, "runc").alive()


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not record.write(tmp_path, 1, child.pid, "runc").alive()
    child.wait()


def test_no_record_and_a_cut_record_are_none(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None
    (tmp_path / "process.json").write_text('{"boot": 1')
    assert record.read(tmp_path) is None


def test_wait_ends_with_the_process_or_with_the_time() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert not watch.wait(child.pid, 0.01)
        assert child.stdin is not None
        child.stdin.close()
        assert watch.wait(child.pid, 10)


def test_a_process_of_another_world_does_not_live(tmp_path: Path) -> None:
    """Its number may be somebody else's here, and it ended with its world."""
    written = record.write(tmp_path, 3, os.getpid(), "runc")
    assert written.of_this_world()
    other = msgspec.structs.replace(written, world="another")
    assert not other.of_this_world()
    assert not other.alive()
