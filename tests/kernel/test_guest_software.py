"""Root file systems that a user adds: unpacked within their folder whatever they hold, and booted."""

import bz2
import gzip
import lzma
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.guest import Boot, GuestError, software
from atoll.guest.machine import GO, machine
from tests.kernel.guest_lab import Lab
from tests.support.root_files import Entry, docker_save, folder, link, oci, programs, root_files, special, tar

pytestmark = pytest.mark.kernel

HERE = GO[machine()]


def added(content: bytes, place: Path) -> Path:
    """The folder in which an archive was unpacked."""
    archive = place / "archive"
    archive.write_bytes(content)
    with archive.open("rb") as file:
        return place / "images" / software.add(file.fileno(), place / "images").name / "root"


@pytest.fixture(scope="module")
def files() -> list[Entry]:
    return root_files()


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-cq"], input=content, capture_output=True, check=True).stdout


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_root_file_system_however_compressed(
    files: list[Entry], tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    root = added(pack(tar([*files, ("etc/motd", b"hello")])), tmp_path)
    assert (root / "etc/motd").read_bytes() == b"hello"
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    assert os.access(root / "bin/sh", os.X_OK)


def _three_layers(files: list[Entry]) -> list[bytes]:
    lower: list[Entry] = [*files, folder("etc/kept"), ("etc/kept/a", b"1"), ("etc/gone", b"x")]
    lower += [folder("etc/opaque"), ("etc/opaque/old", b"x"), ("etc/changed", b"old")]
    lower += [folder("etc/was-folder"), ("etc/was-folder/x", b"x")]
    upper: list[Entry] = [("etc/.wh.gone", b""), ("etc/changed", b"new"), ("etc/was-folder", b"file")]
    upper += [("etc/opaque/new", b"1"), ("etc/opaque/.wh..wh..opq", b"")]
    return [tar(lower), tar(upper), tar([("etc/.wh.never-there", b""), ("etc/last", b"3")])]


@pytest.mark.parametrize(
    "pack",
    [lambda layers: oci(layers, HERE), lambda layers: oci([zstd(one) for one in layers], HERE, media="tar+zstd"),
     lambda layers: gzip.compress(oci(layers, HERE)), docker_save],
    ids=["oci", "oci, zstd", "oci, all of it compressed", "docker save"],
)  # fmt: skip
def test_layers_lie_over_one_another(files: list[Entry], tmp_path: Path, pack: Callable[[list[bytes]], bytes]) -> None:
    root = added(pack(_three_layers(files)), tmp_path)
    found = {path.relative_to(root / "etc").as_posix() for path in (root / "etc").rglob("*")}
    assert found == {"kept", "kept/a", "opaque", "opaque/new", "changed", "was-folder", "last"}
    assert (root / "etc/changed").read_bytes() == b"new"
    assert (root / "etc/was-folder").read_bytes() == b"file"


def test_links_lead_nowhere_out_of_the_folder(files: list[Entry], tmp_path: Path) -> None:
    """A link to the host's folder, and a file through it: it lands below the image's own root."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    aim = str(outside)
    archive = tar(
        [
            *files,
            link("way", aim),
            link("up", "../../../../../../../../.." + aim),
            folder(aim.lstrip("/")),
            ("way/planted", b"x"),
            ("up/planted-too", b"x"),
            link("hard", aim + "/planted", tarfile.LNKTYPE),
            ("/absolute", b"x"),
            ("way/kept", b"changed"),
        ]
    )
    root = added(archive, tmp_path)
    assert sorted(path.name for path in outside.iterdir()) == ["kept"]
    assert (outside / "kept").read_text() == "kept"
    assert (root / aim.lstrip("/") / "planted").read_bytes() == b"x"
    assert (root / aim.lstrip("/") / "kept").read_bytes() == b"changed"
    assert (root / "absolute").read_bytes() == b"x"
    assert (root / "hard").read_bytes() == b"x"


def test_a_whiteout_removes_nothing_outside(files: list[Entry], tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    layers = [tar([*files, link("way", str(outside))]), tar([("way/.wh.kept", b""), ("way/.wh..wh..opq", b"")])]
    added(oci(layers, HERE), tmp_path)
    assert (outside / "kept").exists()


def test_devices_and_pipes_are_left_out(files: list[Entry], tmp_path: Path) -> None:
    kinds = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    archive = tmp_path / "archive"
    archive.write_bytes(
        tar([*files, folder("dev"), *(special(f"dev/{number}", kind) for number, kind in enumerate(kinds))])
    )
    with archive.open("rb") as file:
        made = software.add(file.fileno(), tmp_path / "images")
    assert made.left_out == 3
    assert list((tmp_path / "images" / made.name / "root/dev").iterdir()) == []


def test_owners_and_set_user_id_are_kept(files: list[Entry], tmp_path: Path) -> None:
    seen = (added(tar([*files, ("owned", b"", 0o4755, 1000)]), tmp_path) / "owned").stat()
    assert (seen.st_uid, seen.st_gid, stat.S_IMODE(seen.st_mode)) == (1000, 1000, 0o4755)


def _foreign_shell() -> list[Entry]:
    kept = [one for one in programs() if isinstance(one, tuple) and one[0] != "bin/sh"]
    elf = b"\x7fELF\x02\x01" + bytes(12) + (183 if machine() == "x86_64" else 62).to_bytes(2, "little")
    return [*kept, ("bin/sh", elf, 0o755, 0)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"no archive at all" * 100, "damaged"),
        (lambda: tar([("etc/motd", b"x")]), "holds no sh cat chmod cp mkdir rm sleep: a guest's image needs /bin/sh"),
        (lambda: tar(programs(("sh", "cat"))), "holds no chmod cp mkdir rm sleep"),
        (lambda: tar(_foreign_shell()), "its /bin/sh is for"),
        (lambda: tar([("../escape", b"x")]), r"names a path with \.\."),
        (lambda: tar([link("hard", "../../etc/passwd", tarfile.LNKTYPE)]), r"names a path with \.\."),
        (lambda: oci([tar(root_files())], "riscv64"), "it is for riscv64 unknown; this machine is"),
        (lambda: gzip.compress(tar(root_files()))[:50_000], "."),
        (lambda: oci([tar([])], HERE).replace(b"schemaVersion", b"schemaversion"), "is another: it is damaged"),
    ],
    ids=["noise", "no shell", "little", "foreign", "dots", "hard link", "other machine", "cut off", "digest"],
)  # fmt: skip
def test_what_cannot_be_an_image_is_refused_in_words_and_leaves_nothing(
    tmp_path: Path, content: Callable[[], bytes], words: str
) -> None:
    with pytest.raises(GuestError, match=words):
        added(content(), tmp_path)
    assert [path for path in (tmp_path / "images").iterdir() if path.suffix != ".lock"] == []


def test_the_same_archive_is_unpacked_once(files: list[Entry], tmp_path: Path) -> None:
    first = added(tar(files), tmp_path)
    (first / "mark").touch()
    assert (added(tar(files), tmp_path) / "mark").exists()
    software.sweep(tmp_path / "images", {first.parent.name})
    assert first.is_dir()
    software.sweep(tmp_path / "images", set())
    assert list((tmp_path / "images").iterdir()) == []


def test_a_guest_of_it_boots_runs_user_data_and_sees_nothing_of_the_host(
    lab: Lab, files: list[Entry], tmp_path: Path
) -> None:
    archive = tmp_path / "root.tar"
    archive.write_bytes(tar([*files, ("etc/motd", b"mine"), link("etc/resolv.conf", "../run/systemd/stub")]))
    with archive.open("rb") as file:
        name = lab.guests.add_software(file.fileno()).name
    script = b"#!/bin/sh\nset -e\ncat /etc/motd\necho changed > /etc/motd\necho user data ran\n"
    lab.guests.start(Boot("i-1", 1, lab.guest_netns, "ip-10-0-0-5", script, servers=("10.0.0.2",), software=name))
    lab.until_printed("atoll: boot finished")
    console = lab.guests.console("i-1").decode()
    assert "mine" in console
    assert "user data ran" in console
    assert "error" not in console.lower()
    assert lab.sh("cat /etc/motd; cat /etc/resolv.conf") == (
        0,
        "changed\nnameserver 10.0.0.2\noptions timeout:2 attempts:5\n",
    )
    assert lab.sh("ls /usr/bin /usr/share")[0] != 0, "the host's /usr is not there"
    assert "systemctl" in lab.sh("ls /usr/local/bin")[1]
    assert (lab.folder / "images" / name / "root/etc/motd").read_text() == "mine"
    lab.sh("poweroff")
    assert lab.exited.wait(20)
