import threading
from pathlib import Path

import pytest

from atoll.guest import apt, building, layers
from atoll.guest.errors import GuestError
from atoll.guest.recipes import APACHE, POSTGRESQL, Recipe


def test_once_builds_once_whoever_asks(tmp_path: Path) -> None:
    started = threading.Barrier(4)
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("whole")

    def ask() -> None:
        started.wait(5)
        assert building.once(tmp_path / "x", build) == tmp_path / "x"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (tmp_path / "x/file").read_text() == "whole"


def test_a_build_that_fails_leaves_no_name(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        building.once(tmp_path / "x", build)
    assert {path.name for path in tmp_path.iterdir()} == {"x.lock"}


def test_programs_move_to_usr_wherever_packages_put_them(tmp_path: Path) -> None:
    unpacked, usr = tmp_path / "root", tmp_path / "usr"
    for path in ("usr/sbin/a", "usr/lib/b", "lib/systemd/c", "sbin/d", "etc/e"):
        (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / path).write_text("")
    layers.arrange(unpacked, usr)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "usr/sbin/a", "usr/lib/b", "usr/lib/systemd/c", "usr/sbin/d", "root/etc/e",
    }  # fmt: skip


def test_apt_writes_only_below_the_folders_it_is_given(tmp_path: Path) -> None:
    settings = dict(word.split("=", 1) for word in apt.options(tmp_path / "a", tmp_path / "c")[1::2])
    assert settings["Dir::Cache::archives"] == str(tmp_path / "a")
    assert settings["Dir::Cache"] == settings["Dir::Log"] == str(tmp_path / "c")
    assert settings["Debug::NoLocking"] == "1"


def test_without_apt_the_hosts_program_serves_or_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "present", lambda: False)
    held = Recipe(name="shell", program="bin/sh", packages=("dash",))
    assert layers.layer(held, tmp_path, pytest.fail) is None
    lacking = Recipe(name="thing", program="usr/sbin/no-such-thing", packages=("thing",))
    with pytest.raises(GuestError, match="install thing with the machine's package manager"):
        layers.layer(lacking, tmp_path, pytest.fail)


def test_a_package_that_cannot_be_fetched_is_an_error_that_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "present", lambda: True)
    monkeypatch.setattr(apt, "_apt_get", lambda _: "Could not resolve the archive")
    with pytest.raises(GuestError, match=r"apache2, which could not be fetched: .*Could not resolve the archive"):
        layers.layer(APACHE, tmp_path, lambda _: None)
    assert not list((tmp_path / "layers").glob("*/"))


def test_software_that_is_not_needed_is_told_of_and_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "present", lambda: True)
    monkeypatch.setattr(apt, "_apt_get", lambda _: "Could not resolve the archive")
    told: list[str] = []
    assert layers.layer(POSTGRESQL, tmp_path, told.append) is None
    assert told[-1].startswith("Instances will have no postgresql: ")
    assert "Could not resolve the archive" in told[-1]
    assert not list((tmp_path / "layers").glob("*/"))
