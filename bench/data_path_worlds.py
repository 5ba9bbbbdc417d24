"""The networks that bench/data_path.py measures: bare routers, and VPCs of one shape with more or fewer rules."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from atoll.compile import compiler, constants
from atoll.compile.internet import host_id
from atoll.fabric.kernel import KernelFabric
from atoll.linux import netns
from atoll.model.kinds import (
    BalancerZone,
    ElasticIp,
    Entity,
    InternetHost,
    Listener,
    LoadBalancer,
    NatGateway,
    NatGatewayAddress,
    NetworkAcl,
    NetworkAclAssociation,
    NetworkAclEntry,
    NetworkInterface,
    RouteTable,
    RouteTableAssociation,
    SecurityGroupRule,
    Subnet,
    Target,
    TargetGroup,
)
from atoll.packet import TCP, Prefix
from atoll.records import Delta, Table
from tests.support import small_cloud as cloud

MTU = 1500
BARE = (1, 2, 4)
"""How many routers the bare paths have."""
OUTSIDE = "203.0.113.10"
SERVED = (8080, 5201)
"""What the servers listen on: nginx, iperf3."""
PORTS = (5000, 9000)
"""What the rule lets pass that decides; the benchmark's servers are among them."""


class Route(NamedTuple):
    """One path: where the client runs, where the server, the address that the client asks, the bare path beside it."""

    client: Path
    server: Path
    ip: str
    beside: str
    proxy: "Proxy | None" = None


class Proxy(NamedTuple):
    """Where a proxy is to run on the way, and for which server."""

    place: Path
    server: str


class Shape(NamedTuple):
    """How many rules the deciding group has, and entries a direction the ACLs; 0: the default ACL."""

    rules: int
    entries: int

    @property
    def name(self) -> str:
        return f"{self.rules}+acl" if self.entries else str(self.rules)


SHAPES = (Shape(1, 0), Shape(1, 20), Shape(60, 20), Shape(300, 20))


def bare(folder: Path, routers: int) -> Route:
    """client - routers - server, plain forwarding."""
    path = [folder / f"bare-{routers}-{place}" for place in range(routers + 2)]
    for one in path:
        netns.create(one, {"ipv4/ip_forward": "1"})
    for place, (near, far) in enumerate(itertools.pairwise(path)):
        _wire(near, far, f"192.0.2.{place * 4}")
    last = routers * 4
    for place in range(routers + 2):
        if place <= routers:
            _ip(path[place], f"route add default via 192.0.2.{place * 4 + 2}")
        if place > 1:
            _ip(path[place], f"route add 192.0.2.0/30 via 192.0.2.{place * 4 - 3}")
    return Route(path[0], path[-1], f"192.0.2.{last + 2}", "")


def proxied(folder: Path) -> Route:
    """client - router - proxy - router - server: what a balancer in user space would be."""
    made = bare(folder, 3)
    _ip(made.server, "route add 192.0.2.8/30 via 192.0.2.13")
    return Route(made.client, made.server, "192.0.2.6", "bare 2", Proxy(folder / "bare-3-2", made.ip))


def _wire(near: Path, far: Path, network: str) -> None:
    base, first = network.rsplit(".", 1)
    ends = [f"{base}.{int(first) + number}/30" for number in (1, 2)]
    with far.open() as namespace:
        script = f"exec 3<&{namespace.fileno()}; ip link add next type veth peer name last netns /proc/self/fd/3"
        command = ["nsenter", f"--net={near}", "bash", "-ec", script]
        subprocess.run(command, check=True, pass_fds=(namespace.fileno(),))
    for namespace_path, name, address in ((near, "next", ends[0]), (far, "last", ends[1])):
        _ip(namespace_path, f"addr add {address} dev {name}")
        _ip(namespace_path, f"link set {name} mtu {MTU} up")


def _ip(namespace: Path, words: str) -> None:
    subprocess.run(["nsenter", f"--net={namespace}", "ip", *words.split()], check=True)


