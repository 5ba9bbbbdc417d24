"""`atoll diff`: which flows open and which close between two states, and by which rules."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from atoll.analyze.between import private
from atoll.analyze.internet import ANYONE, with_anyone
from atoll.analyze.matrix import Fates, straight
from atoll.analyze.reach.flows import ANY_LIKENESS, IPV4, Box, meet, merged, subtract_all
from atoll.analyze.reach.spans import Span, both, joined, single, without
from atoll.analyze.wording import addresses_text, example, services_text
from atoll.packet import Flow
from atoll.plan.rows import INTERNET, Domain, DomainKind
from atoll.review.causes import Causes, causes
from atoll.review.ends import Ends
from atoll.review.states import State
from atoll.review.survey import EVERYWHERE, Sent, Survey

SOMEWHERE: Span = single(0)
"""Stands for the addresses of an ENI: they are its own, and may be others in the other state."""


class Effect(StrEnum):
    """What becomes of flows. `HALF_OPENS`: they arrive, which they did not, and their answers are lost."""

    OPENS = "opens"
    HALF_OPENS = "half-opens"
    CLOSES = "closes"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Flows of one kind, of which something becomes for one reason.

    `sources`, `destinations`: their ends. `source_addresses`, `destination_addresses`: which addresses of the internet,
    where that is an end; else "". `packet`: one of them, in the state in which it arrives; `by`: what lets it pass
    there, or stops it now.
    """

    effect: Effect
    sources: list[str]
    destinations: list[str]
    services: str
    source_addresses: str = ""
    destination_addresses: str = ""
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
    alike = sides[0].straight() & sides[1].straight()
    for side in sides:
        side.look(internet, {pair for pair, _ in alike})
    pairs = sorted(sides[0].flows.keys() | sides[1].flows.keys())
    found = [change for pair in pairs for change in _changes(pair, *sides)]
    changes = [_told(ends, group) for group in _grouped(found)]
    changes.sort(key=lambda one: list(Effect).index(one.effect))
    return Difference(any(one.effect is not Effect.CLOSES for one in changes), changes)


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

    def straight(self) -> set[tuple[Pair, Fates]]:
        """What gets from end to end where the way is straight: pairs for which that is alike are no difference."""
        domains = [one.id for one in self.state.plan.all(Domain) if one.kind is DomainKind.VPC]
        found = ((pair, fates) for name in domains for pair, fates in straight(self.survey.plan, name).items())
        names = self._names
        return {((names[one], names[other]), fates) for (one, other), fates in found if {one, other} <= names.keys()}

    def look(self, internet: Span, alike: set[Pair]) -> None:
        """Fill `flows`. `internet`: the addresses that are of the internet in both states; `alike`: not to be asked."""
        self.internet = internet
        ports = {name: port for port, name in self._names.items()}
        settled: dict[str, list[Span]] = {}
        for sender, asked in alike:
            settled.setdefault(sender, []).append(both(private(self.survey.plan, ports[asked]), IPV4))
        for sender, name in self._names.items():
            spans = tuple(part for span in settled.get(name, ()) for part in span)
            self._look(sender, without(EVERYWHERE, joined(spans)))

    def _look(self, sender: str, asked: Span) -> None:
        for outcome in self.survey.of(sender, asked):
            sent, at = Sent(sender, outcome), outcome.at
            if at is None or at not in self._names or (sender == ANYONE and at == ANYONE):
                continue
            flows = self.flows.setdefault((self._names[sender], self._names[at]), _Flows())
            box = _without_addresses(sent, self.internet)
            if not box.empty:
                (flows.open if outcome.answered else flows.half_open).append((box, sent))

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


class _Found(NamedTuple):
    """What becomes of the flows of one pair of ends."""

    effect: Effect
    pair: Pair
    flows: Box
    sender: str
    packet: Flow
    causes: Causes
    internet: Span

    @property
    def kind(self) -> tuple[object, ...]:
        """The same for what has the same reason and differs in an end alone."""
        outside = tuple(one == INTERNET for one in self.pair)
        return self.effect, self.flows, outside, self.causes.rows or self.causes.more


def _changes(pair: Pair, base: _Side, head: _Side) -> Iterator[_Found]:
    was, now = base.of(pair), head.of(pair)
    arrived = [*was.open, *was.half_open]
    for effect, flows, others, side, other in (
        (Effect.OPENS, now.open, was.open, head, base),
        (Effect.HALF_OPENS, now.half_open, arrived, head, base),
        (Effect.CLOSES, was.open, now.open, base, head),
    ):
        for box in merged(subtract_all(_boxes(flows), _boxes(others))):
            sender, packet = side.shown(pair, box)
            opens, known = effect is not Effect.CLOSES, other.knows(pair)
            why = causes(side.state, other.state, sender, packet, opens=opens, known=known)
            yield _Found(effect, pair, box, sender, packet, why, side.internet)


def _grouped(found: Iterable[_Found]) -> list[list[_Found]]:
    """Together what has one reason and goes from each of some ends to each of some others."""
    to_each: dict[tuple[object, ...], list[_Found]] = {}
    for one in found:
        to_each.setdefault((one.pair[1], *one.kind), []).append(one)
    alike: dict[tuple[object, ...], list[_Found]] = {}
    for group in to_each.values():
        alike.setdefault((tuple(one.pair[0] for one in group), *group[0].kind), []).extend(group)
    among: dict[tuple[object, ...], list[list[_Found]]] = {}
    for group in alike.values():
        among.setdefault((frozenset(name for one in group for name in one.pair), *group[0].kind), []).append(group)
    return [whole for groups in among.values() for whole in _whole(groups)]


def _whole(groups: list[list[_Found]]) -> list[list[_Found]]:
    """One group of them, if that is from each of its sources to each of its destinations but itself."""
    together = [one for group in groups for one in group]
    pairs = {one.pair for one in together}
    sources, destinations = ({pair[side] for pair in pairs} for side in (0, 1))
    whole = {(source, other) for source in sources for other in destinations if source != other}
    return [together] if pairs == whole else groups


def _told(ends: Ends, group: list[_Found]) -> Change:
    first = group[0]
    inside, outside = ([ends.label(name) for name in dict.fromkeys(one.pair[side] for one in group)] for side in (0, 1))
    return Change(
        effect=first.effect,
        sources=inside,
        destinations=outside,
        services=services_text(first.flows.service),
        source_addresses=addresses_text(first.flows.source, first.internet) if first.pair[0] == INTERNET else "",
        destination_addresses=addresses_text(first.flows.destination, first.internet)
        if first.pair[1] == INTERNET
        else "",
        packet=first.packet,
        by=[*first.causes.rows, *first.causes.more],
    )


def _boxes(flows: Iterable[tuple[Box, Sent]]) -> list[Box]:
    return [box for box, _ in flows]
