"""Which packets to try on a design: between all kinds of places, on both sides of every rule's edges."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from tests.spec import Probe
from tests.witness.cloud import HOSTS
from tests.witness.judges import INTERNET_PLACE, NUMBERED
from tests.witness.snapshot import Answers

NOWHERE = ("203.0.113.99", "8.8.8.8", "192.168.77.7")
"""Addresses that nobody has."""

FIRST_PORT = 20000
"""Source ports and ICMP identifiers count from here: each probe of a design has its own."""

ROOM = 10_000
"""More than a design has probes."""


PORTLESS = ("icmp", *NUMBERED)


class Tunnels:
    """Connections of protocols without ports that there have been: two ends have one of each protocol.

    Where public addresses are asked, either end has one only: they may stand for somebody else when they move.
    """

    def __init__(self) -> None:
        self._taken: set[tuple[str, frozenset[str]]] = set()

    def free(self, found: "Map", protocol: str, source: str, destination: str) -> bool:
        """Whether nothing like it has been; then it has."""
        ends = frozenset(map(found.inside, (source, destination)))
        if len(ends) == 1:
            return False  # what one sends to one's own public address looks like an answer to itself
        outside = {source, destination} != ends or not ends.isdisjoint(HOSTS)
        wanted = {(protocol, frozenset({end})) for end in ends} if outside else {(protocol, ends)}
        fresh = self._taken.isdisjoint(wanted)
        self._taken |= wanted
        return fresh


class Map:
    """The places and addresses of a design, as Describe shows them."""

    def __init__(self, answers: Answers) -> None:
        every = sorted(answers["NetworkInterfaces"], key=lambda eni: str(eni["NetworkInterfaceId"]))
        self.enis = [eni for eni in every if eni["InterfaceType"] == "interface"]
        self.translators = [eni for eni in every if eni["InterfaceType"] == "nat_gateway"]
        self.nodes = [eni for eni in every if eni["InterfaceType"] == "network_load_balancer"]
        self.listeners = [(one["LoadBalancerArn"], one["Protocol"], one["Port"]) for one in answers["Listeners"]]
        self.subnets = {subnet["SubnetId"]: subnet for subnet in answers["Subnets"]}
        self.vpcs = list(answers["Vpcs"])
        ways = [way for table in answers["RouteTables"] for way in table["Routes"] if way.get("NetworkInterfaceId")]
        blocks = {one["PrefixListId"]: [entry["Cidr"] for entry in one["Entries"]] for one in answers["PrefixLists"]}
        listed = [blocks.get(way.get("DestinationPrefixListId", ""), []) for way in ways]
        self.led = {one for way in ways if (one := way.get("DestinationCidrBlock"))}.union(*listed)
        self.groups = {group["GroupId"]: group for group in answers["SecurityGroups"]}

    def private(self, eni: Mapping[str, Any]) -> list[str]:
        """Its private addresses; of a prefix the first and the last."""
        blocks = [IPv4Network(one["Ipv4Prefix"]) for one in eni.get("Ipv4Prefixes", ())]
        edges = [str(block[at]) for block in blocks for at in (0, -1)]
        return [one["PrivateIpAddress"] for one in eni["PrivateIpAddresses"]] + edges

    def public(self, eni: Mapping[str, Any]) -> list[str]:
        """Its public addresses."""
        return [one["Association"]["PublicIp"] for one in eni["PrivateIpAddresses"] if one.get("Association")]

    def inside(self, ip: str) -> str:
        """The private address that a public one stands for; any other address itself."""
        for eni in (*self.enis, *self.translators, *self.nodes):
            for one in eni["PrivateIpAddresses"]:
                if (one.get("Association") or {}).get("PublicIp") == ip:
                    return str(one["PrivateIpAddress"])
        return ip

    def free(self, subnet: str) -> str:
        """An address of the subnet that is most likely nobody's."""
        return str(self.subnets[subnet]["CidrBlock"]).rsplit(".", 1)[0] + ".14"

    def heard(self, destination: str) -> list[tuple[str, int]]:
        """(protocol, port) of the listeners at an address, and beside them."""
        found = []
        for node in self.nodes:
            if destination in (*self.private(node), *self.public(node)):
                mine = [one for one in self.listeners if one[0].endswith(node["Description"].removeprefix("ELB "))]
                for _, protocol, port in mine:
                    found += [(one, port) for one in protocol.lower().split("_")] * 4
                    found += [(one, near) for one in ("tcp", "udp") for near in (port, port + 1)]
        return found

    def edges(self, eni: Mapping[str, Any] | None, side: str) -> list[tuple[str, int]]:
        """(protocol, port) on both sides of the edges of the rules that an ENI wears. Without ports: (protocol, 0)."""
        worn = [self.groups[group["GroupId"]] for group in eni["Groups"]] if eni else []
        found = []
        for permission in (one for group in worn for one in group[side]):
            protocol = permission["IpProtocol"]
            if protocol in ("tcp", "udp"):
                low, high = permission["FromPort"], permission["ToPort"]
                found += [(protocol, port) for port in (low - 1, low, (low + high) // 2, high, high + 1)]
            elif protocol == "icmp":
                found.append((protocol, 0))
            elif protocol in NUMBERED:
                found += [(protocol, 0), (NUMBERED[NUMBERED.index(protocol) - 1], 0)]
        return [(protocol, port) for protocol, port in found if protocol in PORTLESS or 0 < port < 65536]


def same_host(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both are of one instance, or the same interface."""
    hosts = [(eni.get("Attachment") or {}).get("InstanceId", eni["NetworkInterfaceId"]) for eni in (one, other)]
    return bool(hosts[0] == hosts[1])


Ends = tuple[str, str, str]
"""Place, source, destination."""


def same_subnet(rng: random.Random, found: Map) -> Ends:
    """Neighbours, where there are any."""
    sender = rng.choice(found.enis)
    near = [eni for eni in found.enis if eni["SubnetId"] == sender["SubnetId"] and not same_host(eni, sender)]
    return _between(rng, found, sender, rng.choice(near or found.enis))


def same_vpc(rng: random.Random, found: Map) -> Ends:
    """Anywhere in the VPC."""
    sender = rng.choice(found.enis)
    near = [eni for eni in found.enis if eni["VpcId"] == sender["VpcId"] and not same_host(eni, sender)]
    return _between(rng, found, sender, rng.choice(near or found.enis))


def anywhere(rng: random.Random, found: Map) -> Ends:
    """To an address that may be another VPC's, or one's own."""
    return _between(rng, found, rng.choice(found.enis), rng.choice(found.enis))


def _between(rng: random.Random, found: Map, sender: Mapping[str, Any], receiver: Mapping[str, Any]) -> Ends:
    source, destination = rng.choice(found.private(sender)), rng.choice(found.private(receiver))
    return str(sender["NetworkInterfaceId"]), source, destination


def _publics(found: Map) -> list[str]:
    return [ip for eni in (*found.enis, *found.translators) for ip in found.public(eni)] or ["198.18.0.1"]


def from_internet(rng: random.Random, found: Map) -> Ends:
    """A host on the internet to a public address."""
    host = rng.choice(HOSTS)
    return INTERNET_PLACE + host, host, rng.choice(_publics(found))


def from_internet_to_private(rng: random.Random, found: Map) -> Ends:
    """A host on the internet to a private address."""
    host = rng.choice(HOSTS)
    return INTERNET_PLACE + host, host, rng.choice(found.private(rng.choice(found.enis)))


def out_of_anywhere(rng: random.Random, found: Map) -> Ends:
    """Out to a host, also without a public address of its own."""
    sender = rng.choice(found.enis)
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), rng.choice(HOSTS)


def to_translator(rng: random.Random, found: Map) -> Ends:
    """To a NAT gateway's own address, which answers nobody; where there is none, out."""
    if not found.translators:
        return out_of_anywhere(rng, found)
    sender = rng.choice(found.enis)
    return _between(rng, found, sender, rng.choice(found.translators))


def to_internet(rng: random.Random, found: Map) -> Ends:
    """Out to a host."""
    sender = rng.choice([eni for eni in found.enis if found.public(eni)] or found.enis)
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), rng.choice(HOSTS)


def hairpin(rng: random.Random, found: Map) -> Ends:
    """To a public address of another or of oneself."""
    sender = rng.choice([eni for eni in found.enis if found.public(eni)] or found.enis)
    own = found.public(sender) if rng.random() < 0.3 else []
    destination = rng.choice(own or _publics(found))
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), destination


def to_nobody(rng: random.Random, found: Map) -> Ends:
    """To an address that nobody has: in a subnet, a router's, outside."""
    sender = rng.choice(found.enis)
    near = found.free(rng.choice([sender["SubnetId"], *sorted(found.subnets)]))
    router = found.free(sender["SubnetId"]).rsplit(".", 1)[0] + ".1"
    destination = rng.choice((near, near, router, *NOWHERE))
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), destination