def atolls(fabric: KernelFabric) -> dict[str, Route]:
    """A VPC for each shape, and a host of the internet."""
    entities: list[Entity] = [InternetHost(home=cloud.HOME, ip=OUTSIDE)]
    for number, shape in enumerate(SHAPES):
        entities += _vpc(f"vpc-{shape.rules}-{shape.entries}", shape, number)
    model = Table(entities)
    everything: Delta = {key: (None, record) for key, record in model.records.items()}
    plan: Delta = {row.key: (None, row) for row in constants(["us-east-1a"])}
    fabric.apply({**plan, **compiler().propose(model, everything).delta})
    found: dict[str, Route] = {}
    outside = _node(fabric, host_id(OUTSIDE))
    for number, shape in enumerate(SHAPES):
        client, server, public, private = (
            _node(fabric, f"i-{role}-vpc-{shape.rules}-{shape.entries}")
            for role in ("client", "server", "public", "private")
        )
        for sender in (client, private):
            _ip(sender, f"link set eth0 mtu {MTU}")
        found[f"inside {shape.name}"] = Route(client, server, "10.0.2.10", "bare 1")
        found[f"elastic {shape.name}"] = Route(outside, public, f"198.18.1.{number}", "bare 2")
        found[f"nat {shape.name}"] = Route(private, outside, OUTSIDE, "bare 4")
        target = _node(fabric, f"i-target-vpc-{shape.rules}-{shape.entries}")
        found[f"nlb {shape.name}"] = Route(outside, target, f"198.18.3.{number}", "bare 2")
    return found


def _node(fabric: KernelFabric, name: str) -> Path:
    path = fabric.namespace(name)
    assert path is not None, name
    return path


def _vpc(vpc: str, shape: Shape, number: int) -> Iterator[Entity]:
    """Two subnets that lead to an internet gateway, and a private one that leads to a NAT gateway in the first."""
    left, right, private = (
        cloud.subnet(f"subnet-{place}-{vpc}", f"10.0.{third}.0/24", vpc)
        for third, place in enumerate(("left", "right", "private"), 1)
    )
    default, groups = f"sg-default-{vpc}", {}
    for entity in cloud.network(vpc):
        if not isinstance(entity, SecurityGroupRule) and entity.KIND != "security-group":
            yield entity
    yield from cloud.group(default, vpc)
    for role, peer, egress in (
        ("server", "10.0.0.0/8", False),
        ("public", "203.0.113.0/24", False),
        ("private", "203.0.113.0/24", True),
        ("target", "203.0.113.0/24", False),
    ):
        groups[role] = f"sg-{role}-{vpc}"
        yield from _group(groups[role], vpc, shape.rules, peer, egress=egress)
    yield from (left, right, private)
    yield from (replace(cloud.gateway(vpc), id=f"igw-{vpc}"), cloud.route(f"igw-{vpc}", table=f"rtb-{vpc}"))
    for role, where, ip, group in (
        ("client", left, "10.0.1.10", default),
        ("server", right, "10.0.2.10", groups["server"]),
        ("public", right, "10.0.2.11", groups["public"]),
        ("private", private, "10.0.3.10", groups["private"]),
        ("target", private, "10.0.3.11", groups["target"]),
    ):
        yield cloud.instance(f"i-{role}-{vpc}", where)
        yield from cloud.interface(f"eni-{role}-{vpc}", where, ip, (group,), instance=f"i-{role}-{vpc}")
    yield _elastic(f"eni-public-{vpc}", "10.0.2.11", f"198.18.1.{number}")
    yield from _nat(vpc, left, private, f"198.18.2.{number}")
    yield from _balancer(vpc, left, f"198.18.3.{number}")
    if shape.entries:
        yield from _acl(vpc, (left, right, private), shape.entries)


def _elastic(interface: str, private: str, public: str) -> ElasticIp:
    made = cloud.elastic_ip(interface, private, public)
    return replace(made, id=f"eipalloc-{public}", association_id=f"eipassoc-{public}")


