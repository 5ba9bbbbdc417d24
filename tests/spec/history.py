"""Connections in a world that changes between their packets. Time passes when the caller says so.

What lives on are the flows that interfaces track and the sockets of the two hosts. What is looked up anew for
every packet, in both directions, are routes, network ACLs, public addresses and, for untracked flows, the rules.
"""

from dataclasses import dataclass, field

from tests.spec.flow import Packet, Probe, Reason, Verdict
from tests.spec.journey import Arrival, Journey, Lost, Tracked, Translated
from tests.spec.things import Memory
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

    def open(self, world: World, probe: Probe) -> tuple[Verdict, int]:
        """Send a connection's first packet; the number names the connection from now on."""
        self.connections.append(Connection(probe, world.host(probe.at)))
        return self._exchange(world, self.connections[-1]), len(self.connections) - 1

    def send(self, world: World, number: int) -> Verdict:
        """One more packet and the answer to it; the first one as long as none has arrived."""
        connection = self.connections[number]
        host = world.host(connection.probe.at)
        if connection.received is None:
            connection.prober = host
        if host is None or host != connection.prober:
            return _verdict(None, Reason.SOCKET_GONE)
        return self._exchange(world, connection)

    def reply(self, world: World, number: int) -> Verdict:
        """A packet that the first receiver sends on its own. Nobody answers it: `answered` is False."""
        connection = self.connections[number]
        receiver, received = connection.receiver, connection.received
        if receiver is None or received is None or not world.places(receiver, received.destination):
            return _verdict(None, Reason.SOCKET_GONE)
        try:
            back = self._answer(world, receiver, received)
        except Lost as lost:
            return _verdict(None, lost.reason)
        return _verdict(back, Reason.NONE if _belongs(world, connection, back) else Reason.ELSEWHERE)

    def _exchange(self, world: World, connection: Connection) -> Verdict:
        there = None
        try:
            there = Journey(world, self.tracked, self.translated, forward=True).send(
                connection.probe.at, connection.probe.packet()
            )
            receiver = str(world.host(there.at))
            if connection.received is None:
                connection.receiver, connection.received = receiver, there.packet
            back = self._answer(world, receiver, there.packet)
        except Lost as lost:
            return _verdict(there, lost.reason)
        if not _belongs(world, connection, back):
            return _verdict(there, Reason.ELSEWHERE)
        return _verdict(there, Reason.NONE, str(back.packet.source))

    def _answer(self, world: World, receiver: str, received: Packet) -> Arrival:
        """From the address that was asked, out of the interface that has it (policy routing by source)."""
        answer = received.answer()
        if answer is None:
            raise Lost(Reason.NO_ANSWER)
        for place in world.places(receiver, answer.source):
            return Journey(world, self.tracked, self.translated, forward=False).send(place, answer)
        raise Lost(Reason.NO_ANSWER)  # a middlebox; what guests forward is not modelled


def judge(world: World, probe: Probe) -> Verdict:
    """The verdict on a fresh connection."""
    return History().open(world, probe)[0]


def _belongs(world: World, connection: Connection, back: Arrival) -> bool:
    """Whether the prober takes this packet for a part of its connection."""
    sent = connection.probe.packet()
    same_ends = (back.packet.source, back.packet.destination) == (sent.destination, sent.source)
    return same_ends and world.host(back.at) == connection.prober


def _verdict(there: Arrival | None, reason: Reason, answer_source: str | None = None) -> Verdict:
    if there is None:
        return Verdict(False, None, None, None, False, None, reason)
    ends = (str(there.packet.source), str(there.packet.destination))
    return Verdict(True, there.at, *ends, answer_source is not None, answer_source, reason)
