"""Root file systems that a user has added: unpacked once each, a folder named by machine and digest.

They never change: a guest's own layer lies above. The folders lie in the state folder, so that those that nothing
needs any more can go.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from atoll.guest import building
from atoll.guest.errors import GuestError
from atoll.guest.machine import machine
from atoll.linux.process import ending_with_us


class Added(NamedTuple):
    """A root file system in its place. `left_out`: entries that no image may have, devices above all."""

    name: str
    left_out: int


def add(archive: int, images: Path) -> Added:
    """Unpack the archive behind this descriptor, unless it has been. Raises GuestError when it cannot be an image."""
    with os.fdopen(os.dup(archive), "rb") as file:
        try:
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise GuestError(f"the archive cannot be read: {error.strerror}; it must be a file") from error
    name = f"{machine()}-{digest[:32]}"
    left_out = 0

    def build(folder: Path) -> None:
        nonlocal left_out
        left_out = _unpack(archive, folder / "root")

    building.once(images / name, build)
    return Added(name, left_out)


def sweep(images: Path, needed: Container[str]) -> None:
    """Remove the folders that are not needed."""
    if images.is_dir():
        for path in images.iterdir():
            if path.name not in needed and path.suffix != ".lock":
                shutil.rmtree(path)
                path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _unpack(archive: int, root: Path) -> int:
    root.mkdir()
    root.chmod(0o755)
    os.lseek(archive, 0, os.SEEK_SET)
    done = subprocess.run(
        ending_with_us([sys.executable, "-m", "atoll.guest.unpack", str(root)], signal.SIGKILL),
        stdin=archive,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd="/",
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines()
        raise GuestError(f"the archive cannot be an image: {words[-1] if words else f'status {done.returncode}'}")
    return int(done.stdout)
