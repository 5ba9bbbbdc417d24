"""The data path beside the bare kernel: throughput and new connections, in one run, interleaved.

Paths, all at MTU 1500 at the client:
- bare N: N router namespaces between client and server, without nftables or connection tracking;
- inside: instance to instance of another subnet, security groups judging both ends: beside bare 1;
- elastic: a host of the internet to an Elastic IP, through the internet's router and the VPC's: beside bare 2;
- nat: an instance of a private subnet to that host: VPC, NAT gateway, VPC, internet: beside bare 4;
- nlb: that host to a load balancer's Elastic IP, and so to an instance of the private subnet: beside bare 2;
- haproxy: two bare routers and between them HAProxy (TCP, two threads), which forwards to the server: beside bare 2.
Those of Atoll with 1, 60 and 300 rules in the group that decides, "+acl" with network ACLs of 20 entries a direction in
both subnets, the entry that lets the packet pass being the last one.

Throughput: iperf3, one stream. New connections: wrk, 48 at a time, each request on a connection of its own, to an
nginx with one worker. Generator and server share the machine's cores, and the machine may be busy with other things. So
paths alternate in short turns, each round gives a ratio to the bare path of the same round, and the median of those is
shown with its quartiles; beside it the processor time that client and server used for a connection or a gigabit
(packets are forwarded in the sender's time), which others' load hardly changes.
Usage: python -m bench.data_path [ROUNDS [SECONDS [PATH ...]]]
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.fabric.kernel import KernelFabric
from atoll.linux import world
from bench import tools
from bench.data_path_worlds import BARE, SERVED, Route, atolls, bare, proxied

HTTP, IPERF = SERVED
CONNECTIONS = 48


class Figure(NamedTuple):
    """What a turn gave: a rate, and the processor time in seconds for one unit of it."""

    rate: float
    cost: float


Server = tuple[subprocess.Popen[bytes], ...]
"""The processes that serve one path: nginx, iperf3, and a proxy on the way if there is one."""


def main() -> int:
    words = sys.argv[1:]
    rounds, seconds = int(words[0]) if words else 15, int(words[1]) if words[1:] else 1
    scratch = Path(tempfile.mkdtemp(prefix="atoll-bench."))
    environment = tools.environment()
    lock = scratch.with_suffix(".keeper")
    try:
        return world.run(lambda: measure(scratch, rounds, seconds, words[2:], environment), lock, scratch)
    finally:
        scratch.rmdir()
        lock.unlink()


def measure(scratch: Path, rounds: int, seconds: int, only: Sequence[str], environment: dict[str, str]) -> int:
    (scratch / "fabric").mkdir()
    fabric = KernelFabric(scratch / "fabric")
    beside = {f"bare {routers}": bare(scratch, routers) for routers in BARE}
    every = atolls(fabric) | {"haproxy": proxied(scratch)}
    chosen = {name: path for name, path in every.items() if not only or name in only}
    paths = {name: path for name, path in beside.items() if any(name == one.beside for one in chosen.values())} | chosen
    servers: dict[Path, Server] = {}
    gbits: dict[str, list[Figure]] = {name: [] for name in paths}
    rates: dict[str, list[Figure]] = {name: [] for name in paths}
    try:
        for path in paths.values():
            if path.server not in servers:
                servers[path.server] = serve(path, scratch, environment)
        for _ in range(rounds):
            for name, path in paths.items():
                server = servers[path.server]
                gbits[name].append(costed(throughput, path, server, seconds, environment))
                rates[name].append(costed(connections, path, server, seconds, environment))
    finally:
        for server in servers.values():
            for process in server:
                process.terminate()
                process.wait()
        fabric.close()
    show("throughput", "Gbit/s", "ms/Gbit", 1e3, paths, gbits)
    show("new connections", "1/s", "us each", 1e6, paths, rates)
    return 0


def show(
    title: str, unit: str, cost_unit: str, scale: float, paths: dict[str, Route], figures: dict[str, list[Figure]]
) -> None:
    """A ratio is taken inside a round and shown as median (lower quartile, upper quartile)."""
    print(f"{title:<18} {unit:>10}   of bare, beside it        {cost_unit:>10}   cost of bare")
    for name, path in paths.items():
        own, base = figures[name], figures[path.beside or name]
        rate, cost = (statistics.median(one[field] for one in own) for field in (0, 1))
        ratios = [quartiles([a[field] / b[field] for a, b in zip(own, base, strict=True)]) for field in (0, 1)]
        words = ["{1:.2f} ({0:.2f}-{2:.2f})".format(*one) for one in ratios]
        print(f"  {name:<16} {rate:>10.1f}   {words[0]:<18} {path.beside:<7} {cost * scale:>10.1f}   {words[1]}")


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 4], statistics.median(ordered), ordered[len(ordered) * 3 // 4]


Measured = Callable[[Route, int, dict[str, str]], tuple[float, float]]
"""What runs for so many seconds and tells the rate and how many units that were."""


def costed(measured: Measured, path: Route, server: Server, seconds: int, environment: dict[str, str]) -> Figure:
    before = spent(server)
    rate, units = measured(path, seconds, environment)
    return Figure(rate, (spent(server) - before) / units)


def spent(server: Server) -> float:
    """Processor seconds of the servers and of all clients so far."""
    used = os.times()
    clocks = [time.clock_gettime(~pid << 3 | 2) for process in server for pid in family(process.pid)]
    return sum(clocks) + used.children_user + used.children_system


def family(pid: int) -> list[int]:
    """A process and its children: nginx has a worker."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def serve(path: Route, scratch: Path, environment: dict[str, str]) -> Server:
    """nginx and iperf3 at the server's end; ready when both listen."""
    folder = scratch / f"{path.server.name}.nginx"
    folder.mkdir()
    configuration = folder / "nginx.conf"
    temporary = "".join(f"{kind}_temp_path {folder}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit; user root;\n"
        f"events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; {temporary} server {{ listen {HTTP} backlog=4096; return 200 'ok'; }} }}\n"
    )
    nginx = ["nginx", "-p", str(folder), "-c", str(configuration)]
    iperf = ["iperf3", "-s", "-p", str(IPERF)]
    started = [start(path.server, command, environment) for command in (nginx, iperf)]
    wait_listening(path.server)
    if path.proxy is not None:
        configured = folder / "haproxy.cfg"
        configured.write_text(HAPROXY + "".join(LISTENING.format(port=port, ip=path.proxy.server) for port in SERVED))
        started.append(start(path.proxy.place, ["haproxy", "-f", str(configured)], environment))
        wait_listening(path.proxy.place)
    return tuple(started)


