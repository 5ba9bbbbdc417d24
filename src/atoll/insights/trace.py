"""One way through the plan, hop by hop, with all packets that take it for the same reasons.

The proof gives the flows of one fate as a box; the walk tells the hops of one of them. Hop by hop the box is cut down
to the flows for which the same rule, entry and route decides: what is said of a hop is true of all that is left.
"""

from typing import NamedTuple

from atoll.analyze.internet import ANYONE
from atoll.analyze.lookup import Plan, domain_of, held_by, owns
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import (
    DESTINATION,
    DPORT,
    SENT,
    SOURCE,
    SPORT,
    Box,
    Field,
    View,
    asking,
    block,
    place,
    subtract_all,
    values,
    where,
)
from atoll.analyze.reach.rules import members, services
from atoll.analyze.reach.spans import size, without
from atoll.analyze.state import FRESH
from atoll.analyze.walk import Hop, Walk, forward
from atoll.analyze.wording import example
from atoll.insights.outside import Outside
from atoll.packet import Flow
from atoll.plan.rows import INTERNET, Direction, Domain, In, InSet, Port, Route, Rule
from atoll.records import Table
from atoll.review.replay import with_hosts


class Step(NamedTuple):
    """A hop, and how the packet looks when it comes there and when it goes on."""

    hop: Hop
    came: View
    went: View


class Trace(NamedTuple):
    """`box`: the flows, as sent. `there`: the plan in which they were followed. `back`: of the answer, if any.

    `arrived`, `returned`: how they look where they are taken, and so for their answers.
    """

    sender: str
    flow: Flow
    box: Box
    there: Plan
    ahead: tuple[Step, ...]
    back: tuple[Step, ...]
    at: str | None
    answered: bool
    arrived: View
    returned: View

    @property
    def refusals(self) -> list[Step]:
        """Every hop that says no."""
        return [step for step in (*self.ahead, *self.back) if step.hop.refusal is not None]


def trace(
    plan: Table,
    sender: str,
    outcome: Outcome,
    shown: Box | None = None,
    *,
    outside: Outside | None = None,
    one_way: bool = False,
) -> Trace:
    """The hops of one of the outcome's flows. `shown`: those that are told of, see `outside.py`. `one_way`: it does not
    matter what becomes of its answer.

    AssertionError where the walk says another thing than the proof did.
    """
    flow = example(outcome.flows)
    there, port = with_hosts(plan, sender, flow, outside.asked if outside is not None else None)
    walk = _walk_of(there, port, flow, outcome)
    box, ahead, arrived = _follow(there, shown or outcome.flows, SENT, walk, flow)
    back, returned = None, arrived.reply()
    if one_way:
        return Trace(sender, flow, box, there, ahead, (), walk.at, outcome.answered, arrived, returned)
    if walk.at is not None and there.get(Domain, walk.at) is None:
        back = _answer(there, walk)
        got_back = back is not None and back.at is not None and back.flow == flow.reply()
        assert got_back or not outcome.answered, (outcome, walk, back)
    steps: tuple[Step, ...] = ()
    if back is not None:
        box, steps, returned = _follow(there, box, arrived.reply(), back, flow)
    return Trace(sender, flow, box, there, ahead, steps, walk.at, outcome.answered, arrived, returned)


def _walk_of(there: Plan, port: str, flow: Flow, outcome: Outcome) -> Walk:
    """The walk that ends as the outcome does: of those that a node's choice makes (law 6), the one of its choice."""
    walks = forward(there, port, flow)
    for walk in walks:
        if _ends_like(walk, flow, outcome):
            return walk
    raise AssertionError(f"the proof says {outcome}, the walk {[(walk.reason, walk.at) for walk in walks]}")


def _ends_like(walk: Walk, flow: Flow, outcome: Outcome) -> bool:
    if outcome.at is None:
        return walk.at is None and walk.reason is outcome.reason
    arrived = walk.at is not None and (
        walk.at == outcome.at or (outcome.at == ANYONE and walk.at.startswith(f"{INTERNET}/"))
    )
    return arrived and walk.flow == outcome.seen.of(flow)


