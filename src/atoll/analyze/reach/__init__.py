"""What becomes of all flows of a set: where each arrives, whether its answer returns, and what stops the others.

The walk follows one packet; this follows sets of them, through the same laws (plan/__init__.py), with code of its own:
the two are witnesses against each other. Exact: sets are never sampled, widened or bounded. `docs/analysis.md`.
"""

from collections.abc import Iterable, Iterator

import msgspec

from atoll.analyze.lookup import Plan, domain_of
from atoll.analyze.reach.beam import Beam, Pick
from atoll.analyze.reach.flows import SENT, Box, View, alike, place, subtract_all, values, where
from atoll.analyze.reach.leg import Leg, Stop
from atoll.analyze.reach.routes import own_addresses
from atoll.analyze.reach.spans import joined, without
from atoll.packet import Reason
from atoll.plan.rows import Address, Domain, Port

__all__ = ["Box", "Outcome", "arrivals", "reach"]


class Outcome(msgspec.Struct, frozen=True):
    """Flows of one fate. Those of all outcomes cover what was asked about, once for each choice (law 6).

    `at`: the port that took them, or the domain whose service they are for; None where something refused them. `seen`:
    how they looked there. `answered`: their answers got back to who asked, at the port `back`, looking as they must.
    `reason`: what first stopped a flow or its answer. `via`: the links and nodes passed on the way there.
    """

    flows: Box
    at: str | None
    seen: View
    answered: bool
    reason: Reason
    via: tuple[str, ...] = ()
    back: str | None = None
    picks: tuple[Pick, ...] = ()

    @property
    def arrives(self) -> bool:
        """Whether they got somewhere."""
        return self.at is not None


def reach(plan: Plan, sender: str, flows: Iterable[Box], answering: frozenset[str] = frozenset()) -> list[Outcome]:
    """The fate of all these flows when the port `sender` sends them as the first packets of new connections.

    Addresses of a box are of one family. `answering`: ports that answer whatever reaches them.
    """
    found = (outcome for box in flows if not box.empty for outcome in _exchange(plan, sender, box, answering))
    return [outcome for outcome in found if not outcome.flows.empty]


def arrivals(plan: Plan, sender: str, flows: Iterable[Box]) -> Iterator[Outcome]:
    """The way there alone: what arrives, and where. Of answers nothing is said: `answered` is False of all."""
    for box in flows:
        for stop in Leg(plan).send(sender, Beam(box, SENT)) if not box.empty else ():
            if stop.at is not None and not stop.beam.box.empty:
                yield _outcome(stop, stop.at, answered=False, reason=Reason.DELIVERED)


def _exchange(plan: Plan, sender: str, box: Box, answering: frozenset[str]) -> Iterator[Outcome]:
    for stop in Leg(plan).send(sender, Beam(box, SENT)):
        if stop.at is None:
            yield _outcome(stop, None, answered=False, reason=stop.reason)
        elif plan.get(Domain, stop.at) is not None:  # its answer goes straight back to who asked
            yield _outcome(stop, stop.at, answered=True, reason=Reason.DELIVERED, back=sender)
        else:
            yield from _answers(plan, sender, stop, stop.at, answering)


def _outcome(stop: Stop, at: str | None, *, answered: bool, reason: Reason, back: str | None = None) -> Outcome:
    beam = stop.beam
    return Outcome(beam.box, at, beam.view, answered, reason, beam.via, back, beam.picks)


def _answers(plan: Plan, sender: str, stop: Stop, at: str, answering: frozenset[str]) -> Iterator[Outcome]:
    """The fate of the answers to what has arrived at a port."""
    beam = stop.beam
    left: Box | None = beam.box
    holders = [(at, None)] if at in answering else _holders(plan, at)
    for port, span in holders:
        mine = where(left, beam.view.destination, span) if left and span is not None else left
        if left is None or mine is None:
            continue
        for back in _back(plan, port, beam.of(mine)):
            yield from _heard(plan, sender, Stop(beam, at), back)
        rest = () if span is None else without(values(left, beam.view.destination), span)
        left = where(left, beam.view.destination, rest)
    if left is not None:
        yield _outcome(Stop(beam.of(left), at), at, answered=False, reason=Reason.NOT_MINE)


def _holders(plan: Plan, at: str) -> list[tuple[str, tuple[tuple[int, int], ...] | None]]:
    """The ports of that one's node, itself first, with their addresses: who answers for an address that was asked."""
    port = plan.get(Port, at)
    domain = domain_of(plan, port) if port else None
    if port is None or domain is None:
        return []
    others = [one.id for one in plan.by(Port, "node", port.node)] if port.node else []
    rows = {one: plan.by(Address, "port", one) for one in others}
    spans = [(one, joined(tuple((place(row.ip), place(row.ip)) for row in rows[one]))) for one in others]
    return [(at, own_addresses(plan, port, domain)), *spans]


def _back(plan: Plan, port: str, beam: Beam) -> Iterator[Stop]:
    leg = Leg(plan, beam.ends, beam.frames, opener=False)
    return leg.send(port, beam._replace(view=beam.view.reply(), passages=0))


def _heard(plan: Plan, sender: str, there: Stop, back: Stop) -> Iterator[Outcome]:
    """An answer counts where it reaches who asked, and looks like the answer to what was asked."""
    came = Stop(there.beam.of(back.beam.box)._replace(picks=back.beam.picks), there.at)
    if back.at is None:
        yield _outcome(came, there.at, answered=False, reason=back.reason)
        return
    box = back.beam.box
    hits = alike(box, back.beam.view, SENT.reply())
    good = [part for hit in hits for part in _asker(plan, sender, back.at, hit)]
    for part in good:
        answered = Stop(came.beam.of(part), there.at)
        yield _outcome(answered, there.at, answered=True, reason=Reason.DELIVERED, back=back.at)
    for part in subtract_all([box], good):
        yield _outcome(
            Stop(came.beam.of(part), there.at), there.at, answered=False, reason=Reason.NOT_MINE, back=back.at
        )


def _asker(plan: Plan, sender: str, at: str, box: Box) -> Iterator[Box]:
    """The flows that the port `at` hears for who asked: it is that one, of its node, or has the address that asked."""
    asked, taker = plan.get(Port, sender), plan.get(Port, at)
    if asked is None or taker is None:
        return
    if asked.id == taker.id or (asked.node is not None and asked.node == taker.node):
        yield box
        return
    domain = domain_of(plan, taker)
    mine = where(box, "source", own_addresses(plan, taker, domain)) if domain else None
    if mine is not None:
        yield mine
