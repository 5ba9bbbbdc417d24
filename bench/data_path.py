"""The data path beside the bare kernel: throughput and new connections, in one run, interleaved.

Paths, all at MTU 1500 at the client:
- bare: two namespaces and a router namespace without nftables or connection tracking;
- inside: instance to instance of another subnet, groups and network ACLs judging both ends;
- elastic: a host of the internet to an Elastic IP;
- nat: an instance of a private subnet through a NAT gateway to that host.

Throughput: iperf3, one stream. New connections: wrk, 48 at a time, each request on a connection of its own, to an
nginx with one worker. Generator and server share the machine's cores, so only ratios mean anything.
Usage: python bench/data_path.py [ROUNDS [SECONDS]]
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.compile import compiler, constants
from atoll.compile.internet import host_id
from atoll.fabric.kernel import KernelFabric
from atoll.linux import netns, world
from atoll.model.kinds import (
    ElasticIp,
    Entity,
    InternetHost,
    NatGateway,
    NatGatewayAddress,
    NetworkInterface,
    RouteTable,
    RouteTableAssociation,
    Subnet,
    VpcRoute,
)
from atoll.packet import Prefix
from atoll.records import Delta, Table
from bench import tools
from tests.support import small_cloud as cloud

HTTP, IPERF = 8080, 5201
MTU = 1500
CONNECTIONS = 48


class Route(NamedTuple):
    """One path: where the client runs, where the server, and the address that the client asks."""

    client: Path
    server: Path
    ip: str


def main() -> int:
    rounds, seconds = ([int(word) for word in sys.argv[1:]] + [5, 3][len(sys.argv) - 1 :])[:2]
    scratch = Path(tempfile.mkdtemp(prefix="atoll-bench."))
    environment = tools.environment()
    lock = scratch.with_suffix(".keeper")
    try:
        return world.run(lambda: measure(scratch, rounds, seconds, environment), lock, scratch)
    finally:
        scratch.rmdir()
        lock.unlink()


def measure(scratch: Path, rounds: int, seconds: int, environment: dict[str, str]) -> int:
    (scratch / "fabric").mkdir()
    fabric = KernelFabric(scratch / "fabric")
    paths = {"bare": bare(scratch), **atolls(fabric)}
    servers = [
        start
        for path in {one.server: one for one in paths.values()}.values()
        for start in serve(path, scratch, environment)
    ]
    gbits: dict[str, list[float]] = {name: [] for name in paths}
    rates: dict[str, list[float]] = {name: [] for name in paths}
    try:
        for _ in range(rounds):
            for name, path in paths.items():
                gbits[name].append(throughput(path, seconds, environment))
                rates[name].append(connections(path, seconds, environment))
    finally:
        for server in servers:
            server.terminate()
            server.wait()
        fabric.close()
    show("throughput, Gbit/s", gbits)
    show("new connections a second", rates)
    return 0


def show(title: str, figures: dict[str, list[float]]) -> None:
    print(f"{title:<28} {'median':>10} {'min':>10} {'max':>10} {'of bare':>9}")
    base = statistics.median(figures["bare"])
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"  {name:<26} {middle:>10.1f} {min(values):>10.1f} {max(values):>10.1f} {middle / base:>9.2f}")


def atolls(fabric: KernelFabric) -> dict[str, Route]:
    """Two instances in two subnets, one with an Elastic IP, and a host of the internet."""
    left, right = cloud.subnet("subnet-left", "10.0.1.0/24"), cloud.subnet("subnet-right", "10.0.2.0/24")
    entities = [
        *cloud.network(),
        *cloud.group("sg-server"),
        left,
        right,
        cloud.instance("i-client", left),
        *cloud.interface("eni-client", left, "10.0.1.10", instance="i-client"),
        cloud.instance("i-server", right),
        *cloud.interface("eni-server", right, "10.0.2.10", ("sg-server",), instance="i-server"),
        cloud.rule("sgr-http", "sg-server", HTTP, "203.0.113.0/24"),
        cloud.rule("sgr-iperf", "sg-server", IPERF, "203.0.113.0/24"),
        cloud.rule("sgr-http-inside", "sg-server", HTTP, peer="sg-default"),
        cloud.rule("sgr-iperf-inside", "sg-server", IPERF, peer="sg-default"),
        cloud.gateway(),
        cloud.route("igw-1"),
        cloud.elastic_ip("eni-server", "10.0.2.10"),
        InternetHost(home=cloud.HOME, ip="203.0.113.10"),
        *behind_nat(left),
    ]
    model = Table(entities)
    everything: Delta = {key: (None, record) for key, record in model.records.items()}
    plan: Delta = {row.key: (None, row) for row in constants(["us-east-1a"])}
    fabric.apply({**plan, **compiler().propose(model, everything).delta})
    inside, server = fabric.namespace("i-client"), fabric.namespace("i-server")
    outside = fabric.namespace(host_id("203.0.113.10"))
    assert inside is not None
    assert server is not None
    assert outside is not None
    private = fabric.namespace("i-private")
    assert private is not None
    for client in (inside, private):
        clamp(client, "eth0")
    return {
        "inside": Route(inside, server, "10.0.2.10"),
        "elastic": Route(outside, server, "198.18.0.7"),
        "nat": Route(private, outside, "203.0.113.10"),
    }


def behind_nat(public: Subnet) -> list[Entity]:
    """A NAT gateway in the public subnet, and an instance in a private one that goes out by it."""
    private, table = cloud.subnet("subnet-private", "10.0.3.0/24"), "rtb-private"
    home, vpc = cloud.HOME, public.vpc
    (eni, address) = cloud.interface("eni-nat", public, "10.0.1.9", groups=())
    elastic = cloud.elastic_ip("eni-nat", "10.0.1.9")
    assert isinstance(eni, NetworkInterface)
    assert isinstance(elastic, ElasticIp)
    return [
        private,
        RouteTable(home=home, id=table, vpc=vpc),
        RouteTableAssociation(home=home, id="rtbassoc-private", route_table=table, vpc=vpc, subnet=private.id),
        VpcRoute(home=home, route_table=table, destination=Prefix.everything(), target="nat-1"),
        NatGateway(
            home=home,
            id="nat-1",
            vpc=vpc,
            subnet=public.id,
            zone=public.zone,
            state="available",
            created=cloud.TIME,
            interface="eni-nat",
        ),
        NatGatewayAddress(home=home, gateway="nat-1", slot="0", private_ip="10.0.1.9", status="succeeded"),
        replace(eni, nat_gateway="nat-1", mac="02:00:00:00:09:09"),
        address,
        replace(elastic, id="eipalloc-nat", public_ip="198.18.0.9"),
        cloud.instance("i-private", private),
        *cloud.interface("eni-private", private, "10.0.3.10", instance="i-private"),
    ]


def clamp(namespace: Path, link: str) -> None:
    """MTU 1500 at the client, so that packets are of one size on every path."""
    subprocess.run(["nsenter", f"--net={namespace}", "ip", "link", "set", link, "mtu", str(MTU)], check=True)


def bare(scratch: Path) -> Route:
    """client - router - server, plain forwarding."""
    client, router, server = (scratch / f"bare-{name}" for name in ("client", "router", "server"))
    for path in (client, router, server):
        netns.create(path, {"ipv4/ip_forward": "1"})
    for path, block in ((client, "192.0.2"), (server, "198.51.100")):
        wire(router, path, block)
    return Route(client, server, "198.51.100.2")


def wire(router: Path, end: Path, block: str) -> None:
    name = end.name.removeprefix("bare-")
    script = f"""
        ip link add {name} type veth peer name eth0
        ip link set eth0 netns /proc/self/fd/3
        ip addr add {block}.1/24 dev {name}; ip link set {name} mtu {MTU} up
    """
    with end.open() as namespace:
        subprocess.run(
            ["nsenter", f"--net={router}", "bash", "-ec", f"exec 3<&{namespace.fileno()}; {script}"],
            check=True,
            pass_fds=(namespace.fileno(),),
        )
    inner = f"ip addr add {block}.2/24 dev eth0; ip link set eth0 mtu {MTU} up; ip route add default via {block}.1"
    subprocess.run(["nsenter", f"--net={end}", "bash", "-ec", inner], check=True)


def serve(path: Route, scratch: Path, environment: dict[str, str]) -> list[subprocess.Popen[bytes]]:
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
    started = [start(path.server, command, environment) for command in (nginx, ["iperf3", "-s", "-p", str(IPERF)])]
    for port in (HTTP, IPERF):
        wait_listening(path.server, port)
    return started


def start(namespace: Path, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["nsenter", f"--net={namespace}", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_listening(namespace: Path, port: int) -> None:
    needle = f":{port:04X} 00000000:0000 0A"
    for _ in range(1000):
        tables = ["cat", "/proc/self/net/tcp", "/proc/self/net/tcp6"]
        listening = subprocess.run(
            ["nsenter", f"--net={namespace}", *tables], capture_output=True, text=True, check=True
        )
        if re.search(rf":{port:04X} \w+:0000 0A", listening.stdout):
            return
    raise TimeoutError(f"nothing listens on {needle}")


def throughput(path: Route, seconds: int, environment: dict[str, str]) -> float:
    command = ["iperf3", "-c", path.ip, "-p", str(IPERF), "-t", str(seconds), "-J"]
    told = json.loads(output(path.client, command, environment))
    return float(told["end"]["sum_received"]["bits_per_second"]) / 1e9


def connections(path: Route, seconds: int, environment: dict[str, str]) -> float:
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "-H",
        "Connection: close",
        f"http://{path.ip}:{HTTP}/",
    ]
    told = output(path.client, command, environment)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert found is not None, told
    assert "Non-2xx" not in told, told
    return float(found[1])


def output(namespace: Path, command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["nsenter", f"--net={namespace}", *command], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