def _group(name: str, vpc: str, rules: int, peer: str, *, egress: bool) -> Iterator[Entity]:
    """One rule lets the benchmark pass; the others are for other addresses and ports. All of one direction."""
    group, everything_out = cloud.group(name, vpc)
    yield group
    if not egress:
        yield everything_out
    decides = replace(cloud.rule(f"sgr-{name}", name, PORTS[0], peer), high=PORTS[1], egress=egress)
    yield decides
    for number in range(rules - 1):
        other = cloud.rule(f"sgr-{name}-{number}", name, 20_000 + number, f"10.200.{number % 250}.0/24")
        yield replace(other, egress=egress)


def _acl(vpc: str, subnets: tuple[Subnet, ...], entries: int) -> Iterator[Entity]:
    """All entries but the last refuse others; AWS counts the final refusal among the twenty, which is not stored."""
    acl = f"acl-own-{vpc}"
    yield NetworkAcl(home=cloud.HOME, id=acl, vpc=vpc)
    for egress in (False, True):
        for number in range(1, entries):
            last = number == entries - 1
            yield NetworkAclEntry(
                home=cloud.HOME,
                acl=acl,
                egress=egress,
                number=number,
                allow=last,
                protocol=-1 if last else TCP,
                cidr=Prefix.everything() if last else Prefix.parse(f"198.51.100.{number}/32"),
                low=-1 if last else 443,
                high=-1 if last else 443,
            )
    for subnet in subnets:
        yield NetworkAclAssociation(home=cloud.HOME, id=f"aclassoc-{subnet.id}", acl=acl, subnet=subnet.id)


def _nat(vpc: str, public: Subnet, private: Subnet, elastic: str) -> Iterator[Entity]:
    table, nat, home = f"rtb-private-{vpc}", f"nat-{vpc}", cloud.HOME
    eni, address = cloud.interface(f"eni-{nat}", public, "10.0.1.9", groups=())
    assert isinstance(eni, NetworkInterface)
    yield RouteTable(home=home, id=table, vpc=vpc)
    yield RouteTableAssociation(home=home, id=f"rtbassoc-private-{vpc}", route_table=table, vpc=vpc, subnet=private.id)
    yield cloud.route(nat, table=table)
    yield NatGateway(
        home=home,
        id=nat,
        vpc=vpc,
        subnet=public.id,
        zone=public.zone,
        state="available",
        created=cloud.TIME,
        interface=eni.id,
    )
    yield NatGatewayAddress(home=home, gateway=nat, slot="0", private_ip="10.0.1.9", status="succeeded")
    yield from (replace(eni, nat_gateway=nat, mac="02:00:00:00:09:09"), address)
    yield _elastic(eni.id, "10.0.1.9", elastic)


def _balancer(vpc: str, public: Subnet, elastic: str) -> Iterator[Entity]:
    """A network load balancer before the target in the private subnet, whose own way out is the NAT gateway."""
    home, name = cloud.HOME, f"lb-{vpc}"
    eni, address = cloud.interface(f"eni-{name}", public, "10.0.1.8", groups=())
    assert isinstance(eni, NetworkInterface)
    yield LoadBalancer(
        home=home, id=name, name=name, scheme="internet-facing", vpc=vpc, state="active", created=cloud.TIME
    )
    yield BalancerZone(home=home, balancer=name, zone=public.zone, subnet=public.id, interface=eni.id)
    yield from (replace(eni, load_balancer=name, mac="02:00:00:00:08:08"), address)
    yield _elastic(eni.id, "10.0.1.8", elastic)
    for port in SERVED:
        group = f"tg-{port}-{vpc}"
        yield TargetGroup(home=home, id=group, name=group, protocol="TCP", port=port, vpc=vpc, target_type="instance")
        yield Listener(
            home=home, id=f"{name}-{port}", balancer=name, balancer_name=name, protocol="TCP", port=port, group=group
        )
        yield Target(home=home, group=group, target=f"i-target-{vpc}", port=port, health="healthy")
