"""The article "How to Access EC2 instance in a Private Subnet from the Internet": private API servers behind a network
load balancer, over two zones, one of which fails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from atoll.cli.demo.building import Builder
from atoll.cli.demo.claims import Claims
from atoll.cli.demo.clean import clean
from atoll.cli.demo.lab import BOOT, INTERNET, PORTS, PROBE, Lab, Scan, until
from atoll.cli.demo.nlb_network import NlbNetwork, Side, clean_balancers
from atoll.cli.demo.nlb_watch import Watched, watch

DEMO = "nlb"
REGION = "eu-west-1"
TITLE = "Private API servers behind a public network load balancer, claim by claim"
ELSEWHERE = "203.0.113.20"
"""Another host of the internet: what it sees is what a service there would."""
NOTHING = f"0 of {PORTS[1]:,} arrive"
SCANS = 8
"""Every five seconds there is a check, and a scan takes one or two."""
SILENCE = 1.0
CHECKED = 60.0
"""Seconds that health checks may take to find something out; two of them fail within twelve."""

MEET = """
import socket, sys
with socket.create_server(("0.0.0.0", int(sys.argv[1]))) as door:
    door.settimeout(20)
    try:
        with door.accept()[0] as one:
            print(one.getpeername()[0])
    except TimeoutError:
        print("nobody came")
"""
"""Who comes, as the host's own kernel has it."""

GO = """
import socket, sys, time
until = time.monotonic() + 20
while time.monotonic() < until:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
        break
    except OSError:
        time.sleep(0.05)
"""