def to_balancer(rng: random.Random, found: Map) -> Ends:
    """From inside, a target of its own too, to a load balancer's node; where there is none, out."""
    near = [(one, eni) for one in found.nodes for eni in found.enis if one["VpcId"] == eni["VpcId"]]
    if not near:
        return out_of_anywhere(rng, found)
    node, sender = rng.choice(near)
    destination = rng.choice(found.private(node) * 3 + found.public(node))
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), destination


def to_balancer_from_internet(rng: random.Random, found: Map) -> Ends:
    """From a host to a load balancer's public address; where there is none, to any."""
    host = rng.choice(HOSTS)
    publics = [ip for node in found.nodes for ip in found.public(node)]
    return INTERNET_PLACE + host, host, rng.choice(publics or _publics(found))


def spoofed(rng: random.Random, found: Map) -> Ends:
    """From an address that is not one's own, nor the one that is asked."""
    _, lied, destination = anywhere(rng, found)
    if rng.random() < 0.3:
        public, target = rng.choice(_publics(found)), rng.choice(_publics(found))
        lied = rng.choice((lied, "203.0.113.77", public))
        return INTERNET_PLACE + rng.choice(HOSTS), "203.0.113.77" if lied == target else lied, target
    destination = rng.choice((destination, *HOSTS))
    unchecked = [eni for eni in found.enis if not eni["SourceDestCheck"]]
    sender = rng.choice(unchecked if unchecked and rng.random() < 0.6 else found.enis)
    lied = rng.choice((lied, "203.0.113.77"))
    return str(sender["NetworkInterfaceId"]), "203.0.113.77" if lied == destination else lied, destination


