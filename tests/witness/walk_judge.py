"""The walk as a judge: it sees the plan, and every change of it."""

from collections.abc import Sequence

from msgspec.structs import replace

from atoll.analyze import history as walk
from atoll.plan.rows import Port
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import Seen, Step, Verb, flow_of, place_of, port_of


class WalkJudge:
    """See tests.witness.judges.Judge."""

    def __init__(self, cloud: Cloud) -> None:
        self._plan = cloud.plan
        self._fabric = cloud.fabric
        self._fabric.take()
        self._connections: dict[Probe, walk.Connection] = {}

    def changed(self, name: str) -> None:
        """The plan has changed by itself; connections have to be told."""
        for delta in self._fabric.take():
            self._connections = {probe: walk.after(one, delta) for probe, one in self._connections.items()}

    def wait(self, seconds: int) -> None:
        """See Judge."""
        self._connections = {probe: walk.silent(one, seconds) for probe, one in self._connections.items()}

    def round(self, steps: Sequence[Step]) -> list[Seen]:
        """See Judge."""
        return [self._step(verb, probe) for verb, probe in steps]

    def _step(self, verb: Verb, probe: Probe) -> Seen:
        if verb == "open":
            self._connections[probe] = walk.Connection(port_of(probe.at), flow_of(probe))
        return self._reply(probe) if verb == "reply" else self._send(probe)

    def _send(self, probe: Probe) -> Seen:
        """Replies always come from whoever received the first packet, to what it saw then."""
        before = self._connections[probe]
        verdict, now = walk.send(self._plan, before)
        if before.receiver is not None:
            now = replace(now, receiver=before.receiver, node=before.node, seen=before.seen)
        self._connections[probe] = now
        return self._seen(verdict, port_of(probe.at))

    def _reply(self, probe: Probe) -> Seen:
        """The opener's answer to it is not asked for, so nothing of it is kept: only who has heard the reply."""
        connection = self._connections[probe]
        if connection.receiver is None:
            return Seen(False, why="nobody has received it")
        verdict, _ = walk.reply(self._plan, connection)
        heard = replace(verdict.forward.state, frames=())
        self._connections[probe] = replace(connection, state=connection.state.plus(heard))
        return self._seen(verdict, connection.receiver)

    def _seen(self, verdict: walk.Verdict, asked: str) -> Seen:
        """The walk calls answered what reaches the address that asked; here it has to reach who asked."""
        seen, back = verdict.seen, verdict.back
        answered = verdict.answered and back is not None and self._node(back.at) == self._node(asked)
        return Seen(
            verdict.arrives,
            place_of(verdict.at),
            seen.source if seen else None,
            seen.destination if seen else None,
            answered,
            verdict.answer_source if answered else None,
            "elsewhere" if verdict.answered and not answered else str(verdict.reason),
        )

    def _node(self, port: str | None) -> str | None:
        found = self._plan.get(Port, port) if port else None
        return found.node if found else None
