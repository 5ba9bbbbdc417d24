"""`atoll diff`: which flows open and which close between two states, and by which rules."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from atoll.analyze.internet import ANYONE, with_anyone
from atoll.analyze.reach.flows import ANY_LIKENESS, Box, meet, merged, subtract_all
from atoll.analyze.reach.spans import Span, both, single
from atoll.analyze.wording import addresses_text, example, services_text
from atoll.packet import Flow
from atoll.plan.rows import INTERNET
from atoll.review.causes import causes
from atoll.review.ends import Ends
from atoll.review.states import State
from atoll.review.survey import Sent, Survey

SOMEWHERE: Span = single(0)
"""Stands for the addresses of an ENI: they are its own, and may be others in the other state."""


class Effect(StrEnum):
    """What becomes of flows. `HALF_OPENS`: they arrive, which they did not, and their answers are lost."""

    OPENS = "opens"
    HALF_OPENS = "half-opens"
    CLOSES = "closes"


class Change(msgspec.Struct, frozen=True):
    """Flows from one end to another, of which something becomes.

    `sources`, `destinations`: which addresses of the internet, where that is an end; else "". `packet`: one of them, in
    the state in which it arrives; `by`: what lets it pass there, or stops it now.
    """

    effect: Effect
    source: str
    destination: str
    services: str
    sources: str
    destinations: str
    packet: Flow
    by: list[str]


class Difference(msgspec.Struct, frozen=True):
    """All changes. `wider`: something arrives that did not."""

    wider: bool
    changes: list[Change]


def compare(base: State, head: State) -> Difference:
    """What the second state opens and closes, for all flows between ENIs and the internet."""
    ends = Ends(base.model, head.model)
    sides = _Side(base, ends.base), _Side(head, ends.head)
    internet = both(sides[0].survey.internet, sides[1].survey.internet)
    for side in sides:
        side.look(internet)
    found = [
        change
        for pair in sorted(sides[0].flows.keys() | sides[1].flows.keys())
        for change in _changes(pair, *sides, ends)
    ]
    found.sort(key=lambda one: list(Effect).index(one.effect))
    return Difference(any(one.effect is not Effect.CLOSES for one in found), found)


Pair = tuple[str, str]


class _Flows(msgspec.Struct):
    """What gets from one end to another: flows as they were sent, beside the same without addresses of ENIs."""

    open: list[tuple[Box, Sent]] = []
    half_open: list[tuple[Box, Sent]] = []


class _Side:
    """One of the two states."""

    def __init__(self, state: State, names: dict[str, str]) -> None:
        self.state = state
        self.survey = Survey(with_anyone(state.plan), tuple(names))
        self.flows: dict[Pair, _Flows] = {}
        self.internet: Span = ()
        self._names = names

    def look(self, internet: Span) -> None:
        """Fill `flows`. `internet`: the addresses that are of the internet in both states."""
        self.internet = internet
        for sent in self.survey.arriving():
            at = sent.outcome.at
            if at not in self._names or (sent.sender == ANYONE and at == ANYONE):
                continue
            flows = self.flows.setdefault((self._names[sent.sender], self._names[at]), _Flows())
            box = _without_addresses(sent, internet)
            if not box.empty:
                (flows.open if sent.outcome.answered else flows.half_open).append((box, sent))

    def knows(self, pair: Pair) -> bool:
        """Whether both ends are here."""
        return set(pair) <= set(self._names.values())

    def of(self, pair: Pair) -> _Flows:
        """What gets from one end to the other."""
        return self.flows.get(pair, _Flows())

    def shown(self, pair: Pair, wanted: Box) -> tuple[str, Flow]:
        """A packet of these flows as it was sent, and the port that sends it."""
        flows = self.of(pair)
        for box, sent in (*flows.open, *flows.half_open):
            common = meet(box, wanted)
            if not common.empty:
                real = sent.outcome.flows._replace(service=common.service, sport=common.sport)
                if sent.sender == ANYONE:
                    real = real._replace(source=common.source)
                if sent.outcome.at == ANYONE:
                    real = real._replace(destination=common.destination)
                return sent.sender, example(real)
        raise AssertionError(f"none of these flows gets from {pair[0]} to {pair[1]}")


def _without_addresses(sent: Sent, internet: Span) -> Box:
    flows = sent.outcome.flows
    source = both(flows.source, internet) if sent.sender == ANYONE else SOMEWHERE
    destination = both(flows.destination, internet) if sent.outcome.at == ANYONE else SOMEWHERE
    return Box(source, destination, flows.service, flows.sport, ANY_LIKENESS)


def _changes(pair: Pair, base: _Side, head: _Side, ends: Ends) -> Iterator[Change]:
    was, now = base.of(pair), head.of(pair)
    arrived = [*was.open, *was.half_open]
    for effect, flows, others, side, other in (
        (Effect.OPENS, now.open, was.open, head, base),
        (Effect.HALF_OPENS, now.half_open, arrived, head, base),
        (Effect.CLOSES, was.open, now.open, base, head),
    ):
        for box in merged(subtract_all(_boxes(flows), _boxes(others))):
            sender, packet = side.shown(pair, box)
            yield Change(
                effect,
                ends.label(pair[0]),
                ends.label(pair[1]),
                services_text(box.service),
                addresses_text(box.source, side.internet) if pair[0] == INTERNET else "",
                addresses_text(box.destination, side.internet) if pair[1] == INTERNET else "",
                packet,
                causes(
                    side.state, other.state, sender, packet, opens=effect is not Effect.CLOSES, known=other.knows(pair)
                ),
            )


def _boxes(flows: Iterable[tuple[Box, Sent]]) -> list[Box]:
    return [box for box, _ in flows]
