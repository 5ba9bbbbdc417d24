"""The template: the part of a guest's file system that is made once, from tables and copies.

`<template>/root` lies under every guest's `/`, `<template>/<name>` above the host's `/<name>` for each folder of
programs. A template is named by a digest of all it was made from, so it never changes once it is there.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from atoll.guest import allowed, building

FILES = Path(__file__).parent / "files"
OTHERS = "others"
"""Folder of a template that lies over root file systems which are not the host's."""

FOR_OTHERS = ("bin/systemctl", "bin/journalctl", "sbin/service", "sbin/chkconfig", "sbin/shutdown", "sbin/halt",
              "sbin/poweroff", "sbin/reboot")  # fmt: skip
"""What talks to Atoll's init, which is process 1 there too. Package managers and sudo are the image's own."""

HOST = Path("/")


def template(cache: Path, host: Path = HOST) -> Path:
    """The template for this host as it is now, made if it is not there."""
    target = cache / "templates" / digest(host)
    return building.once(target, lambda folder: _make(folder, host))


def programs(host: Path = HOST) -> tuple[str, ...]:
    """Top-level folders of programs that are real folders here (on most hosts only `usr`)."""
    return tuple(name for name in allowed.PROGRAMS if (host / name).is_dir() and not (host / name).is_symlink())


def etc_paths(host: Path) -> Iterator[Path]:
    """The host's paths below /etc that the table allows."""
    for pattern in allowed.ETC:
        yield from sorted((host / "etc").glob(pattern))


def digest(host: Path) -> str:
    """Names what the template is made of: our own files and tables, and the host's files by time and size."""
    sum_ = hashlib.sha256()
    for path in [*_walk(FILES), Path(__file__), Path(allowed.__file__)]:
        sum_.update(f"{path.name}\0{path.lstat().st_mode}\0".encode())
        sum_.update(path.read_bytes() if path.is_file() else b"")
    for top in etc_paths(host):
        for path in _walk(top):
            seen = path.lstat()
            sum_.update(f"{path}\0{seen.st_mode}\0{seen.st_size}\0{seen.st_mtime_ns}\0".encode())
    return sum_.hexdigest()[:16]


def accounts() -> dict[str, tuple[str, int]]:
    """/etc/passwd, group, shadow and gshadow from the tables: path -> (text, mode). Nobody has a password."""
    own_groups = tuple((name, number, ()) for name, number, _, _ in allowed.USERS)
    groups = (*own_groups, *allowed.GROUPS)
    return {
        "etc/passwd": (
            "".join(f"{name}:x:{uid}:{uid}:{name}:{home}:{shell}\n" for name, uid, home, shell in allowed.USERS),
            0o644,
        ),
        "etc/shadow": ("".join(f"{name}:*:19000:0:99999:7:::\n" for name, _, _, _ in allowed.USERS), 0o640),
        "etc/group": ("".join(f"{name}:x:{gid}:{','.join(who)}\n" for name, gid, who in groups), 0o644),
        "etc/gshadow": ("".join(f"{name}:*::{','.join(who)}\n" for name, _, who in groups), 0o640),
    }


def _make(folder: Path, host: Path) -> None:
    root = folder / "root"
    for made, mode in allowed.SKELETON:
        (root / made).mkdir(parents=True, exist_ok=True)
        (root / made).chmod(mode)
    for source in etc_paths(host):
        _copy(source, root / source.relative_to(host))
    for name, text, mode in allowed.TEXTS:
        _write(root / name, text, mode)
    for name, (text, mode) in accounts().items():
        _write(root / name, text, mode)
    for link, aim in allowed.LINKS:
        (root / link).symlink_to(aim)
    for top in allowed.PROGRAMS:
        if (host / top).is_symlink():
            (root / top).symlink_to(os.readlink(host / top))
        elif (host / top).is_dir():
            (root / top).mkdir()
            (folder / top).mkdir()
    os.chown(root / "home/ec2-user", 1000, 1000)
    _tools(folder / "usr")
    _tools_for_others(folder / OTHERS)


def _tools(usr: Path) -> None:
    """Our own programs, above the host's of the same name; modes are set here as archives may lose them."""
    for source, target in (("bin", "bin"), ("sbin", "sbin"), ("lib", "lib/atoll")):
        for path in _walk(FILES / source):
            place = usr / target / path.relative_to(FILES / source)
            if path.is_dir() and not path.is_symlink():
                place.mkdir(parents=True, exist_ok=True)
            elif path.is_symlink():
                place.symlink_to(os.readlink(path))
            else:
                shutil.copyfile(path, place)
                place.chmod(0o755)
    for covered, _ in allowed.COVERED:
        (usr.parent / covered).mkdir(parents=True, exist_ok=True)


def _tools_for_others(root: Path) -> None:
    """Init, and what talks to it. In /usr/local/bin: it comes before the image's own, and covers nothing of it."""
    shutil.copytree(FILES / "lib", root / "usr/lib/atoll", symlinks=True)
    place = root / "usr/local/bin"
    place.mkdir(parents=True)
    for name in FOR_OTHERS:
        source = FILES / name
        shutil.copyfile(source, place / source.name, follow_symlinks=False)
    for path in _walk(root):
        if not path.is_symlink():
            path.chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    """Files, folders and links, with modes and times but root's own; sockets, devices and pipes are left out."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_dir():
        target.mkdir(exist_ok=True)
        for child in sorted(source.iterdir()):
            _copy(child, target / child.name)
        shutil.copystat(source, target)
    elif source.is_file() and os.access(source, os.R_OK):
        shutil.copy2(source, target)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _walk(top: Path) -> Iterator[Path]:
    yield top
    if top.is_dir() and not top.is_symlink():
        for child in sorted(top.iterdir()):
            yield from _walk(child)
