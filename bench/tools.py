"""iperf3, wrk, nginx and HAProxy for benchmarks, fetched as guests' software is: nothing is installed."""

import os
import subprocess

from atoll.guest import apt
from bench.run import ROOT

FOLDER = ROOT / ".cache" / "bench-tools"
PACKAGES = ("iperf3", "wrk", "nginx-light", "haproxy")


def environment() -> dict[str, str]:
    """An environment in which the tools are found."""
    if not (FOLDER / "with-haproxy").exists():
        archives = apt.fetch(PACKAGES, FOLDER / "archives", FOLDER / "apt")
        for archive in archives:
            subprocess.run(["dpkg-deb", "-x", str(archive), str(FOLDER / "root")], check=True)
        (FOLDER / "with-haproxy").touch()
    root = FOLDER / "root" / "usr"
    places = [root / "sbin", root / "bin"]
    libraries = [root / "lib", *sorted((root / "lib").glob("*-linux-gnu"))]
    return {
        "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
    }
