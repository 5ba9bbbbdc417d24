"""The walk as a judge: it sees the plan, and every change of it."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from atoll.analyze import history as walk
from atoll.analyze.walk import Walk, forward
from atoll.packet import Reason
from atoll.plan.rows import Address, Backend, Node, NodeKind, Port
from atoll.records import Table
from atoll.records.table import Overlay
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import Fates, Seen, Step, Verb, flow_of, place_of, port_of

Plan = Table | Overlay
Watch = Callable[[Probe, walk.Verdict], object]


class WalkJudge:
    """See tests.witness.judges.Judge."""

    shows = False

    def __init__(self, cloud: Cloud, watch: Watch | None = None) -> None:
        """`watch`: is told of the walk of each packet that an opener sends, where a balancer chooses of all of them."""
        self._watch = watch
        self._plan = cloud.plan
        self._fabric = cloud.fabric
        self._fabric.take()
        self._connections: dict[Probe, walk.Connection] = {}
        self._overlays: dict[str, Overlay] = {}
        self._open: dict[Probe, dict[str | None, walk.Connection]] = {}
        self._nodes = self._found()

    def changed(self, name: str) -> None:
        """The plan has changed by itself; connections have to be told."""
        self._nodes = self._found()
        self._overlays.clear()
        for delta in self._fabric.take():
            self._connections = {probe: walk.after(one, delta) for probe, one in self._connections.items()}

    def wait(self, seconds: int) -> None:
        """See Judge."""
        self._connections = {probe: walk.silent(one, seconds) for probe, one in self._connections.items()}

    def round(self, steps: Sequence[Step]) -> list[Fates]:
        """See Judge."""
        return [self._step(verb, probe) for verb, probe in steps]

    def choose(self, probe: Probe, target: str | None) -> None:
        """See Judge."""
        if probe in self._open:
            known = self._open.pop(probe)
            self._connections[probe] = known.get(target, next(iter(known.values())))

    def _step(self, verb: Verb, probe: Probe) -> Fates:
        if verb in ("open", "try"):
            self._connections[probe] = walk.Connection(port_of(probe.at), flow_of(probe))
        told = [self._reply(probe)] if verb == "reply" else self._send(probe)
        if verb == "try":
            del self._connections[probe]
            self._open.pop(probe, None)
        return told

    def _send(self, probe: Probe) -> Fates:
        """A walk takes the first of several targets; so each is sent to where it is the only one."""
        before = self._connections[probe]
        first = self._sent(probe, before, self._plan)
        if first[0].target is None:
            return [first[0]]
        outcomes = forward(self._plan, before.port, before.flow, before.state)
        targets = dict.fromkeys(target for one in outcomes if (target := self._target(one)))
        if len(targets) < 2:
            return [first[0]]
        told = {target: self._sent(probe, before, self._only(target)) for target in targets}
        self._open[probe] = {target: connection for target, (_, connection) in told.items()}
        return [seen for seen, _ in told.values()]

    def _only(self, target: str) -> Overlay:
        if target not in self._overlays:
            self._overlays[target] = only(self._plan, target)
        return self._overlays[target]

    def _sent(self, probe: Probe, before: walk.Connection, plan: Plan) -> tuple[Seen, walk.Connection]:
        """Replies always come from whoever received the first packet, to what it saw then."""
        verdict, now = walk.send(plan, before)
        if before.receiver is not None:
            now = replace(now, receiver=before.receiver, node=before.node, seen=before.seen)
        self._connections[probe] = now
        if self._watch:
            self._watch(probe, verdict)
        return self._seen(verdict, port_of(probe.at)), now

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
        if seen and back is not None and self._is_checked(verdict, back, asked):
            return Seen(True, place_of(verdict.at), seen.source, seen.destination, True, back.flow.source, "delivered")
        answered = verdict.answered and back is not None and self._node(back.at) == self._node(asked)
        return Seen(
            verdict.arrives,
            place_of(verdict.at),
            seen.source if seen else None,
            seen.destination if seen else None,
            answered,
            verdict.answer_source if answered else None,
            "elsewhere" if verdict.answered and not answered else str(verdict.reason),
            self._target(verdict.forward),
        )

    def _is_checked(self, verdict: walk.Verdict, back: Walk, asked: str) -> bool:
        """Whether the answer to a load balancer's own check gets back to its node.

        The laws say what a node does with the packets of others, so the walk calls that refused.
        """
        stopped = [(hop.id, hop.refusal) for hop in back.hops if hop.refusal]
        node, sent = self._nodes.get(asked), verdict.forward.sent
        ends = (back.flow.source, back.flow.destination) == (sent.destination, sent.source)
        return node is not None and ends and stopped == [(node, Reason.REFUSED_BY_BALANCER)]

    def _target(self, found: Walk) -> str | None:
        """Where a balancer has sent the packet: what is addressed to itself it has refused."""
        if not any(hop.id in self._nodes.values() for hop in found.hops):
            return None
        own = {address.ip for port in self._nodes for address in self._plan.by(Address, "port", port)}
        to = found.flow
        return None if to.destination in own else f"{to.destination}:{to.destination_port}"

    def _found(self) -> dict[str, str]:
        """Load balancers' nodes, by their ports."""
        nodes = (one.id for one in self._plan.all(Node) if one.kind is NodeKind.BALANCER)
        return {port.id: node for node in nodes for port in self._plan.by(Port, "node", node)}

    def _node(self, port: str | None) -> str | None:
        found = self._plan.get(Port, port) if port else None
        return found.node if found else None


def only(plan: Table, target: str) -> Overlay:
    """The plan where nobody but that backend gets new connections."""
    drawn = Overlay(plan)
    for row in plan.all(Backend):
        if row.eligible and f"{row.address}:{row.port}" != target:
            drawn.put(replace(row, eligible=False))
    return drawn