class NlbDemo:
    """The state that one part leaves to the next."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.build = Builder(lab.ec2, DEMO)
        self.zones = (f"{REGION}a", f"{REGION}b")
        self.net = NlbNetwork(self.build, lab.elb, self.zones)
        self.claims = Claims(TITLE)

    def run(self) -> Claims:
        """All of it; both zones serve when it ends."""
        for zone in self.zones:
            self.lab.zone(zone, up=True)  # an earlier run may have been broken off
        clean_balancers(self.lab.elb, DEMO)
        clean(self.lab.ec2, DEMO)
        self.net.make()
        self.way_in()
        self.no_other_way()
        self.way_out()
        self.server_killed()
        self.zone_failed()
        return self.claims

    def way_in(self) -> None:
        """Direct access from outside the VPC for any user, without VPN."""
        net = self.net
        seen = until(net.health, lambda said: said == self._both("healthy"), BOOT)
        self._claim("TCP checks find both API servers healthy", self._both("healthy"), seen)
        for host in (INTERNET, ELSEWHERE):
            body = self._get(host, net.name)
            seen = body.partition(" sees ")[2] if body.startswith("answers: api-") else body
            self._claim(f"{host} gets the API by the load balancer's name; the server sees", host, seen)
        served = watch(self.lab, INTERNET, net.name, self._names())
        self._claim("connections by name are served in both zones", ", ".join(self._names()), ", ".join(served.last))
        for side in net.sides:
            expected = f"answers: {side.name} sees {INTERNET}"
            seen = self._get(INTERNET, f"{side.zone}.{net.name}")
            self._claim(f"the name of zone {side.zone[-1]} leads to the server of that zone", expected, seen)

    def _scanned(self, ip: str, server: str) -> Scan:
        """A scan during which no health check came to the server, whose kernel counts those too. What is open to the
        scan itself would be counted every time.
        """
        for _ in range(SCANS):
            found = self.lab.scan(INTERNET, ip, server)
            if not found.arrived:
                break
        return found

    def no_other_way(self) -> None:
        """The strong firewall stays: the servers are in private subnets."""
        lab = self.lab
        for side in self.net.sides:
            public, inside = self.build.public_ip(side.server), self.build.private_ip(side.server)
            seen = f"public address {public or 'none'}, {self._scanned(inside, side.server)}"
            canary = self._get(INTERNET, side.node)
            seen = seen if canary.startswith("answers") else f"the canary was {canary}: {seen}"
            expected = f"public address none, {NOTHING}"
            self._claim(f"{side.name} itself, every TCP port, from the internet", expected, seen)
        side = self.net.sides[0]
        seen = lab.scan(INTERNET, side.node, side.server).answered
        self._claim("of all ports of the load balancer's node the internet finds one", "80", seen)

    def way_out(self) -> None:
        """A NAT gateway in each zone, for high availability: each server leaves by its own."""
        for number, side in enumerate(self.net.sides):
            port = str(9000 + number)
            with ThreadPoolExecutor(1) as pool:
                meeting = pool.submit(self.lab.program, ELSEWHERE, MEET, port)
                self.lab.program(side.server, GO, ELSEWHERE, port)
                seen = meeting.result()
            text = f"{side.name} reaches the internet, which sees the NAT gateway of zone {side.zone[-1]}"
            self._claim(text, side.elastic, seen)
            seen = self.lab.tcp(INTERNET, side.elastic, 80, seconds=SILENCE)
            self._claim("... at whose Elastic IP nothing gets in", "silent", seen)

    def server_killed(self) -> None:
        """Requests always go to the healthy servers."""
        dead, other = self.net.sides
        self._event(f"{dead.name} is killed")
        watched = self._found_out(
            lambda: self.lab.inside(dead.server, "pkill", "-9", "-f", "/opt/api.py"),
            f"{dead.name} unhealthy, {other.name} healthy",
            [other.name],
        )
        self._claim(
            f"{dead.name} is killed: its check fails", f"{dead.name} unhealthy, {other.name} healthy", self.net.health()
        )
        self._claim("... and every new connection is answered by", other.name, ", ".join(watched.last))
        self._back(f"{dead.name} is started again", lambda: self.lab.inside(dead.server, "systemctl", "start", "api"))

    def zone_failed(self) -> None:
        """In case one AZ goes down, there is another one that can handle any user's requests."""
        dead, other = self.net.sides
        lab, zone = self.lab, self.net.sides[0].zone
        try:
            self._event(f"zone {zone} fails")
            health = f"{dead.name} unhealthy, {other.name} healthy"
            watched = self._found_out(lambda: lab.zone(zone, up=False), health, [other.name])
            self._claim(f"zone {zone} fails: the name leads to", other.node, ", ".join(watched.told[-1][1]))
            self._claim("... and every new connection is answered by", other.name, ", ".join(watched.last))
            again = watch(lab, INTERNET, self.net.name, [other.name])
            seen = f"{again.tries - again.lost} of {again.tries} answered"
            self._claim("... none is lost any more", f"{again.tries} of {again.tries} answered", seen)
            seen = self._get(INTERNET, dead.node, SILENCE)
            self._claim("... the dead zone's node, asked by its address", "silent", seen)
            seen = f"{self._state(dead)}, {self._state(other)}"
            self._claim("... status checks of the two servers", "impaired, ok", seen)
            refused = lab.refusal(lambda: self.net.another(dead))
            self._claim("... another server is wanted there", "InsufficientInstanceCapacity", refused)
        finally:
            self._event(f"zone {zone} is back")
            lab.zone(zone, up=True)
        self._back(f"zone {zone} is back", lambda: None)

    def _found_out(self, deed: Callable[[], object], health: str, wanted: list[str]) -> Watched:
        """Do it while a client goes on asking; until the checks say `health` and only these servers answer."""
        began = self.claims.now()
        deed()
        with ThreadPoolExecutor(1) as pool:
            client = pool.submit(watch, self.lab, INTERNET, self.net.name, wanted)
            until(self.net.health, lambda said: said == health, CHECKED)
            self._event(f"health checks say: {health}")
            watched = client.result()
        for after, addresses in watched.told[1:]:
            self.claims.event(f"the name leads to {', '.join(map(self._node, addresses))}", began + after)
        self._event(
            f"all are answered, by {', '.join(watched.last)}; meanwhile {watched.lost} of {watched.tries} were lost"
        )
        return watched

    def _back(self, text: str, deed: Callable[[], object]) -> None:
        deed()
        seen = until(self.net.health, lambda said: said == self._both("healthy"), CHECKED)
        self._event(f"health checks say: {seen}")
        watched = watch(self.lab, INTERNET, self.net.name, self._names())
        self._claim(f"{text}: both zones serve", ", ".join(self._names()), ", ".join(watched.last))

    def _state(self, side: Side) -> str:
        found = self.lab.ec2.describe_instance_status(InstanceIds=[side.server])["InstanceStatuses"][0]
        return str(found["SystemStatus"]["Status"])

    def _get(self, source: str, name: str, seconds: float = 2.0) -> str:
        return self.lab.program(source, PROBE, f"http://{name}/", str(seconds))

    def _node(self, address: str) -> str:
        return next((f"zone {side.zone[-1]}" for side in self.net.sides if side.node == address), address)

    def _names(self) -> list[str]:
        return [side.name for side in self.net.sides]

    def _both(self, state: str) -> str:
        return ", ".join(f"{name} {state}" for name in self._names())

    def _event(self, text: str) -> None:
        self.claims.event(text)

    def _claim(self, text: str, expected: str, seen: str) -> None:
        self.claims.add(text, expected, seen)
