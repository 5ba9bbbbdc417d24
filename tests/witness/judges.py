"""What each judge says of a packet, in one form that can be compared."""

from collections.abc import Callable
from dataclasses import dataclass

from atoll.analyze import history as walk
from atoll.packet import ICMP, TCP, UDP, Flow
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
    """The walk over the plan."""

    def __init__(self, plan: Table) -> None:
        self.plan = plan
        self._connections: dict[Probe, walk.Connection] = {}

    def open(self, probe: Probe) -> Seen:
        """A connection's first packet."""
        self._connections[probe] = walk.Connection(port_of(probe.at), flow_of(probe))
        return self.send(probe)

    def send(self, probe: Probe) -> Seen:
        """One more from the opener."""
        return self._step(probe, walk.send)

    def reply(self, probe: Probe) -> Seen:
        """One from the receiver."""
        return self._step(probe, walk.reply)

    def _step(
        self, probe: Probe, step: Callable[[Table, walk.Connection], tuple[walk.Verdict, walk.Connection]]
    ) -> Seen:
        verdict, self._connections[probe] = step(self.plan, self._connections[probe])
        seen = verdict.seen
        return Seen(
            verdict.arrives,
            place_of(verdict.at),
            seen.source if seen else None,
            seen.destination if seen else None,
            verdict.answered,
            verdict.answer_source if verdict.answered else None,
            str(verdict.reason),
        )
