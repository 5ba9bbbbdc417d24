"""What a judge is, and what it says of a packet, in one form that can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from atoll.packet import ICMP, TCP, UDP, Flow
from tests.spec import Probe

Verb = Literal["open", "send", "reply", "try"]
Step = tuple[Verb, Probe]
"""A connection's first packet, one more from its opener, one from its receiver; or the first packet of a connection of
which there will be no other."""

INTERNET_PLACE = "internet:"
HEALTH = "health"
"""The name of what changes when health checks are done."""

NUMBERED = ("47", "50", "51", "89")
"""Protocols without ports, by number: GRE, ESP, AH and OSPF."""

NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, **{number: int(number) for number in NUMBERED}}


@dataclass(frozen=True)
class Seen:
    """What became of a packet and of its answer; places are the spec's. `why` is in the judge's own words.

    `answered`: None where this judge cannot say. `target`: address:port to which a load balancer has sent it, if one
    did; None also where this judge does not know.
    """

    arrives: bool
    at: str | None = None
    source: str | None = None
    destination: str | None = None
    answered: bool | None = False
    answer_source: str | None = None
    why: str = ""
    target: str | None = None

    def __str__(self) -> str:
        to = f" to {self.target}" if self.target else ""
        if not self.arrives:
            return f"lost{to} ({self.why})" if self.why else f"lost{to}"
        back = f"answered from {self.answer_source}" if self.answered else "not answered"
        back = "perhaps answered" if self.answered is None else back
        return f"at {self.at} as {self.source} > {self.destination}{to}, {back}" + (
            f" ({self.why})" if self.why else ""
        )


Fates = Sequence[Seen]
"""All that may become of one packet: more than one where a load balancer chooses (law 6), each with its target."""


class Judge(Protocol):
    """Whoever says what becomes of packets. A round holds no two packets of one connection.

    `shows`: it tells one fate of those that there may be, and not all.
    """

    shows: bool

    def round(self, steps: Sequence[Step]) -> Sequence[Fates | None]:
        """One answer a step; None where this judge cannot say."""
        ...

    def choose(self, probe: Probe, target: str | None) -> None:
        """Of several fates this one is what has happened."""
        ...

    def changed(self, name: str) -> None:
        """The cloud is another one now; `name` is what was done to it."""
        ...

    def wait(self, seconds: int) -> None:
        """Nobody has said anything for so long."""
        ...


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
    own = 0 if probe.protocol in NUMBERED else probe.source_port
    port = 0 if protocol == ICMP else probe.destination_port
    return Flow(probe.source, probe.destination, protocol, own, port)
