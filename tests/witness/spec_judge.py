"""The spec as a judge: it sees the answers of Describe calls alone."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from tests.spec import History, Probe, Verdict, World, fates
from tests.spec.things import Chosen
from tests.witness import snapshot
from tests.witness.clients import Client
from tests.witness.judges import Fates, Seen, Step, Verb

GONE = "SOCKET_GONE"
"""The host that held this end is gone: there is nobody to send."""


Act = Callable[[History, Chosen | None], Verdict]


class SpecJudge:
    """See tests.witness.judges.Judge. ContradictionError: the API's own answers do not fit together."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._history = History()
        self._numbers: dict[Probe, int] = {}
        self._open: dict[Probe, tuple[Act, dict[str | None, Chosen | None]]] = {}
        self._look()

    def _look(self) -> None:
        self.answers = snapshot.describe(self._client)
        self.world: World = snapshot.world(self.answers)
        nodes = [node.eni for node in self.world.nodes.values()]
        self._balanced = {ip for eni in nodes for ip in (*eni.addresses, *eni.public.values())}

    def changed(self, name: str) -> None:
        """Describe everything anew."""
        self._look()

    def wait(self, seconds: int) -> None:
        """See Judge."""
        self._history.wait(seconds)

    def round(self, steps: Sequence[Step]) -> list[Fates]:
        """See Judge."""
        return [self._step(verb, probe) for verb, probe in steps]

    def _step(self, verb: Verb, probe: Probe) -> Fates:
        """Where a load balancer chooses nothing is done until somebody says what it has chosen."""
        if verb == "try":
            return [_seen(verdict) for verdict in fates(self.world, probe)]
        act = self._act(verb, probe)
        if verb == "reply" or IPv4Address(probe.destination) not in self._balanced:
            return [_seen(act(self._history, None))]
        told = self._history.fates(act)
        if len(told) > 1:
            self._open[probe] = act, {verdict.target: target for target, verdict in told.items()}
            return [_seen(verdict) for verdict in told.values()]
        return [_seen(act(self._history, next(iter(told))))]

    def _act(self, verb: Verb, probe: Probe) -> Act:
        world = self.world

        def open_(history: History, target: Chosen | None) -> Verdict:
            verdict, number = history.open(world, probe, target)
            if history is self._history:
                self._numbers[probe] = number
            return verdict

        if verb == "open":
            return open_
        if verb == "send":
            return lambda history, target: history.send(world, self._numbers[probe], target)
        return lambda history, _: history.reply(world, self._numbers[probe])

    def choose(self, probe: Probe, target: str | None) -> None:
        """See Judge."""
        if probe in self._open:
            act, targets = self._open.pop(probe)
            act(self._history, targets[target])


def _seen(verdict: Verdict) -> Seen:
    return Seen(
        verdict.arrives,
        verdict.at,
        verdict.source,
        verdict.destination,
        verdict.answered,
        verdict.answer_source,
        str(verdict.reason),
        verdict.target,
    )
