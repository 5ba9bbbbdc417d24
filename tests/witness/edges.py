"""Which packets to try by the hundred on a design as it is: where sets end.

Four sources, each packet a connection of its own: corners of the sets into which the analyzer parts all packets, and
packets one step outside of them; numbers that stand in the answers of Describe calls, and their neighbours; the kinds
of `probes`; and any packet at all. Some numbers say more than a packet can: see `Fresh`.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import BLOCK, PORTS, address, place, protocol_block
from atoll.analyze.reach.flows import service as service_of
from atoll.analyze.reach.spans import Span, both, holds, joined, size
from atoll.compile.internet import AWS, RESOLVER
from atoll.packet import ICMP, TCP, UDP, Flow
from tests.spec import Probe
from tests.witness import probes
from tests.witness.cloud import HOSTS
from tests.witness.judges import INTERNET_PLACE, NUMBERED, NUMBERS, port_of
from tests.witness.probes import PORTLESS, Map, Tunnels
from tests.witness.snapshot import Answers

SOURCES = {"corner": 55, "boundary": 20, "kind": 15, "uniform": 10}
"""Where packets come from, and how many of a hundred."""

ARRIVING = 0.9
"""How many of the corners are of sets that arrive."""

NAMES = {number: name for name, number in NUMBERS.items()}
ECHO = joined(((service_of(Flow("0.0.0.0", "0.0.0.0", ICMP)),) * 2,))
OTHERS = [part for one in NUMBERED for part in protocol_block(int(one))]
TRIED: Span = joined((*protocol_block(TCP), *protocol_block(UDP), *ECHO, *OTHERS))
"""The services of which there are frames."""

NEVER = [IPv4Network(one) for one in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")]
"""Addresses that no host sends to another as they are: this network, loopback, link-local, multicast, reserved."""

LOW = 1024
"""Source ports below become others behind a NAT gateway (fact 85)."""


class Wish(NamedTuple):
    """A packet that would be worth trying. `sport`: None for one of its own."""

    at: str
    source: str
    destination: str
    protocol: str
    sport: int | None
    dport: int


class Fresh:
    """Makes probes of wishes, each a connection of its own however it is translated; what cannot be one is passed over.

    Two packets with the same protocol and ports may become one connection behind a translation, so there are no two
    such. At the nodes of load balancers source ports are never wished for. Low ones are not where there is a NAT
    gateway: it gives them a high one, and nobody can tell which (fact 85).

    Not tried: what Atoll's own servers answer, on the internet and for each VPC, of which the spec knows nothing; and
    the addresses of a VPC's router where a route leads them elsewhere (docs/modelling.md).
    """

    def __init__(self, found: Map, tunnels: Tunnels) -> None:
        self._found = found
        self._tunnels = tunnels
        self._own = probes.FIRST_PORT
        self._taken: set[tuple[object, ...]] = set()
        self._held = {str(eni["NetworkInterfaceId"]): set(found.private(eni)) for eni in found.enis}
        every = (*found.enis, *found.translators, *found.nodes)
        self._publics = {ip for eni in every for ip in found.public(eni)}
        self._inner = {ip for held in self._held.values() for ip in held}
        self._nodes = {ip for node in found.nodes for ip in (*found.private(node), *found.public(node))}
        self._resolvers = {str(IPv4Network(one["CidrBlock"])[2]) for one in found.vpcs}
        routers = self._resolvers | {str(IPv4Network(one["CidrBlock"])[1]) for one in found.subnets.values()}
        led = [IPv4Network(one) for one in found.led]
        self._never = {AWS, RESOLVER} | {ip for ip in routers if any(IPv4Address(ip) in block for block in led)}

    def probe(self, wish: Wish) -> Probe | None:
        """The probe, or None."""
        if not self._can_be(wish):
            return None
        protocol, dport = wish.protocol, wish.dport
        if protocol in NUMBERED:
            if not self._is_first(protocol, wish.source, wish.destination):
                return None
            return Probe(wish.at, wish.source, wish.destination, protocol, 0, 0)
        if protocol == "icmp":
            own = self._next()
            return Probe(wish.at, wish.source, wish.destination, protocol, own, own)
        sport = wish.sport if self._nodes.isdisjoint((wish.source, wish.destination)) else None
        if sport is not None and probes.FIRST_PORT <= sport < probes.FIRST_PORT + 3 * probes.ROOM:
            sport = None  # those are dealt out
        if sport is not None and sport < LOW and self._found.translators and wish.at in self._held:
            sport = None
        if sport == dport and wish.destination in self._publics:
            return None  # sent to one's own address outside it looks like its own answer
        if sport is not None:
            ends = (protocol, *sorted((sport, dport)))
            if ends in self._taken:
                return None
            self._taken.add(ends)
        return Probe(wish.at, wish.source, wish.destination, protocol, sport or self._next(), dport)

    def _is_first(self, protocol: str, source: str, destination: str) -> bool:
        """Of a protocol without ports: nothing between the two, and nothing with those of them that are outside."""
        ends = {self._found.inside(source), self._found.inside(destination)}
        wanted: set[tuple[object, ...]] = {
            (protocol, frozenset(ends)),
            *((protocol, end) for end in ends - self._inner),
        }
        if not self._taken.isdisjoint(wanted):
            return False
        self._taken |= wanted
        return self._tunnels.free(self._found, protocol, source, destination)

    def _next(self) -> int:
        self._own += 1
        return self._own

    def _can_be(self, wish: Wish) -> bool:
        if wish.source == wish.destination or wish.destination in self._held.get(wish.at, ()):
            return False
        if not self._never.isdisjoint((wish.source, wish.destination)):
            return False
        if wish.protocol in ("tcp", "udp") and not 0 < wish.dport < 65536:
            return False
        if 53 in (wish.sport, wish.dport) and not self._resolvers.isdisjoint((wish.source, wish.destination)):
            return False  # it answers, which the spec does not know
        ends = (IPv4Address(wish.source), IPv4Address(wish.destination))
        return not any(end in block for end in ends for block in NEVER)


class Edges:
    """Packets for one design. `outcomes`: what the analyzer says of all that a port may send."""

    def __init__(
        self, rng: random.Random, answers: Answers, outcomes: Callable[[str], Sequence[Outcome]], tunnels: Tunnels
    ) -> None:
        self._rng = rng
        self._answers = answers
        self._outcomes = outcomes
        self._tunnels = tunnels
        self.found = Map(answers)
        running = {one["InstanceId"] for one in answers["Instances"] if one["State"]["Name"] == "running"}
        self._senders = {
            str(eni["NetworkInterfaceId"]): eni
            for eni in self.found.enis
            if (eni.get("Attachment") or {}).get("InstanceId") in running
        }
        self._hosts = [INTERNET_PLACE + host for host in HOSTS]
        self._addresses, self._services, self._sports = boundaries(answers)
        every = (*self.found.enis, *self.found.nodes, *self.found.translators)
        self._known = [ip for eni in every for ip in (*self.found.private(eni), *self.found.public(eni))]
        self._places = [place(ip) for ip in self._known]
        self._parted: dict[str, tuple[list[Outcome], list[Outcome]]] = {}

    def choose(self, count: int) -> list[tuple[str, Probe]]:
        """So many, each with the name of its source; fewer where there is little to send."""
        if not self._senders:
            return []
        made: list[tuple[str, Probe]] = []
        fresh = Fresh(self.found, self._tunnels)
        kinds = self._kinds()
        wanted: dict[str, Callable[[], Wish | None]] = {
            "corner": self._corner,
            "boundary": self._boundary,
            "uniform": self._uniform,
            "kind": kinds.__next__,
        }
        for name in self._rng.choices(list(SOURCES), list(SOURCES.values()), k=count):
            for _ in range(20):
                wish = wanted[name]()
                probe = fresh.probe(wish) if wish else None
                if probe is not None:
                    made.append((name, probe))
                    break
        return made

    def _sender(self) -> str:
        return self._rng.choice(self._hosts if self._rng.random() < 0.3 else list(self._senders))

    def _own(self, at: str) -> list[str]:
        """The addresses that a place has itself."""
        return self.found.private(self._senders[at]) if at in self._senders else [at.removeprefix(INTERNET_PLACE)]

    def _lies(self, at: str) -> bool:
        """Whether it now and then sends as somebody else: whoever may, more often."""
        eni = self._senders.get(at)
        return self._rng.random() < (0.05 if eni and eni["SourceDestCheck"] else 0.3)

    def _corner(self) -> Wish | None:
        """A corner of one of the sets that have one fate, or a packet one step away from it."""
        at = self._sender()
        lost, arriving = self._parts(at)
        sets = arriving if arriving and self._rng.random() < ARRIVING else lost or arriving
        if not sets:
            return None
        box = self._rng.choice(sets).flows
        own = joined(tuple((place(ip), place(ip)) for ip in self._own(at)))
        mine = box.source if self._lies(at) else both(box.source, own)
        services = both(box.service, TRIED)
        if not mine or not services:
            return None
        near = self._rng.random() < 0.5
        known = [one for one in self._places if near and holds(box.destination, one)]
        destination = self._rng.choice(known) if known else self._end(box.destination)
        source, service = self._end(mine), self._end(services)
        sport = None if box.sport == PORTS else self._end(box.sport)
        number = service >> BLOCK
        protocol, dport = NAMES[number], service & 0xFFFF if number in (TCP, UDP) else 0
        if self._rng.random() < 0.3:
            step = self._rng.choice((-1, 1))
            match self._rng.randrange(3):
                case 0:
                    destination = (destination + step) % (1 << 32)
                case 1:
                    dport += step if protocol in ("tcp", "udp") else 0
                case _:
                    sport = None if sport is None or not 0 < sport + step < 65536 else sport + step
        return Wish(at, address(source), address(destination), protocol, sport or None, dport)

    def _parts(self, at: str) -> tuple[list[Outcome], list[Outcome]]:
        """Sets that are lost, and sets that arrive, of what the place sends as itself or may send as others."""
        if at not in self._parted:
            own = joined(tuple((place(ip), place(ip)) for ip in self._own(at)))
            open_ = at not in self._senders or not self._senders[at]["SourceDestCheck"]
            able = [one for one in self._outcomes(port_of(at)) if both(one.flows.service, TRIED)]
            able = [one for one in able if open_ or both(one.flows.source, own)]
            self._parted[at] = [one for one in able if not one.arrives], [one for one in able if one.arrives]
        return self._parted[at]

    def _end(self, span: Span) -> int:
        """The first or the last number of one of its ranges; where there are many more, now and then one inside."""
        low, high = self._rng.choice(span)
        if size(span) > 2 and self._rng.random() < 0.1:
            return self._rng.randint(low, high)
        return self._rng.choice((low, high))

    def _boundary(self) -> Wish:
        """Numbers that Describe answers name, and their neighbours; between places that there are."""
        at, rng = self._sender(), self._rng
        own = self._own(at)
        source = rng.choice(self._addresses) if self._addresses and self._lies(at) else rng.choice(own)
        aimed = self._addresses if self._addresses and rng.random() < 0.3 else self._known
        if aimed is self._known and rng.random() < 0.25:
            aimed = list(HOSTS)
        protocol, dport = rng.choice(self._services) if self._services else ("tcp", 80)
        sport = rng.choice(self._sports) if self._sports and rng.random() < 0.4 else None
        return Wish(at, source, rng.choice(aimed), protocol, sport, dport)

    def _kinds(self) -> Iterator[Wish]:
        """As `probes.choose` draws them."""
        while True:
            for one in probes.choose(self._rng, self._answers, 50):
                if one.at in self._senders or one.at in self._hosts:
                    dport = 0 if one.protocol in PORTLESS else one.destination_port
                    yield Wish(one.at, one.source, one.destination, one.protocol, None, dport)

    def _uniform(self) -> Wish:
        """Any packet of a place: to any address at all, to any of the VPCs' blocks, to any that somebody has."""
        at, rng = self._sender(), self._rng
        kind = rng.randrange(3)
        block = IPv4Network(rng.choice(self.found.vpcs)["CidrBlock"] if kind else "0.0.0.0/0")
        destination = str(block[rng.randrange(block.num_addresses)]) if kind < 2 else rng.choice(self._known)
        protocol = rng.choice(list(NUMBERS))
        dport = rng.randint(1, 65535) if protocol in ("tcp", "udp") else 0
        return Wish(at, rng.choice(self._own(at)), destination, protocol, rng.randint(1, 65535), dport)


