"""The analyzer as a judge: it sees the plan, and answers for first packets alone.

It is asked about sets, and each probe is looked up in the answer: about every service and source port between two
addresses, or (`whole`) about everything that a port may send, from any address to any other.
"""

from collections.abc import Sequence

from atoll.analyze.reach import Box, Outcome, reach
from atoll.analyze.reach.flows import IPV4, SERVICES, place, service
from atoll.analyze.reach.spans import holds, single
from atoll.packet import Flow
from atoll.plan.rows import Node, NodeKind, Port
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import HEALTH, Fates, Seen, Step, flow_of, place_of, port_of


class ReachJudge:
    """See tests.witness.judges.Judge."""

    shows = False

    def __init__(self, cloud: Cloud, *, whole: bool = False) -> None:
        self._plan = cloud.plan
        self._whole = whole
        self._known: dict[tuple[str, str, str], list[Outcome]] = {}

    def changed(self, name: str) -> None:
        """What it has said holds no more. After it few packets are asked about: no more than those."""
        self._known.clear()
        self._whole = self._whole and name == HEALTH

    def wait(self, seconds: int) -> None:
        """First packets have no past."""

    def choose(self, probe: Probe, target: str | None) -> None:
        """First packets have no past."""

    def round(self, steps: Sequence[Step]) -> list[Fates | None]:
        """See Judge."""
        return [
            self._fates(probe, whole=self._whole and verb == "try") if verb in ("open", "try") else None
            for verb, probe in steps
        ]

    def _fates(self, probe: Probe, *, whole: bool) -> Fates:
        flow, port = flow_of(probe), port_of(probe.at)
        source, destination, wanted = place(flow.source), place(flow.destination), service(flow)
        found = self.outcomes(port) if whole else self._between(port, flow.source, flow.destination)
        near = (one for one in found if holds(one.flows.destination, destination) and holds(one.flows.source, source))
        mine = (one for one in near if holds(one.flows.service, wanted) and one.flows.holds(flow))
        return [self._seen(one, flow, port) for one in mine]

    def outcomes(self, port: str) -> list[Outcome]:
        """What becomes of all that the port may send."""
        if (port, "", "") not in self._known:
            self._known[port, "", ""] = reach(self._plan, port, [Box(IPV4, IPV4, SERVICES)])
        return self._known[port, "", ""]

    def _between(self, port: str, source: str, destination: str) -> list[Outcome]:
        if (port, source, destination) not in self._known:
            box = Box(single(place(source)), single(place(destination)), SERVICES)
            self._known[port, source, destination] = reach(self._plan, port, [box])
        return self._known[port, source, destination]

    def _seen(self, fate: Outcome, flow: Flow, port: str) -> Seen:
        """Of what is lost it does not tell to whom a load balancer had sent it."""
        if not fate.arrives:
            return Seen(False, why=str(fate.reason))
        seen = fate.seen.of(flow)
        if self._balances(self._node(port)):  # a check's answer is nothing that a balancer knows
            return Seen(True, place_of(fate.at), seen.source, seen.destination, None)
        balanced = any(map(self._balances, fate.via))
        answered = fate.answered and self._node(fate.back) == self._node(port)
        return Seen(
            True,
            place_of(fate.at),
            seen.source,
            seen.destination,
            answered,
            flow.destination if answered else None,
            "elsewhere" if fate.answered and not answered else str(fate.reason),
            f"{seen.destination}:{seen.destination_port}" if balanced else None,
        )

    def _balances(self, node: str | None) -> bool:
        found = self._plan.get(Node, node) if node else None
        return found is not None and found.kind is NodeKind.BALANCER

    def _node(self, port: str | None) -> str | None:
        found = self._plan.get(Port, port) if port else None
        return found.node if found else None