Kind = Callable[[random.Random, Map], Ends]

KINDS: tuple[tuple[Kind, int], ...] = (
    (same_subnet, 4),
    (same_vpc, 5),
    (anywhere, 3),
    (from_internet, 6),
    (from_internet_to_private, 1),
    (to_internet, 4),
    (out_of_anywhere, 4),
    (to_translator, 1),
    (hairpin, 3),
    (to_nobody, 2),
    (spoofed, 3),
    (to_balancer, 8),
    (to_balancer_from_internet, 8),
)
"""Kinds of probes and how often each is drawn."""


def choose(
    rng: random.Random, answers: Answers, count: int, first_port: int = FIRST_PORT, tunnels: Tunnels | None = None
) -> Iterator[Probe]:
    """As many probes, each with a source port of its own, or a connection of a protocol without ports."""
    found, tunnels = Map(answers), tunnels or Tunnels()
    if not found.enis:
        return
    kinds, weights = zip(*KINDS, strict=True)
    for number in range(count):
        kind = rng.choices(kinds, weights)[0]
        at, source, destination = kind(rng, found)
        protocol, port = _traffic(rng, found, at, destination)
        own = first_port + number
        if protocol in NUMBERED and tunnels.free(found, protocol, source, destination):
            yield Probe(at, source, destination, protocol, 0, 0)
            continue
        if protocol in NUMBERED:
            protocol, port = "udp", 33000
        yield Probe(at, source, destination, protocol, own, own if protocol == "icmp" else port)


def _traffic(rng: random.Random, found: Map, at: str, destination: str) -> tuple[str, int]:
    """Protocol and port: mostly at an edge of a rule of either end."""
    sender = next((eni for eni in found.enis if eni["NetworkInterfaceId"] == at), None)
    receivers = [eni for eni in found.enis if destination in (*found.private(eni), *found.public(eni))]
    if heard := found.heard(destination):
        return rng.choice(heard)
    edges: Sequence[tuple[str, int]] = [edge for eni in receivers for edge in found.edges(eni, "IpPermissions")]
    if not edges or rng.random() < 0.3:
        edges = found.edges(sender, "IpPermissionsEgress") or edges
    if edges and rng.random() < 0.8:
        return rng.choice(edges)
    return rng.choice(("tcp", "udp", "icmp", rng.choice(NUMBERED))), rng.choice((22, 80, 443, 1007, 33000))