def boundaries(answers: Answers) -> tuple[list[str], list[tuple[str, int]], list[int]]:
    """Addresses, (protocol, port) and source ports on both sides of all that the answers name."""
    blocks = [one["CidrBlock"] for one in (*answers["Vpcs"], *answers["Subnets"])]
    blocks += [way.get("DestinationCidrBlock") for table in answers["RouteTables"] for way in table["Routes"]]
    blocks += [entry["Cidr"] for one in answers["PrefixLists"] for entry in one["Entries"]]
    services: set[tuple[str, int]] = {("icmp", 0), *((one, 0) for one in NUMBERED)}
    sports: set[int] = set()
    for group in answers["SecurityGroups"]:
        for permission in (*group["IpPermissions"], *group["IpPermissionsEgress"]):
            blocks += [one["CidrIp"] for one in permission.get("IpRanges", ())]
            if permission["IpProtocol"] in ("tcp", "udp"):
                services |= _around(permission["IpProtocol"], permission["FromPort"], permission["ToPort"])
    for entry in (entry for acl in answers["NetworkAcls"] for entry in acl["Entries"]):
        blocks.append(entry.get("CidrBlock"))
        if ports := entry.get("PortRange"):
            near = _around({"6": "tcp", "17": "udp"}[entry["Protocol"]], ports["From"], ports["To"])
            services |= near
            sports |= {port for _, port in near}
    for listener in answers["Listeners"]:
        for one in listener["Protocol"].lower().split("_"):
            services |= _around(one, listener["Port"], listener["Port"])
    ends = {number + step for block in set(blocks) if block and ":" not in block for number, step in _ends(block)}
    addresses = [str(IPv4Address(one)) for one in sorted(ends) if 0 <= one < 1 << 32]
    return addresses, sorted(services), sorted(sports)


def _around(protocol: str, low: int, high: int) -> set[tuple[str, int]]:
    return {(protocol, port) for port in (low - 1, low, high, high + 1) if 0 < port < 65536}


def _ends(block: str) -> Iterator[tuple[int, int]]:
    network = IPv4Network(block)
    first, last = int(network.network_address), int(network.broadcast_address)
    yield from ((first, -1), (first, 0), (last, 0), (last, 1))