HAPROXY = """
global
  maxconn 4000
  nbthread 2
defaults
  mode tcp
  timeout connect 5s
  timeout client 350s
  timeout server 350s
"""
LISTENING = """
listen port-{port}
  bind :{port}
  server one {ip}:{port}
"""


def start(namespace: Path, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["nsenter", f"--net={namespace}", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_listening(namespace: Path) -> None:
    """Until somebody listens on both ports."""
    for _ in range(1000):
        tables = ["cat", "/proc/self/net/tcp", "/proc/self/net/tcp6"]
        listening = subprocess.run(
            ["nsenter", f"--net={namespace}", *tables], capture_output=True, text=True, check=True
        )
        if all(re.search(rf":{port:04X} \w+:0000 0A", listening.stdout) for port in SERVED):
            return
    raise TimeoutError(f"nothing listens on {SERVED}")


def throughput(path: Route, seconds: int, environment: dict[str, str]) -> tuple[float, float]:
    command = ["iperf3", "-c", path.ip, "-p", str(IPERF), "-t", str(seconds), "-J"]
    received = json.loads(output(path.client, command, environment))["end"]["sum_received"]
    return float(received["bits_per_second"]) / 1e9, float(received["bytes"]) * 8 / 1e9


def connections(path: Route, seconds: int, environment: dict[str, str]) -> tuple[float, float]:
    load = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", "Connection: close"]
    told = output(path.client, ["wrk", *load, f"http://{path.ip}:{HTTP}/"], environment)
    rate, made = re.search(r"Requests/sec:\s+([0-9.]+)", told), re.search(r"(\d+) requests in", told)
    assert rate is not None, told
    assert made is not None, told
    assert "Non-2xx" not in told, told
    return float(rate[1]), float(made[1])


def output(namespace: Path, command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["nsenter", f"--net={namespace}", *command], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
