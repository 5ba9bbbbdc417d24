"""Connections in a world that changes between their packets. Time passes when the caller says so.

What lives on are the flows that interfaces track and the sockets of the two hosts. What is looked up anew for
every packet, in both directions, are routes, network ACLs, public addresses and, for untracked flows, the rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.spec.balancers import DRAINING, HEALTHY, UNHEALTHY, UNUSED, Node, Target
from tests.spec.flow import TCP, Packet, Probe, Reason, Verdict
from tests.spec.journey import Arrival, Choice, Journey, Lost, Tracked, Translated
from tests.spec.things import Chosen, Memory
from tests.spec.world import World


@dataclass
class Connection:
    """A 5-tuple as its first packet had it, and once one has arrived, who received it and how it looked."""

    probe: Probe
    prober: str | None
    receiver: str | None = None
    received: Packet | None = None


@dataclass
class History:
    """All connections of one account, and what its interfaces and NAT gateways remember of them."""

    connections: list[Connection] = field(default_factory=list)
    tracked: dict[Tracked, Memory] = field(default_factory=dict)
    translated: dict[Translated, tuple[Packet, Memory]] = field(default_factory=dict)

    def wait(self, seconds: int) -> None:
        """Nobody says anything for so long, and what was silent for too long is forgotten."""  # fact 86, 137
        for memory in {*self.tracked.values(), *(memory for _, memory in self.translated.values())}:
            memory.silent += seconds
        self.tracked = {entry: memory for entry, memory in self.tracked.items() if not memory.over}
        self.translated = {entry: known for entry, known in self.translated.items() if not known[1].over}

    def open(self, world: World, probe: Probe, target: Chosen | None = None) -> tuple[Verdict, int]:
        """Send a connection's first packet; the number names the connection from now on."""
        self.connections.append(Connection(probe, world.host(probe.at)))
        return self._exchange(world, self.connections[-1], target), len(self.connections) - 1

    def fates(self, act: "Callable[[History, Chosen | None], Verdict]") -> dict[Chosen | None, Verdict]:
        """All that may become of an act, by the target that a load balancer chooses; nothing is done here."""
        try:
            return {None: act(self._copy(), None)}
        except Choice as choice:
            return {target: act(self._copy(), target) for target in choice.args[0]}

    def _copy(self) -> "History":
        known = (*self.tracked.values(), *(memory for _, memory in self.translated.values()))
        new = {id(memory): replace(memory) for memory in known}
        tracked = {entry: new[id(memory)] for entry, memory in self.tracked.items()}
        translated = {entry: (sent, new[id(memory)]) for entry, (sent, memory) in self.translated.items()}
        return History([replace(one) for one in self.connections], tracked, translated)

    def send(self, world: World, number: int, target: Chosen | None = None) -> Verdict:
        """One more packet and the answer to it; the first one as long as none has arrived. Raises Choice, as does
        `open`, where a load balancer has to choose and no `target` is named."""
        connection = self.connections[number]
        host = world.host(connection.probe.at)
        if connection.received is None:
            connection.prober = host
        if host is None or host != connection.prober:
            return _verdict(None, Reason.SOCKET_GONE)
        return self._exchange(world, connection, target)

    def reply(self, world: World, number: int) -> Verdict:
        """A packet that the first receiver sends on its own. Nobody answers it: `answered` is False."""
        connection = self.connections[number]
        receiver, received = connection.receiver, connection.received
        if receiver is None or received is None or not world.places(receiver, received.destination):
            return _verdict(None, Reason.SOCKET_GONE)
        try:
            back = self._answer(world, receiver, received, connection)
        except Lost as lost:
            return _verdict(None, lost.reason)
        return _verdict(back, Reason.NONE if _belongs(world, connection, back) else Reason.ELSEWHERE)

    def _exchange(self, world: World, connection: Connection, target: Chosen | None) -> Verdict:
        there, probe = None, connection.probe
        journey = Journey(world, self.tracked, self.translated, forward=True, asker=probe.at, wanted=target)
        try:
            there = journey.send(probe.at, probe.packet())
            receiver = str(world.host(there.at))
            if connection.received is None:
                connection.receiver, connection.received = receiver, there.packet
            back = self._answer(world, receiver, there.packet, connection)
        except Lost as lost:
            return _verdict(there, lost.reason, chosen=journey.chosen)
        if not _belongs(world, connection, back):
            return _verdict(there, Reason.ELSEWHERE, chosen=journey.chosen)
        return _verdict(there, Reason.NONE, str(back.packet.source), journey.chosen)

    def _answer(self, world: World, receiver: str, received: Packet, to: Connection) -> Arrival:
        """From the address that was asked, out of the interface that has it (policy routing by source)."""
        answer = received.answer()
        if answer is None:
            raise Lost(Reason.NO_ANSWER)
        for place in world.places(receiver, answer.source):
            journey = Journey(world, self.tracked, self.translated, forward=False, asker=to.probe.at)
            return journey.send(place, answer)
        raise Lost(Reason.NO_ANSWER)  # a middlebox; what guests forward is not modelled


def judge(world: World, probe: Probe) -> Verdict:
    """The verdict on a fresh connection, where no load balancer has a choice."""
    return History().open(world, probe)[0]


def fates(world: World, probe: Probe) -> list[Verdict]:
    """All that may become of a fresh connection."""
    return list(History().fates(lambda one, target: one.open(world, probe, target)[0]).values())


def settled(world: World, listens: Callable[[str, int], bool]) -> dict[tuple[str, str, int], str]:
    """What each target of a listener's group comes to, by group, id and port. `listens`: who does at a place's port."""
    said: dict[tuple[str, str, int], list[str]] = {}
    for node, listener in ((each, one) for each in world.nodes.values() for one in each.listeners):
        for (group, address, port), target in listener.targets.items():
            if listener.cross or target.zone not in node.zones - {node.zone}:  # decision: who may send to it asks
                one = _settled(world, node, str(address), target, listens)
                said.setdefault((group, target.id, port), []).append(one)
    return {one: HEALTHY if 2 * all_.count(HEALTHY) >= len(all_) else max(all_) for one, all_ in said.items()}


def _settled(world: World, node: Node, address: str, target: Target, listens: Callable[[str, int], bool]) -> str:
    if target.state == DRAINING or not target.fit or target.zone not in node.zones:  # fact 178; 184: for its time
        return DRAINING if target.state == DRAINING else UNUSED
    verdict = judge(world, Probe(node.eni.id, str(node.eni.primary), address, TCP, 40_000, target.check))
    return HEALTHY if verdict.answered and listens(str(verdict.at), target.check) else UNHEALTHY


def _belongs(world: World, connection: Connection, back: Arrival) -> bool:
    """Whether the prober takes this packet for a part of its connection."""
    sent = connection.probe.packet()
    same_ends = (back.packet.source, back.packet.destination) == (sent.destination, sent.source)
    return same_ends and world.host(back.at) == connection.prober


def _verdict(there: Arrival | None, reason: Reason, back: str | None = None, chosen: Chosen | None = None) -> Verdict:
    target = f"{chosen[1]}:{chosen[2]}" if chosen else None
    if there is None:
        return Verdict(False, None, None, None, False, None, reason, target)
    ends = (str(there.packet.source), str(there.packet.destination))
    return Verdict(True, there.at, *ends, back is not None, back, reason, target)
