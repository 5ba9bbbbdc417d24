"""The analyzer as a judge: it sees the plan, and answers for first packets alone.

It is asked about every service and source port between two addresses at once, and each probe is looked up in that.
"""

from collections.abc import Sequence

from atoll.analyze.reach import Box, Outcome, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.packet import Flow
from atoll.plan.rows import Node, NodeKind, Port
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import Fates, Seen, Step, flow_of, place_of, port_of


class ReachJudge:
    """See tests.witness.judges.Judge."""

    shows = False

    def __init__(self, cloud: Cloud) -> None:
        self._plan = cloud.plan
        self._known: dict[tuple[str, str, str], list[Outcome]] = {}

    def changed(self, name: str) -> None:
        """What it has said holds no more."""
        self._known.clear()

    def wait(self, seconds: int) -> None:
        """First packets have no past."""

    def choose(self, probe: Probe, target: str | None) -> None:
        """First packets have no past."""

    def round(self, steps: Sequence[Step]) -> list[Fates | None]:
        """See Judge."""
        return [self._fates(probe) if verb == "open" else None for verb, probe in steps]

    def _fates(self, probe: Probe) -> Fates:
        flow, port = flow_of(probe), port_of(probe.at)
        ends = (port, flow.source, flow.destination)
        if ends not in self._known:
            box = Box(single(place(flow.source)), single(place(flow.destination)), SERVICES)
            self._known[ends] = reach(self._plan, port, [box])
        return [self._seen(one, flow, port) for one in self._known[ends] if one.flows.holds(flow)]

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
