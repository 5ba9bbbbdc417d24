"""Unpacks an archive into a folder, as a process that has locked itself into that folder.

    python -m atoll.guest.unpack FOLDER < ARCHIVE

An archive is a root file system (tar) or an image of containers: an OCI layout or what `docker save` writes, in a tar.
Whatever paths and links it holds, chroot(2) comes before the first of them is made, so none leads out of FOLDER.
Devices, pipes and sockets are left out; owners are kept as far as this process has their ids.

Prints how many entries were left out; what is wrong with the archive goes to standard error, in words.
"""

import bz2
import contextlib
import gzip
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from atoll.guest.machine import GO, elf_machine, machine

NEEDED = ("sh", "cat", "chmod", "cp", "mkdir", "rm", "sleep")
"""What Atoll's init runs."""

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_ZSTD = b"\x28\xb5\x2f\xfd"
_FOLLOWED = 8


class ArchiveError(Exception):
    """The archive cannot be an image; the text says why."""


def main(arguments: list[str]) -> int:
    """See above."""
    folder = Path(arguments[0])
    try:
        with os.fdopen(os.dup(0), "rb") as archive:
            layers = layers_of(archive, folder.parent)
            known = _ids()
            os.chroot(folder)
            os.chdir("/")
            os.umask(0o022)
            left_out = sum(unpack(layer, known) for layer in layers)
            check()
            sys.stdout.write(f"{left_out}\n")
    except (ArchiveError, tarfile.TarError, lzma.LZMAError, EOFError, OSError, ValueError, LookupError) as error:
        sys.stderr.write(f"{error if isinstance(error, ArchiveError | OSError) else f'it is damaged: {error}'}\n")
        return 1
    return 0


def layers_of(archive: IO[bytes], scratch: Path) -> list[IO[bytes]]:
    """The layers of an archive, lowest first, each a stream of tar; a root file system is one layer."""
    whole = plain(archive, scratch)
    if whole is not archive:
        whole = _stored(whole, scratch)  # to be read in any order
    tar = tarfile.open(fileobj=whole, mode="r:")  # noqa: SIM115 - its members are read later
    members = {_clean(member.name): member for member in tar}
    if "index.json" in members and "oci-layout" in members:
        return [plain(blob, scratch) for blob in _oci(tar, members)]
    if "manifest.json" in members:
        listed = json.load(_member(tar, members, "manifest.json"))
        return [plain(_member(tar, members, name), scratch) for name in listed[0]["Layers"]]
    whole.seek(0)
    return [whole]


def plain(stream: IO[bytes], scratch: Path) -> IO[bytes]:
    """The stream, decompressed if it is compressed."""
    start = stream.read(6)
    stream.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.BZ2File(stream)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(stream)
    if start.startswith(_ZSTD):
        return _by_zstd(_stored(stream, scratch), scratch)
    return stream


def unpack(layer: IO[bytes], known: int) -> int:
    """Lay one layer over what is in the current folder, which must be /; how many entries were left out."""
    left_out = 0
    made: set[str] = set()
    with tarfile.open(fileobj=layer, mode="r|") as tar:
        for member in tar:
            path = _clean(member.name)
            if not path:
                continue
            folder, name = os.path.split(path)
            if name == OPAQUE:
                _empty(folder or ".", made)
            elif name.startswith(WHITEOUT):
                _remove(os.path.join(folder, name.removeprefix(WHITEOUT)))
            elif member.isreg() or member.isdir() or member.issym() or member.islnk():
                _place(tar, member, path, known)
                made.add(path)
            else:
                left_out += 1
    return left_out


