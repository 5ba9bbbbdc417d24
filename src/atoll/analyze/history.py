"""Connections over time: a packet and its answer, now and after the plan has changed (laws 4 and 5).

A connection is a value that each call takes and gives back; the plan of each call is the plan as it is then. Between
two calls `after` must be told of every change of the plan.
"""

import msgspec

from atoll.analyze.lookup import Plan, domain_of, held_by, owns
from atoll.analyze.state import FRESH, State
from atoll.analyze.walk import Walk, forward
from atoll.packet import Flow, Reason
from atoll.plan.rows import Domain, Port
from atoll.records import Delta


class Verdict(msgspec.Struct, frozen=True):
    """What became of a packet and of its answer.

    `at`, `seen`: the port (or domain, for its services) that the packet reached and what it looked like there.
    `answer_source`: where the answer came from as its receiver saw it, if it got there. `reason`: the first thing that
    stopped either of the two.
    """

    arrives: bool
    at: str | None
    seen: Flow | None
    answered: bool
    answer_source: str | None
    reason: Reason
    forward: Walk
    back: Walk | None


class Connection(msgspec.Struct, frozen=True):
    """`port` opened it with `flow`; `receiver`, of `node`, got it as `seen` (None while no packet has arrived)."""

    port: str
    flow: Flow
    state: State = FRESH
    receiver: str | None = None
    node: str | None = None
    seen: Flow | None = None


def probe(plan: Plan, port: str, flow: Flow) -> Verdict:
    """A fresh connection's first packet, and its answer: from the address asked, out of the port that has it."""
    return start(plan, port, flow)[0]


def start(plan: Plan, port: str, flow: Flow) -> tuple[Verdict, Connection]:
    """Open a connection."""
    return send(plan, Connection(port, flow))


def send(plan: Plan, connection: Connection) -> tuple[Verdict, Connection]:
    """The opener sends one more packet, and the receiver answers it.

    Where nothing has arrived or left the opener's domain nothing is remembered: the packet is judged as a first one.
    """
    verdict, state = _exchange(plan, connection.port, connection.flow, connection.state, opener=True)
    if not verdict.arrives:
        return verdict, msgspec.structs.replace(connection, state=state)
    taker = plan.get(Port, verdict.at) if verdict.at else None
    node = taker.node if taker else None
    return verdict, Connection(connection.port, connection.flow, state, verdict.at, node, verdict.seen)


def after(connection: Connection, delta: Delta) -> Connection:
    """The connection when `delta` has changed the plan: ports and mapped links may have forgotten it (law 5)."""
    return msgspec.structs.replace(connection, state=connection.state.after(delta))


def silent(connection: Connection, seconds: int) -> Connection:
    """The connection when nobody has said anything for so long: who has waited long enough has forgotten it (law 5)."""
    return msgspec.structs.replace(connection, state=connection.state.silent(seconds))


def reply(plan: Plan, connection: Connection) -> tuple[Verdict, Connection]:
    """The receiver sends a packet of its own, and the opener answers that. ValueError while there is no receiver."""
    if connection.receiver is None or connection.seen is None:
        raise ValueError(f"no packet of {connection.flow} has arrived, so nobody can reply")
    asked = connection.seen.destination
    sender = _answering(plan, connection.receiver, asked)
    if sender is None and connection.node is not None:  # the port that took it may be gone from the node
        held = held_by(plan, connection.node, asked)
        sender = held.port if held else None
    sender = sender or connection.receiver
    verdict, state = _exchange(plan, sender, connection.seen.reply(), connection.state, opener=False)
    return verdict, msgspec.structs.replace(connection, state=state)


def _exchange(plan: Plan, port: str, flow: Flow, state: State, *, opener: bool) -> tuple[Verdict, State]:
    walk = forward(plan, port, flow, state, opener=opener)[0]
    state = state.plus(walk.state)
    if walk.at is None:
        return Verdict(False, None, None, False, None, walk.reason, walk, None), state
    if plan.get(Domain, walk.at) is not None:  # its answer goes straight back to who asked
        answerer = walk.flow.destination
        return Verdict(True, walk.at, walk.flow, True, answerer, Reason.DELIVERED, walk, None), state
    answering = _answering(plan, walk.at, walk.flow.destination)
    if answering is None:
        return Verdict(True, walk.at, walk.flow, False, None, Reason.NOT_MINE, walk, None), state
    back = forward(plan, answering, walk.flow.reply(), state, opener=not opener)[0]
    state = state.plus(back.state)
    if back.at is None:
        return Verdict(True, walk.at, walk.flow, False, None, back.reason, walk, back), state
    answered = back.flow == flow.reply() and _heard(plan, port, back.at, flow.source)
    reason = Reason.DELIVERED if answered else Reason.NOT_MINE
    return Verdict(True, walk.at, walk.flow, answered, back.flow.source, reason, walk, back), state


def _answering(plan: Plan, port: str, ip: str) -> str | None:
    """The port of that one's node that has the address. A middlebox takes packets to others, and answers none."""
    taker = plan.get(Port, port)
    domain = domain_of(plan, taker) if taker else None
    if taker is None or domain is None:
        return None
    if owns(plan, taker, domain, ip):
        return taker.id
    held = held_by(plan, taker.node, ip) if taker.node else None
    return held.port if held else None


def _heard(plan: Plan, asked: str, at: str, source: str) -> bool:
    """Whether the answer is at the port that asked, at its node, or with the owner of the address that asked."""
    asker, taker = plan.get(Port, asked), plan.get(Port, at)
    if asker is None or taker is None:
        return False
    if asker.id == taker.id or (asker.node is not None and asker.node == taker.node):
        return True
    domain = domain_of(plan, taker)
    return domain is not None and owns(plan, taker, domain, source)