def _answer(there: Plan, walk: Walk) -> Walk | None:
    """The answer, out of the port that has the address that was asked; None where nobody there has it."""
    taker = there.get(Port, str(walk.at))
    domain = domain_of(there, taker) if taker else None
    if taker is None or domain is None:
        return None
    asked = walk.flow.destination
    held = held_by(there, taker.node, asked) if taker.node else None
    answering = taker.id if owns(there, taker, domain, asked) else held.port if held else None
    if answering is None:
        return None
    return forward(there, answering, walk.flow.reply(), FRESH.plus(walk.state), opener=False)[0]


def _follow(there: Plan, box: Box, view: View, walk: Walk, sent: Flow) -> tuple[Box, tuple[Step, ...], View]:
    steps: list[Step] = []
    flows = [hop.flow for hop in walk.hops]
    for number, hop in enumerate(walk.hops):
        came = flows[number] or walk.flow
        after = (flows[number + 1] if number + 1 < len(flows) else walk.flow) or came
        if hop.refusal is None:
            box = narrowed(there, hop, box, view, sent)
        went = _rewritten(view, came, after, sent)
        steps.append(Step(hop, view, went))
        view = went
    return box, tuple(steps), view


def _rewritten(view: View, before: Flow, after: Flow, sent: Flow) -> View:
    """How the packet looks after a hop that has changed it: a field is one of those that were sent, or a constant."""
    addresses: dict[str, str] = {SOURCE: sent.source, DESTINATION: sent.destination}
    ports: dict[str, int] = {SPORT: sent.source_port, DPORT: sent.destination_port}
    found = view
    if before.source != after.source:
        found = found._replace(source=_field(after.source, addresses))
    if before.destination != after.destination:
        found = found._replace(destination=_field(after.destination, addresses))
    if before.source_port != after.source_port:
        found = found._replace(sport=_port(after.source_port, ports))
    if before.destination_port != after.destination_port:
        found = found._replace(dport=_port(after.destination_port, ports))
    return found


def _field(ip: str, sent: dict[str, str]) -> Field:
    return next((name for name, value in sent.items() if value == ip), place(ip))


def _port(number: int, sent: dict[str, int]) -> Field:
    return next((name for name, value in sent.items() if value == number), number)


def narrowed(there: Plan, hop: Hop, box: Box, view: View, sent: Flow) -> Box:
    """The flows of the box for which the same decides at the hop as for the one that was sent."""
    rows = [there.find(key) for key in hop.rows]
    if hop.what == "filter" and rows and isinstance(rows[0], Rule):
        return _holding(_matching(there, rows[0], box, view), sent, box)
    if hop.what == "fence" and rows and isinstance(rows[0], Rule):
        rule = rows[0]
        before = [
            one
            for one in there.by(Rule, "filter", rule.filter)
            if one.direction is rule.direction and (one.order or 0) < (rule.order or 0)
        ]
        left = [box]
        for one in sorted(before, key=lambda one: one.order or 0):
            left = [_holding(subtract_all(left, _matching(there, one, left[0], view)), sent, left[0])]
        return _holding(_matching(there, rule, left[0], view), sent, left[0])
    if hop.what == "table" and rows and isinstance(rows[0], Route):
        return _routed(there, rows[0], box, view)
    return box


def _holding(pieces: list[Box], sent: Flow, box: Box) -> Box:
    return next((piece for piece in pieces if piece.holds(sent)), box)


def _matching(there: Plan, rule: Rule, box: Box, view: View) -> list[Box]:
    side = view.source if rule.direction is Direction.IN else view.destination
    near: Box | None = box
    match rule.match.peer:
        case In(prefix):
            near = where(box, side, block(prefix))
        case InSet(name):
            near = where(box, side, members(there, name))
    return asking(near, view, services(rule.match)) if near is not None else []


def _routed(there: Plan, route: Route, box: Box, view: View) -> Box:
    found = values(box, view.destination)
    if size(found) == 1 or route.domain == INTERNET:
        return box
    left = block(route.prefix)
    for other in there.by(Route, "table", route.table):
        if other.prefix != route.prefix and route.prefix.covers(other.prefix):
            left = without(left, block(other.prefix))
    return where(box, view.destination, left) or box
