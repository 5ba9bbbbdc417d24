"""What the benchmarks share: an Atoll of their own, and how figures are shown."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ATOLL = str(Path(sys.executable).parent / "atoll")


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def atoll(*options: str) -> Iterator[tuple[Path, str]]:
    """A running Atoll with a state folder of its own: (folder, endpoint)."""
    folder = Path(tempfile.mkdtemp(prefix="atoll-bench."))
    port = free_port()
    environment = {**os.environ, "ATOLL_CACHE": str(ROOT / ".cache" / "atoll"), "ATOLL_STATE": str(folder)}
    subprocess.run([ATOLL, "up", "--port", str(port), *options], check=True, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield folder, f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([ATOLL, "down"], check=True, env=environment, stdout=subprocess.DEVNULL)
        shutil.rmtree(folder)


def client(endpoint: str, region: str = "us-east-1", *, service: str = "ec2") -> Any:
    """A boto3 client."""
    from atoll.cli.demo.lab import client as make

    return make(service, endpoint, region)


def row(label: str, seconds: Sequence[float]) -> str:
    """median, 99th percentile and range in milliseconds."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    middle = statistics.median(ordered)
    return (
        f"{label:<44} p50 {middle * 1e3:8.3f}  p99 {p99 * 1e3:8.3f}  "
        f"min {ordered[0] * 1e3:8.3f}  max {ordered[-1] * 1e3:8.3f} ms  n {len(ordered)}"
    )
