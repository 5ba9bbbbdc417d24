"""What each judge says of a packet, in one form that can be compared."""

from dataclasses import dataclass

from msgspec.structs import replace

from atoll.analyze import history as walk
from atoll.packet import ICMP, TCP, UDP, Flow
from atoll.plan.rows import Port
from atoll.records import Delta, Table
from tests.spec import History, Probe, Verdict, World

INTERNET_PLACE = "internet:"
NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}


@dataclass(frozen=True)
class Seen:
    """What became of a packet and of its answer; places are the spec's. `why` is in the judge's own words."""

    arrives: bool
    at: str | None = None
    source: str | None = None
    destination: str | None = None
    answered: bool = False
    answer_source: str | None = None
    why: str = ""

    @property
    def facts(self) -> tuple[object, ...]:
        """What judges must agree on."""
        return (self.arrives, self.at, self.source, self.destination, self.answered, self.answer_source)


def port_of(place: str) -> str:
    """The plan's name of a place."""
    return f"internet/{place.removeprefix(INTERNET_PLACE)}" if place.startswith(INTERNET_PLACE) else place


def place_of(port: str | None) -> str | None:
    """The spec's name of a port."""
    if port is None or not port.startswith("internet/"):
        return port
    return INTERNET_PLACE + port.removeprefix("internet/")


def flow_of(probe: Probe) -> Flow:
    """The probe as the walk takes it."""
    protocol = NUMBERS[probe.protocol]
    port = 0 if protocol == ICMP else probe.destination_port
    return Flow(probe.source, probe.destination, protocol, probe.source_port, port)


class SpecJudge:
    """The small executable AWS; sees Describe answers alone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._history = History()
        self._numbers: dict[Probe, int] = {}

    def open(self, probe: Probe) -> Seen:
        """A connection's first packet."""
        verdict, self._numbers[probe] = self._history.open(self.world, probe)
        return _of_spec(verdict)

    def send(self, probe: Probe) -> Seen:
        """One more from the opener."""
        return _of_spec(self._history.send(self.world, self._numbers[probe]))

    def reply(self, probe: Probe) -> Seen:
        """One from the receiver."""
        return _of_spec(self._history.reply(self.world, self._numbers[probe]))


def _of_spec(verdict: Verdict) -> Seen:
    return Seen(
        verdict.arrives,
        verdict.at,
        verdict.source,
        verdict.destination,
        verdict.answered,
        verdict.answer_source,
        str(verdict.reason),
    )


class WalkJudge:
    """The walk over the plan. It must be told of every change of the plan."""

    def __init__(self, plan: Table) -> None:
        self.plan = plan
        self._connections: dict[Probe, walk.Connection] = {}

    def changed(self, delta: Delta) -> None:
        """The plan is another one."""
        self._connections = {probe: walk.after(one, delta) for probe, one in self._connections.items()}

    def open(self, probe: Probe) -> Seen:
        """A connection's first packet."""
        self._connections[probe] = walk.Connection(port_of(probe.at), flow_of(probe))
        return self.send(probe)

    def send(self, probe: Probe) -> Seen:
        """One more from the opener. Replies always come from whoever received the first, to what it saw then."""
        before = self._connections[probe]
        verdict, now = walk.send(self.plan, before)
        if before.receiver is not None:
            now = replace(now, receiver=before.receiver, seen=before.seen)
        self._connections[probe] = now
        return self._seen(verdict, port_of(probe.at))

    def reply(self, probe: Probe) -> Seen:
        """One from the receiver, which the opener does not answer."""
        connection = self._connections[probe]
        if connection.receiver is None:
            return Seen(False, why="nobody has received it")
        verdict, _ = walk.reply(self.plan, connection)
        return self._seen(verdict, str(connection.receiver))

    def _seen(self, verdict: walk.Verdict, asked: str) -> Seen:
        """The walk calls answered what reaches the address that asked; here it has to reach who asked."""
        seen, back = verdict.seen, verdict.back
        answered = verdict.answered and back is not None and self._node(str(back.at)) == self._node(asked)
        return Seen(
            verdict.arrives,
            place_of(verdict.at),
            seen.source if seen else None,
            seen.destination if seen else None,
            answered,
            verdict.answer_source if answered else None,
            str(verdict.reason) if answered or not verdict.answered else "elsewhere",
        )

    def _node(self, port: str) -> str | None:
        found = self.plan.get(Port, port)
        return found.node if found else None
