"""One packet's way through one world."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from tests.spec.describe import UnsupportedError
from tests.spec.filters import Ruling, acl_allows, groups_say
from tests.spec.flow import ICMP, INTERNET, TCP, UDP, Flow, Packet, Reason
from tests.spec.things import LOCAL, Chosen, Direction, Eni, Memory
from tests.spec.world import World

NAT_IDLE = (350, 350, 350, 350)  # fact 86
PRIVATE = [IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]

Translated = tuple[str, Packet]  # the interface of a NAT gateway, and a packet as it comes there
Tracked = tuple[str, Flow, IPv4Address | None]  # what one incarnation of an interface remembers, each for itself


class Lost(Exception):  # noqa: N818 - an outcome, not an error
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Choice(Exception):  # noqa: N818 - no error either
    """A load balancer may take any of these targets, its argument, and nobody has said which one it does."""


@dataclass(frozen=True)
class Arrival:
    at: str
    packet: Packet  # as the network stack there sees it


@dataclass
class Journey:
    """`forward`: the packet goes the way of its connection's first one, which `asker` sent. Only such a packet starts
    tracking. `wanted`: the target that a load balancer takes, if it has a choice; `chosen`: to which it has sent it.
    """

    world: World
    tracked: dict[Tracked, Memory]
    translated: dict[Translated, tuple[Packet, Memory]]
    forward: bool
    asker: str = ""
    wanted: Chosen | None = None
    chosen: Chosen | None = None
    starts: dict[Tracked, Memory] = field(default_factory=dict)
    translations: int = 0

    def __post_init__(self) -> None:
        """Flows whose public address has left are forgotten, also when it comes back later (decision)."""
        for (nat, packet), (sent, memory) in list(self.translated.items()):  # so are those whose NAT gateway's has
            held = self.world.enis[nat].addresses if nat in self.world.enis else ()
            node, chosen = self.world.nodes.get(nat), memory.chosen
            ended = node is not None and chosen is not None and node.ends(chosen)
            if ended or (packet.destination not in held and sent.source not in held):
                del self.translated[nat, packet]
        for entry, memory in list(self.tracked.items()):
            left = entry[2] and (self.world.holder(entry[2]) or (None, None))[1] not in dict(entry[1][1])
            if left or (memory.back and memory.back not in self.world.enis):  # fact 168: ends with the zone of a node
                del self.tracked[entry]

    def send(self, at: str, packet: Packet) -> Arrival:
        """Let the host at `at` send the packet. Raises Lost; what is lost in a VPC leaves no trace there (decision)."""
        if not at.startswith(INTERNET):
            arrival = self._leave(self.world.enis[at], packet)
        elif IPv4Address(at.removeprefix(INTERNET)) in self.world.internet_hosts:
            arrival = self._cross_internet(packet)
        else:
            raise ValueError(f"no such host: {at}")
        self.tracked |= self.starts
        return arrival

    def _leave(self, eni: Eni, packet: Packet) -> Arrival:
        _need(eni.alive, Reason.NOT_RUNNING)
        for own in self.world.places(str(eni.host), packet.destination):
            return Arrival(own, packet)  # decision: what a host sends to itself never leaves it
        self._refuse_services(eni, packet)
        _need(not eni.check or packet.source in eni.addresses, Reason.SOURCE_CHECK)  # fact 58
        if not self.forward and (node := self._brought(eni, packet)):
            _need(self._groups_pass(eni, Direction.OUT, packet, node), Reason.SG_EGRESS)
            return self._hand_to(node, packet, eni)
        route = self.world.route(self.world.subnets[eni.subnet].routes, packet.destination)
        target = route.target if route and not route.blackhole else None
        if packet.destination in self.world.subnets[eni.subnet].cidr:  # fact 114: no route table is asked
            target = LOCAL
        owner = self.world.owner(eni.vpc, packet.destination)
        to = owner if target == LOCAL else self.world.enis.get(target or "")  # fact 16, 101, 105, 106, 110, 113
        _need(self._groups_pass(eni, Direction.OUT, packet, to), Reason.SG_EGRESS)
        if target is None:
            raise Lost(Reason.BLACKHOLE if route else Reason.NO_ROUTE)  # fact 102
        return self._leave_by_gateway(eni, packet) if target.startswith("igw-") else self._hand_to(to, packet, eni)

    def _hand_to(self, target: Eni | None, packet: Packet, sender: Eni) -> Arrival:
        """From one interface to another of the VPC."""
        if target is None:
            raise Lost(Reason.NO_SUCH_ADDRESS)
        if sender.subnet != target.subnet:  # fact 142: no network ACL inside a subnet
            self._cross_border(sender, Direction.OUT, packet)
            self._cross_border(target, Direction.IN, packet)
        return self._arrive(target, packet, sender)

    def _leave_by_gateway(self, eni: Eni, packet: Packet) -> Arrival:
        self._cross_border(eni, Direction.OUT, packet)
        public = self._public_side(eni, packet)  # fact 112: of the source's own, also when a middlebox passes it on
        if public is None:
            raise Lost(Reason.NO_PUBLIC_ADDRESS)  # fact 79
        _need(not any(packet.destination in cidr for cidr in PRIVATE), Reason.REFUSED_BY_IGW)  # fact 80
        return self._cross_internet(replace(packet, source=public))

    def _cross_internet(self, packet: Packet) -> Arrival:
        self.tracked |= self.starts  # decision: the VPC that it leaves knows nothing of what becomes of it
        if packet.destination in self.world.internet_hosts:
            return Arrival(f"{INTERNET}{packet.destination}", packet)
        if held := self.world.holder(packet.destination):
            return self._enter_by_gateway(*held, packet)
        raise Lost(Reason.NO_SUCH_ADDRESS)

    def _enter_by_gateway(self, eni: Eni, private: IPv4Address, packet: Packet) -> Arrival:
        """No route table governs the way in, but the gateway's own."""  # fact 79 and section 15; fact 112
        own = (*PRIVATE, *self.world.cidrs[eni.vpc])
        _need(not any(packet.source in cidr for cidr in own), Reason.REFUSED_BY_IGW)  # fact 80
        route = self.world.route(self.world.edges.get(eni.vpc, ()), private)
        if route and route.target != LOCAL:  # fact 112: to an interface that has a public address itself
            _need(not route.blackhole and bool(self.world.enis[route.target].public), Reason.BLACKHOLE)
            eni = self.world.enis[route.target]
        _need(eni.attachment is not None, Reason.NOT_RUNNING)  # fact 80: only attached interfaces
        inside = replace(packet, destination=private)  # fact 75, 79: the guest sees its private address
        self._cross_border(eni, Direction.IN, inside)
        return self._arrive(eni, inside, sender=None)

    def _cross_border(self, eni: Eni, direction: Direction, packet: Packet) -> None:
        """The network ACL of the interface's subnet."""  # fact 142, 144
        reason = Reason.NACL_IN if direction is Direction.IN else Reason.NACL_OUT
        _need(acl_allows(self.world.subnets[eni.subnet].acl, direction, packet), reason)

    def _arrive(self, eni: Eni, packet: Packet, sender: Eni | None) -> Arrival:
        if not eni.gives:
            _need(not eni.check or packet.destination in eni.addresses, Reason.DESTINATION_CHECK)  # fact 58
            _need(self._groups_pass(eni, Direction.IN, packet, sender), Reason.SG_INGRESS)
        _need(eni.alive, Reason.NOT_RUNNING)
        checked = self.asker == eni.id and not self.forward  # a load balancer's own: an answer to a health check
        return self._pass_on(eni, packet) if (eni.gives or eni.balances) and not checked else Arrival(eni.id, packet)

    def _pass_on(self, eni: Eni, packet: Packet) -> Arrival:
        """NAT gateways and load balancers send on what they know, and what somebody opens through them."""
        self.translations += 1
        known = self.translated.get((eni.id, packet))
        if known is None:
            opens = packet.protocol == UDP  # decision: of a datagram nobody can tell whether it is an answer
            opens |= self.forward and (packet.protocol == TCP or (packet.protocol, packet.icmp_type) == (ICMP, 8))
            opens &= self.translations < 32
            known = sent, memory = self._balance(eni, packet, opens) if eni.balances else self._give(eni, packet, opens)
            for before, after in ((packet, sent), (sent.answer(), packet.answer())):
                if before and after:
                    self.translated[eni.id, before] = after, memory  # fact 182: a flow stays on one target
        sent, memory = known
        memory.hear(self.forward)
        self.chosen = memory.chosen or self.chosen
        self.tracked |= self.starts  # decision: up to here it has come
        return self._leave(eni, sent)

    def _give(self, nat: Eni, packet: Packet, opens: bool) -> tuple[Packet, Memory]:
        """A NAT gateway serves its VPC."""  # fact 83
        owner = self.world.owner(nat.vpc, packet.source)
        inside = owner is not None and owner.alive and owner is not nat  # fact 88
        wanted = packet.destination not in nat.addresses  # fact 84, 87
        _need(opens and inside and wanted, Reason.REFUSED_BY_NAT)
        low = packet.protocol != ICMP and packet.source_port < 1024  # fact 85; else it keeps its own (decision)
        sent = replace(packet, source=nat.gives or nat.primary, source_port=1024 if low else packet.source_port)
        return sent, Memory(packet.protocol, NAT_IDLE)

    def _balance(self, eni: Eni, packet: Packet, opens: bool) -> tuple[Packet, Memory]:
        """A load balancer gives what is opened to a listener to one of its targets."""
        node = self.world.nodes[eni.id]
        listener = node.listener(packet) if opens else None
        eligible = node.eligible(listener) if listener else []
        if listener is None or not eligible:  # fact 174; decision: as if nobody listened
            raise Lost(Reason.REFUSED_BY_BALANCER)
        if len(eligible) > 1 and self.wanted not in eligible:
            raise Choice(eligible)
        chosen = next((one for one in eligible if one == self.wanted), eligible[0])
        source = packet.source if listener.said["preserve_client_ip.enabled"] == "true" else eni.primary  # fact 185
        sent = replace(packet, source=source, destination=chosen[1], destination_port=chosen[2])
        return sent, Memory(packet.protocol, listener.idle, chosen=chosen)

    def _brought(self, eni: Eni, packet: Packet) -> Eni | None:
        """Who has brought what this answers, and gets it, whatever tables say: a load balancer that keeps addresses."""
        # decision: "the traffic must flow directly" then (AWS's page on target group attributes)
        entry = (eni.incarnation, packet.flow)  # also when the node has forgotten it; fact 183: it resets
        nodes = [node for node in self.world.nodes if (node, packet) in self.translated]
        nodes += [memory.back for known, memory in self.tracked.items() if memory.back and known[:2] == entry]
        there = (self.world.enis[node] for node in nodes if node != eni.id)
        return next((node for node in there if node.vpc == eni.vpc and packet.destination not in node.addresses), None)

    def _groups_pass(self, eni: Eni, direction: Direction, packet: Packet, other: Eni | None) -> bool:
        if eni.gives or (eni.balances and not eni.groups):
            return True  # fact 87, 188
        entry = (eni.incarnation, packet.flow, None if other else self._public_side(eni, packet))
        known = [self.tracked[one].hear(self.forward) for one in self.tracked if one[:2] == entry[:2]]
        if any(known):
            return True  # fact 133, 134: whatever the rules say now
        ruling = groups_say(self.world, eni, direction, packet, other)
        if ruling is Ruling.TRACKED and self.forward:
            back = other.id if other and other.balances and direction is Direction.IN else None
            self.starts[entry] = Memory(packet.protocol, eni.idle, back=back)
        return ruling is not Ruling.REFUSED

    def _public_side(self, eni: Eni, packet: Packet) -> IPv4Address | None:
        """By which public address a flow leaves the VPC: with another one it is another flow (decision)."""
        ends, cidrs = (packet.source, packet.destination), self.world.cidrs[eni.vpc]
        inner = [ip for ip in ends if any(ip in cidr for cidr in cidrs)]
        owner = self.world.owner(eni.vpc, inner[0]) if len(inner) == 1 else None
        return owner.public.get(inner[0]) if owner else None

    def _refuse_services(self, eni: Eni, packet: Packet) -> None:
        """DNS, metadata and time answer past all filters; they are not modelled here."""  # fact 138, 143
        resolver = self.world.cidrs[eni.vpc][0].network_address + 2
        asks_it = packet.destination == resolver and packet.destination_port == 53
        if asks_it or packet.destination.is_link_local:
            raise UnsupportedError(f"the service at {packet.destination}")


def _need(condition: bool, otherwise: Reason) -> None:
    if not condition:
        raise Lost(otherwise)
