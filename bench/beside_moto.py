"""Atoll's API beside moto's server: `python -m bench.beside_moto [SECONDS]`. The same client asks both, in turn.

moto is installed into a virtual environment of its own (.cache/bench-moto, the extra `bench`). Each row is measured
with raw HTTP connections that stay open, so that the client's own work is small; `none` is Atoll without a network,
which is what moto is too, `kernel` is Atoll with one.
"""

import http.client
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import tomllib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.run import ROOT, atoll, free_port

MOTO = ROOT / ".cache" / "bench-moto"
SCOPE = "AWS4-HMAC-SHA256 Credential=atoll/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
CLIENTS = (1, 8, 32)
SIZES = (1, 100, 1000, 10_000)
KEY = b64encode(b"ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32)))).decode()

Server = Callable[[], AbstractContextManager[tuple[int, int]]]


def body(action: str, **fields: str) -> bytes:
    """A call's form."""
    return urlencode({"Action": action, "Version": "2016-11-15", **fields}).encode()


class Api:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, content: bytes) -> bytes:
        """One call; its answer must be good."""
        headers = {"authorization": SCOPE, "content-type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/", content, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {said[:300]!r}")
        return said


@contextmanager
def moto() -> Iterator[tuple[int, int]]:
    """A running moto server: its port and process."""
    if not (MOTO / "ready").exists():
        wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["bench"]
        subprocess.run([sys.executable, "-m", "venv", str(MOTO)], check=True)
        subprocess.run([str(MOTO / "bin" / "pip"), "install", "--quiet", *wanted], check=True)
        (MOTO / "ready").touch()
    port = free_port()
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([str(MOTO / "bin" / "moto_server"), "-p", str(port)], stdout=quiet, stderr=quiet)
    try:
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


@contextmanager
def ours(fabric: str) -> Iterator[tuple[int, int]]:
    """A running Atoll: its port and the process that serves."""
    with atoll("--fabric", fabric, "--quota", f"key-pairs-per-region={SIZES[-1]}") as (folder, endpoint):
        port = int(endpoint.rpartition(":")[2])
        yield port, _server(folder)


def _server(folder: Path) -> int:
    """The largest of the processes that have this state folder: keeper and outer process hold next to nothing."""
    found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and _is_of(one, folder)]
    return max(found, key=resident)


def _is_of(process: Path, folder: Path) -> bool:
    try:
        return str(folder).encode() in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return False


def resident(process: int) -> int:
    """Its resident memory in bytes; 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def first_call(port: int) -> None:
    """CreateVpc as soon as anybody answers."""
    for _ in range(2000):
        try:
            Api(port).ask(body("CreateVpc", CidrBlock="10.0.0.0/16"))
        except ConnectionError:
            time.sleep(0.005)
        else:
            return
    raise RuntimeError("no server")


def busy(port: int, content: bytes, seconds: float) -> list[float]:
    """One client's calls, one after another."""
    api = Api(port)
    api.ask(content)
    times = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        api.ask(content)
        times.append(time.perf_counter() - begun)
    return times


def load(port: int, content: bytes, clients: int, seconds: float) -> str:
    """Calls a second and their times with so many clients, each a process."""
    with multiprocessing.get_context("fork").Pool(clients) as pool:
        times = sorted(one for all_ in pool.starmap(busy, [(port, content, seconds)] * clients) for one in all_)
    p99 = times[int(len(times) * 0.99)] if times else 0.0
    return f"{len(times) / seconds:8.0f} calls/s  p50 {statistics.median(times) * 1e3:7.2f}  p99 {p99 * 1e3:8.2f} ms"


def measure(name: str, server: Server, seconds: float) -> None:
    """Every row of one server."""
    begun = time.perf_counter()
    with server() as (port, process):
        first_call(port)
        print(f"{name:<8} start to first CreateVpc {(time.perf_counter() - begun) * 1e3:8.0f} ms")
        print(f"{name:<8} memory after it          {resident(process) / 2**20:8.0f} MiB")
        api = Api(port)
        vpc = api.ask(body("DescribeVpcs")).partition(b"<vpcId>")[2].partition(b"<")[0].decode()
        read = body("DescribeVpcs", **{"VpcId.1": vpc})
        write = body("CreateTags", **{"ResourceId.1": vpc, "Tag.1.Key": "Name", "Tag.1.Value": "bench"})
        for clients in CLIENTS:
            print(f"{name:<8} DescribeVpcs, {clients:>2} clients {load(port, read, clients, seconds)}")
        for clients in CLIENTS:
            print(f"{name:<8} CreateTags, {clients:>2} clients   {load(port, write, clients, seconds)}")
        made = 0
        for size in SIZES:
            while made < size:
                api.ask(body("ImportKeyPair", KeyName=f"key-{made}", PublicKeyMaterial=KEY))
                made += 1
            for what, value in (("one", "key-0"), ("all", "key-*")):
                wanted = body("DescribeKeyPairs", **{"Filter.1.Name": "key-name", "Filter.1.Value.1": value})
                times = []
                for _ in range(5):
                    begun = time.perf_counter()
                    api.ask(wanted)
                    times.append(time.perf_counter() - begun)
                median = statistics.median(times) * 1e3
                print(f"{name:<8} DescribeKeyPairs of {size:>6}, a filter finds {what}: {median:9.2f} ms")
        print(f"{name:<8} memory with {SIZES[-1]} of them {resident(process) / 2**20:8.0f} MiB", flush=True)


def main() -> int:
    """All of them, one after another."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with moto():
        pass  # installed, and its files in the page cache
    measure("moto", moto, seconds)
    measure("none", lambda: ours("none"), seconds)
    measure("kernel", lambda: ours("kernel"), seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
