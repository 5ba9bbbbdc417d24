"""Many TCP connections through a load balancer while its targets come and go, and what may become of each.

A whole cloud in this process: calls by boto3, the compiler, the kernel fabric, real health checks from every node and
real connections. Between bursts of connections one thing happens to one target: it is registered or deregistered, its
drain ends, its health checks fail or pass again. After each such thing:

- every new connection comes about, at a target that is healthy and registered, with the client's address;
- those that were opened just before, and those held since long ago, go on with their target; they are reset if it has
  turned unhealthy or its drain is over (the group ends connections then), and only if so.

The traffic's port answers all the time: only checks fail, on a port of their own. So whatever is lost, the network has
lost.
"""

import asyncio
import random
import select
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from atoll.agents.health import ask
from atoll.compile.internet import host_id
from atoll.fabric.kernel import KernelFabric
from atoll.linux.packets import Listener, call_in
from atoll.model.kinds import Target
from atoll.plan.rows import Probe
from atoll.plan.services import METADATA
from tests.kernel.fabric_lab import private_world
from tests.support.lab import Lab
from tests.witness.cloud import HOSTS, Cloud

PORT, TRAFFIC, CHECKED = 80, 8080, 8081
SERVERS = 8
BURST = 48
"""So many connections are opened at once; a listener's queue holds 64."""
HAPPENINGS = {"registers", "deregisters", "drained", "fails", "recovers"}
HELD = 96
"""At least so many are held open all the time."""
FEWEST = 2
"""So many targets at least are eligible all the time: with none, a load balancer sends to all."""
DELAY = 60
"""Seconds of the drain, by the cloud's clock, which passes as the soak says."""
PATIENCE = 5.0
"""Seconds to wait for what must come."""
QUESTION, ANSWER = b"question", b"answer"
LINGER = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER of no seconds: who closes so sends a reset."""


class Pair(NamedTuple):
    """Both ends of a connection, and the server that has it."""

    client: socket.socket
    server: socket.socket
    target: str

    def close(self, first: socket.socket | None = None) -> None:
        """Close both ends, that one first."""
        for end in (first or self.client, self.client, self.server):
            end.close()


class Counts(NamedTuple):
    """What has happened: things to targets, by their names; connections made; ended as AWS ends them; kept."""

    happened: Counter[str]
    made: int
    ended: int
    kept: int
    seconds: float

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in sorted(self.happened.items()))
        return (
            f"{self.made} connections in {self.seconds:.1f} s ({self.made / self.seconds:.0f}/s), none lost; "
            f"{self.kept} times one that was open went on over a change, {self.ended} were ended; {told}"
        )


class Soak:
    """See this module."""

    def __init__(self, cloud: Cloud, fabric: KernelFabric, held: ExitStack, seed: int) -> None:
        self._cloud, self._fabric, self._opened = cloud, fabric, held
        self._random = random.Random(seed)
        self._elb: Any = cloud.client("elbv2")
        self._nodes = self._build()
        self._servers = {one: held.enter_context(Listener(self._space(one), "", TRAFFIC)) for one in self._inside}
        self._checked = {one: held.enter_context(Listener(self._space(one), "", CHECKED)) for one in self._inside}
        self._taking = held.enter_context(selectors.EpollSelector())
        for id_, listener in self._servers.items():
            self._taking.register(listener.socket, selectors.EVENT_READ, id_)
        self._registered: set[str] = set()
        self._draining: set[str] = set()
        self._pairs: list[Pair] = []
        self._made = self._ended = self._kept = 0
        self._happened: Counter[str] = Counter()
        for id_ in self._inside:
            self._register(id_)

    def _build(self) -> dict[str, str]:
        """A VPC over two zones, four servers in each, a load balancer over both. Its addresses, by client."""
        lab = Lab(self._cloud)
        tables = lab.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [lab.vpc]}])["RouteTables"]
        table = str(tables[0]["RouteTableId"])
        lab.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=lab.gateway)
        group = lab.group("servers")
        open_ = [{"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        lab.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=open_)
        self._inside: dict[str, str] = {}
        for number in range(SERVERS):
            subnet = (lab.subnet, lab.other_zone)[number % 2]
            id_ = lab.launch_pending(SubnetId=subnet, SecurityGroupIds=[group])
            self._inside[id_] = str(lab.instance(id_)["PrivateIpAddress"])
        made = self._elb.create_load_balancer(Name="soak", Type="network", Subnets=[lab.subnet, lab.other_zone])
        balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
        made = self._elb.create_target_group(
            Name="soak", Protocol="TCP", Port=TRAFFIC, VpcId=lab.vpc, HealthCheckPort=str(CHECKED)
        )
        self._group = made["TargetGroups"][0]["TargetGroupArn"]
        self._set(
            {
                "load_balancing.cross_zone.enabled": "true",
                "deregistration_delay.timeout_seconds": str(DELAY),
                "deregistration_delay.connection_termination.enabled": "true",
            }
        )
        forward = [{"Type": "forward", "TargetGroupArn": self._group}]
        self._elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=PORT, DefaultActions=forward)
        of = [{"Name": "description", "Values": ["ELB " + balancer.partition(":loadbalancer/")[2]]}]
        enis = lab.ec2.describe_network_interfaces(Filters=of)["NetworkInterfaces"]
        # One node a client: through two of them, one client port could be the same connection to a server (AWS too).
        return dict(zip(HOSTS, sorted(str(one["Association"]["PublicIp"]) for one in enis), strict=True))

    def _set(self, attributes: dict[str, str]) -> None:
        asked = [{"Key": key, "Value": value} for key, value in attributes.items()]
        self._elb.modify_target_group_attributes(TargetGroupArn=self._group, Attributes=asked)

    def _space(self, node: str) -> Path:
        found = self._fabric.namespace(node)
        assert found is not None, node
        return found

    @property
    def _eligible(self) -> set[str]:
        return {one for one in self._registered - self._draining if one in self._checked}

    def run(self, connections: int, bursts: int) -> Counts:
        """Change something, let so many bursts of connections go through, again and again, until there were enough of
        them and everything has happened."""
        start = time.perf_counter()
        while self._made < connections or set(self._happened) < HAPPENINGS:
            self._hold()
            pending = self._burst()
            name, over = self._happen()
            self._happened[name] += 1
            for pair in self._look(pending, over):
                self._finish(pair)
            self._pairs = self._look(self._pairs, over)
            chosen: Counter[str] = Counter()
            for _ in range(bursts):
                for pair in self._burst():
                    chosen[pair.target] += 1
                    self._finish(pair)
            assert set(chosen) == self._eligible, f"after one {name}: {chosen} of {self._eligible}"
        for pair in self._pairs:
            pair.close()
        return Counts(self._happened, self._made, self._ended, self._kept, time.perf_counter() - start)

    def _hold(self) -> None:
        while len(self._pairs) < HELD:
            self._pairs += self._burst()

    def _burst(self) -> list[Pair]:
        """So many connections at once, half from each client: all come about, where they may."""
        clients: dict[tuple[str, int], socket.socket] = {}
        for host, node in self._nodes.items():
            for one in call_in(self._space(host_id(host)), partial(_connecting, node, BURST // 2)):
                clients[host, one.getsockname()[1]] = one
        pairs: list[Pair] = []
        until = time.monotonic() + PATIENCE
        while len(pairs) < BURST and time.monotonic() < until:
            for ready, _ in self._taking.select(PATIENCE):
                accepted, peer = ready.fileobj.accept()  # type: ignore[union-attr]
                accepted.settimeout(PATIENCE)
                pairs.append(Pair(clients.pop(peer), accepted, ready.data))
        assert not clients, f"after {self._made} connections {len(clients)} did not come about"
        for pair in pairs:
            assert pair.target in self._eligible, f"{pair.target} got one and is not among {self._eligible}"
        self._made += len(pairs)
        return pairs

    def _finish(self, pair: Pair) -> None:
        """A question and its answer; then mostly the server closes first, sometimes the client, or it breaks off."""
        assert _talks(pair), f"a connection to {pair.target} was lost"
        way = self._random.randrange(16)
        if way == 0:
            pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        pair.close(pair.client if way < 2 else pair.server)

    def _look(self, pairs: Sequence[Pair], over: set[str]) -> list[Pair]:
        """Those that go on; the others have to be reset at both ends."""
        left = []
        for pair in pairs:
            goes_on = _talks(pair)
            assert goes_on == (pair.target not in over), f"one to {pair.target}: goes on: {goes_on}; over: {over}"
            if goes_on:
                self._kept += 1
                left.append(pair)
            else:
                self._ended += 1
                pair.close()
        return left

    def _happen(self) -> tuple[str, set[str]]:
        """Something happens to a target, or drains are over: what, and the targets whose connections end with it."""
        may: list[tuple[str, str, Callable[[str], set[str]]]] = []
        for id_ in self._inside:
            serves, spare = id_ in self._registered - self._draining, len(self._eligible - {id_}) >= FEWEST
            if not serves:
                may.append(("registers", id_, self._register))
            elif spare:
                may += [("deregisters", id_, self._deregister)] * 2
            if id_ in self._draining:
                may.append(("drained", id_, self._drain))
            if id_ not in self._checked:
                may.append(("recovers", id_, self._recover))
            elif serves and spare:
                may.append(("fails", id_, self._fail))
        name, id_, act = self._random.choice(may)
        return name, act(id_)

    def _register(self, id_: str) -> set[str]:
        """Also one that drains: it keeps its connections if its checks pass."""
        self._elb.register_targets(TargetGroupArn=self._group, Targets=[{"Id": id_}])
        self._registered.add(id_)
        self._draining.discard(id_)
        self._check()
        return set() if id_ in self._checked else {id_}

    def _deregister(self, id_: str) -> set[str]:
        self._elb.deregister_targets(TargetGroupArn=self._group, Targets=[{"Id": id_}])
        self._draining.add(id_)
        return set()

    def _drain(self, _: str) -> set[str]:
        """The time of all that drain is over."""
        self._cloud.clock.advance(DELAY)
        for target in [one for one in self._cloud.writer.model.all(Target) if one.due is not None]:
            self._cloud._look(target)
        gone, self._draining = self._draining, set()
        self._registered -= gone
        return gone

    def _fail(self, id_: str) -> set[str]:
        self._checked.pop(id_).close()
        self._check()
        return {id_}

    def _recover(self, id_: str) -> set[str]:
        self._checked[id_] = self._opened.enter_context(Listener(self._space(id_), "", CHECKED))
        self._check()
        return set()

    def _check(self) -> None:
        """Every check of the plan, from every node; what it comes to is the health, however many it takes."""
        checks = [one for one in self._cloud.plan.all(Probe) if one.address != METADATA.ip]

        async def every() -> list[Any]:
            return await asyncio.gather(*(ask(self._space(one.node), one) for one in checks))

        told: dict[tuple[str, ...], dict[str, tuple[str, str, str]]] = {}
        for one, answer in zip(checks, asyncio.run(every()), strict=True):
            *target, zone = one.id.split("/")
            said = ("healthy", "", "") if answer.passed else ("unhealthy", answer.reason, answer.description)
            told.setdefault(tuple(target), {})[zone] = said
        self._cloud.report(told)
        for listener in self._checked.values():
            while (taken := listener.accept(0)) is not None:
                taken.close()


def _connecting(ip: str, count: int) -> list[socket.socket]:
    """Sockets that have begun to connect."""
    made = []
    for _ in range(count):
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect_ex((ip, PORT))
        one.settimeout(PATIENCE)
        made.append(one)
    return made


def _talks(pair: Pair) -> bool:
    """Whether bytes go both ways; if not, both ends have to be reset."""
    try:
        pair.client.sendall(QUESTION)
    except ConnectionResetError:  # an acknowledgement that was under way has met it before
        assert _is_cut(pair.server), "reset at the client's end alone"
        return False
    waiting = select.poll()
    for end in (pair.client, pair.server):
        waiting.register(end, select.POLLIN)
    ready = {number for number, _ in waiting.poll(PATIENCE * 1000)}
    assert ready, f"what is sent to {pair.target} gets nowhere"
    if pair.client.fileno() in ready:
        assert _is_reset(pair.client)
        assert _is_cut(pair.server), "reset at the client's end alone"
        return False
    assert pair.server.recv(100) == QUESTION
    pair.server.sendall(ANSWER)
    assert pair.client.recv(100) == ANSWER
    return True


def _is_cut(end: socket.socket) -> bool:
    """Whether what it says is answered by a reset, or one has come before."""
    try:
        end.sendall(ANSWER)
    except ConnectionResetError:
        return True
    return _is_reset(end)


def _is_reset(end: socket.socket) -> bool:
    try:
        end.recv(100)
    except ConnectionResetError:
        return True
    return False


@contextmanager
def soak(folder: Path, seed: int) -> Iterator[Soak]:
    """One in a world of its own."""
    with private_world(folder), ExitStack() as held:
        fabric = held.enter_context(closing(KernelFabric(folder)))
        cloud = held.enter_context(closing(Cloud(seed, fabric)))
        yield Soak(cloud, fabric, held, seed)
