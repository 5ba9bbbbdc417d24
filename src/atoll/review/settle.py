"""What would be: a change of the model that nobody makes, with the health that checks would come to find.

The change is compiled, each health check is walked there and back over the plan that comes of it, what that says of
targets (together: `agreed`) and of load balancers' nodes is compiled again, and so on until nothing changes any more. A
target whose checks fail now although their packets pass has no software that answers them: it stays unhealthy.
"""

from collections.abc import Callable

from msgspec.structs import replace

from atoll.analyze.between import primary
from atoll.analyze.history import Verdict
from atoll.analyze.history import probe as walked
from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import address
from atoll.model.balancing import agreed, voters
from atoll.model.kinds import BalancerZone, Target
from atoll.packet import TCP, Flow, Reason
from atoll.plan.rows import Port, Probe
from atoll.records import Overlay, Record, Table, View
from atoll.review.states import State, compiled

SOURCE_PORT = 49152
"""From where a check is taken to come: any of its client's ports may be it."""

MOST_ROUNDS = 16
"""So often health may change what is checked; it does so once, for what is checked does not depend on it."""

NODE = 2
"""So many words has the name of a check of a load balancer's node; that of a target's has four."""

HEALTHY, UNHEALTHY = "healthy", "unhealthy"


class UnsettledError(ValueError):
    """Health goes on changing for ever."""


def settle(model: Table, change: Callable[[Overlay], None]) -> State:
    """The state after a change, once health checks have found out. The model stays as it is."""
    now = compiled(model)
    draft = Overlay(model)
    change(draft)
    for _ in range(MOST_ROUNDS):
        delta = draft.delta()
        then = Table(now.plan.records.values())
        then.apply(now.compiler.propose(draft, delta).delta)
        found = _found(draft, then, State(model, now.plan))
        if not found:
            settled = Table(model.records.values())
            settled.apply(delta)
            return State(settled, then)
        for record in found:
            draft.put(record)
    raise UnsettledError("what is healthy would go on changing for ever")


def heard(plan: Plan, check: Probe) -> bool:
    """Whether a check's packet gets to what it asks, and an answer back to the node that has asked."""
    for port in plan.by(Port, "node", check.node):
        for low, _ in primary(plan, port.id):
            flow = Flow(address(low), check.address, TCP, SOURCE_PORT, check.port)
            verdict = walked(plan, port.id, flow)
            return verdict.answered or _is_back(verdict, check.node)
    return False


def _is_back(verdict: Verdict, node: str) -> bool:
    """The laws say what a node does with the packets of others; of what it has asked for itself, that it gets there."""
    refusals = verdict.back.refusals if verdict.back is not None else ()
    return verdict.arrives and [(one.id, one.refusal) for one in refusals] == [(node, Reason.REFUSED_BY_BALANCER)]


def _found(draft: Overlay, then: Table, now: State) -> list[Record]:
    """What the checks would find otherwise than the draft has it."""
    changed: list[Record] = []
    targets: dict[tuple[str, ...], None] = {}
    for check in then.all(Probe):
        key = tuple(check.id.split("/"))
        if len(key) != NODE:
            targets[key[:-1]] = None
            continue
        zone, passes = draft.get(BalancerZone, *key), heard(then, check)
        if zone is not None and zone.alive != passes:
            changed.append(replace(zone, alive=passes))
    for key in targets:
        target = draft.get(Target, *key)
        if target is None:
            continue
        passes = _passes(draft, then, target)
        silent = passes and target.health == UNHEALTHY and _passes(now.model, now.plan, target)
        health = HEALTHY if passes and not silent else UNHEALTHY
        if target.health != health:
            changed.append(replace(target, health=health))
    return changed


def _passes(view: View, plan: Table, target: Target) -> bool:
    """Whether those who check a target would agree that it is healthy, if software answers; False if nobody does."""
    ids = ["/".join((*target.key[1:], zone.zone)) for zone in voters(view, target)]
    checks = [check for id_ in ids if (check := plan.get(Probe, id_)) is not None]
    return bool(checks) and agreed([heard(plan, check) for check in checks])