def check() -> None:
    """What is in / can be a guest: it has a shell for this machine and what Atoll's init runs."""
    lacking = [name for name in NEEDED if not any(os.access(f"/{folder}/{name}", os.X_OK) for folder in FOLDERS)]
    if lacking or not os.access("/bin/sh", os.X_OK):
        raise ArchiveError(
            f"it holds no {' '.join(lacking) or '/bin/sh'}: a guest's image needs /bin/sh and {' '.join(NEEDED[1:])}"
        )
    with open("/bin/sh", "rb") as file:
        found = elf_machine(file.read(20))
    if found != machine():
        raise ArchiveError(f"its /bin/sh is for {found or 'no machine that is known'}; this machine is {machine()}")


def _oci(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Iterator[IO[bytes]]:
    """The blobs of an OCI layout's layers: of its one image, or of the one for this machine."""
    found = json.load(_member(tar, members, "index.json"))
    for _ in range(_FOLLOWED):
        if "layers" in found:
            break
        found = json.load(_blob(tar, members, _chosen(found["manifests"])))
    for layer in found["layers"]:
        yield _blob(tar, members, layer)


def _chosen(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """For this machine; one that names no machine is for any."""
    named = [one.get("platform", {}).get("architecture") for one in manifests]
    for wanted in (GO[machine()], None):
        if wanted in named:
            return manifests[named.index(wanted)]
    raise ArchiveError(f"it is for {' '.join(sorted(set(map(str, named))))}; this machine is {GO[machine()]}")


def _blob(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], described: dict[str, Any]) -> IO[bytes]:
    digest = _DIGEST.match(described["digest"])
    if digest is None:
        raise ArchiveError(f"it names a digest that is none: {described['digest']}")
    blob = _member(tar, members, f"blobs/sha256/{digest[1]}")
    if hashlib.file_digest(blob, "sha256").hexdigest() != digest[1]:  # type: ignore[arg-type]
        raise ArchiveError(f"the digest of its blob {digest[1]} is another: it is damaged")
    blob.seek(0)
    return blob


def _member(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> IO[bytes]:
    found = tar.extractfile(members[_clean(name)]) if _clean(name) in members else None
    if found is None:
        raise ArchiveError(f"it lacks its {name}")
    return found


def _clean(name: str) -> str:
    """A member's path below /; empty for / itself."""
    parts = PurePosixPath(name.lstrip("/")).parts
    if ".." in parts:
        raise ArchiveError(f"it names a path with ..: {name}")
    return "/".join(parts)


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, known: int) -> None:
    """One entry, over what was there; nothing of it leads out, since / is the image's."""
    parent = os.path.dirname(path)
    if parent:
        os.makedirs(parent, exist_ok=True)
    if not (member.isdir() and os.path.isdir(path) and not os.path.islink(path)):
        _remove(path)
    member.name = path
    if member.islnk():
        member.linkname = _clean(member.linkname)
    if member.uid >= known or member.gid >= known:
        member.uid, member.gid, member.mode = 0, 0, member.mode & 0o1777
    trusted = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    tar.extract(member, numeric_owner=True, **trusted)  # type: ignore[arg-type]


def _empty(folder: str, made: set[str]) -> None:
    """Remove what lower layers left in a folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            path = os.path.normpath(os.path.join(folder, name))
            if path not in made and not any(one.startswith(f"{path}/") for one in made):
                _remove(path)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def _ids() -> int:
    """How many ids this process's user namespace has; they are numbered from 0."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())


def _stored(stream: IO[bytes], scratch: Path) -> IO[bytes]:
    """A copy in a file without a name."""
    file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - its reader closes it
    shutil.copyfileobj(stream, file)
    file.seek(0)
    return file


def _by_zstd(stream: IO[bytes], scratch: Path) -> IO[bytes]:
    """Decompressed by the zstd program: Python has it from 3.14 only."""
    program = shutil.which("zstd")
    if program is None:
        raise ArchiveError("it is compressed with zstd, and the program zstd is not installed: install it")
    file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - its reader closes it
    done = subprocess.run([program, "-dcq"], stdin=stream, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ArchiveError(f"zstd cannot read it: {done.stderr.strip()}")
    file.seek(0)
    return file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
