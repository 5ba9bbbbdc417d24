"""The analyzer as a judge: it sees the plan, and answers for first packets alone.

It is asked about every service and source port between two addresses at once, and each probe is looked up in that.
"""

from collections.abc import Sequence

from atoll.analyze.reach import Box, Outcome, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.plan.rows import Port
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import Seen, Step, flow_of, place_of, port_of


class ReachJudge:
    """See tests.witness.judges.Judge."""

    def __init__(self, cloud: Cloud) -> None:
        self._plan = cloud.plan
        self._known: dict[tuple[str, str, str], list[Outcome]] = {}

    def changed(self, name: str) -> None:
        """What it has said holds no more."""
        self._known.clear()

    def wait(self, seconds: int) -> None:
        """First packets have no past."""

    def round(self, steps: Sequence[Step]) -> list[Seen | None]:
        """See Judge."""
        return [self._fate(probe) if verb == "open" else None for verb, probe in steps]

    def _fate(self, probe: Probe) -> Seen:
        flow, port = flow_of(probe), port_of(probe.at)
        ends = (port, flow.source, flow.destination)
        if ends not in self._known:
            box = Box(single(place(flow.source)), single(place(flow.destination)), SERVICES)
            self._known[ends] = reach(self._plan, port, [box])
        fates = [one for one in self._known[ends] if one.flows.holds(flow)]
        (fate,) = (one for one in fates if all(pick.number == 0 for pick in one.picks))
        if not fate.arrives:
            return Seen(False, why=str(fate.reason))
        seen = fate.seen.of(flow)
        answered = fate.answered and self._node(fate.back) == self._node(port)
        return Seen(
            True,
            place_of(fate.at),
            seen.source,
            seen.destination,
            answered,
            flow.destination if answered else None,
            "elsewhere" if fate.answered and not answered else str(fate.reason),
        )

    def _node(self, port: str | None) -> str | None:
        found = self._plan.get(Port, port) if port else None
        return found.node if found else None
