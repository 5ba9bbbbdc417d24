"""Debian's package manager as a downloader: nothing is installed, no file of the host's is written.

The host's package lists are read when they serve; else lists of our own are fetched into the cache.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from atoll.guest.errors import GuestError


def present() -> bool:
    """Whether this machine has apt-get and dpkg-deb."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def fetch(packages: Iterable[str], archives: Path, cache: Path) -> list[Path]:
    """Archives of `packages` and of what they need beyond what the host has, checked by apt, in `archives`.

    `cache` keeps apt's own working files. Raises GuestError with apt's words when it cannot.
    """
    names = list(packages)
    (archives / "partial").mkdir(parents=True)
    (cache / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    wanted = [*options(archives, cache), "--no-install-recommends", "--reinstall", "--download-only", "--yes"]
    own_lists = ["-o", f"Dir::State::lists={cache / 'lists'}"]
    attempts = ([*wanted, "install", *names], [*own_lists, *wanted, "install", *names])
    said = _apt_get(attempts[0])
    if said:
        said = _apt_get([*own_lists, *options(archives, cache), "update"]) or _apt_get(attempts[1])
    if said:
        raise GuestError(
            f"guests need {' '.join(names)}, which could not be fetched: check that this machine reaches its package "
            f"archive and try again (it is fetched once, then kept in {cache.parent}). apt-get said: {said}"
        )
    return sorted(archives.glob("*.deb"))


def options(archives: Path, cache: Path) -> list[str]:
    """Settings that point all that apt-get writes away from the host's folders; it runs without its locks."""
    settings = {
        "Dir::Cache": cache,
        "Dir::Cache::archives": archives,
        "Dir::Log": cache,
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _apt_get(arguments: list[str]) -> str:
    """Run apt-get. Empty when it succeeded, else the end of what it said."""
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        check=False,
    )
    return (
        "" if done.returncode == 0 else (done.stderr or done.stdout or f"exit status {done.returncode}").strip()[-800:]
    )
