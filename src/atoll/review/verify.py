"""Intents against the plan: each is proved over all packets that it speaks of, or refuted by one of them."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from atoll.analyze.between import (
    EPHEMERAL,
    Asked,
    Between,
    Sender,
    Target,
    anything_from,
    between,
    boxes,
    everything_about,
    primary,
    private,
    public,
)
from atoll.analyze.internet import ANSWERING, ANYONE, with_anyone
from atoll.analyze.lookup import Plan
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import PORTS, Box, count, subtract_all
from atoll.analyze.reach.spans import Span, both
from atoll.analyze.wording import example
from atoll.packet import Flow
from atoll.plan.rows import Node, NodeKind, Port
from atoll.records import Table
from atoll.review import states
from atoll.review.endpoints import Endpoint, label
from atoll.review.intents import File, Intent, When, parse, read, supposed
from atoll.review.pairs import from_outside, same_domain, targets
from atoll.review.replay import Replay, replay
from atoll.review.settle import settle
from atoll.review.states import State

NAT = "nat"
HALF_OPEN = "half-open: it arrives, and its answer is lost"


class Trial(msgspec.Struct, frozen=True):
    """A packet that shows what was proved, to be sent from `sender`: it is answered, or it does not arrive."""

    sender: str
    flow: Flow
    answered: bool


class Result(msgspec.Struct, frozen=True):
    """What became of one intent.

    `pairs`, `flows`: how many pairs of ends, and packets, it was proved over. `why`: in words, where it does not hold;
    then `counterexample` with its `path`, the rules that let it pass or the reasons that stop it (`blame`).
    `case`: what it supposes, "" for what is; `number`: the place of that case in the file.
    """

    text: str
    holds: bool
    pairs: int
    flows: int
    why: str = ""
    counterexample: Flow | None = None
    path: list[str] = []
    blame: list[str] = []
    trials: list[Trial] = []
    case: str = ""
    number: int = -1


def verify(model: Table, plan: Table, written: object) -> list[Result]:
    """Every intent of a file, and those of its cases. LookupError and ValueError say what is wrong with the file."""
    file = parse(written)
    whole = with_anyone(plan)
    now = [_Proof(model, plan, whole, intent).result() for intent in read(model, whole, file)]
    cases = ((number, *_settled(model, whole, file, when)) for number, when in enumerate(file.when))
    return [*now, *(result for number, case, there in cases for result in _of_case(there, file, number, case))]


def verify_case(model: Table, plan: Table, written: object, number: int) -> list[Result]:
    """The intents of one case, about a network that is that case: with packets that can be sent there."""
    file = parse(written)
    whole = with_anyone(plan)
    intents = read(model, whole, file, file.when[number])
    return [_Proof(model, plan, whole, intent).result() for intent in intents]


def suppose(model: Table, plan: Table, written: object, number: int) -> bytes:
    """The state of a case, as a file of atoll save has it."""
    file = parse(written)
    _, there = _settled(model, with_anyone(plan), file, file.when[number])
    return states.written(list(there.model.records.values()))


def _settled(model: Table, plan: Plan, file: File, when: When) -> tuple[str, State]:
    """A case in words, and what would be."""
    case = supposed(model, plan, file, when)
    return str(case), settle(model, case.make)


def _of_case(there: State, file: File, number: int, case: str) -> Iterator[Result]:
    """The intents of a case, proved on what would be. In the network as it is their packets cannot be sent."""
    for result in verify_case(*there, file, number):
        yield replace(result, text=f"when {case}: {result.text}", case=case, number=number, trials=[])


class _Refuted(msgspec.Struct, frozen=True):
    """A pair that does not do as it should, by these flows."""

    pair: Between
    boxes: list[Box]
    why: str


class _Proof:
    """One intent under proof."""

    def __init__(self, model: Table, plan: Table, whole: Plan, intent: Intent) -> None:
        self._model = model
        self._plan = plan
        self._whole = whole
        self._intent = intent

    def result(self) -> Result:
        """See Result. LookupError where there is nothing to prove."""
        intent = self._intent
        if intent.source is None or intent.destination is None:
            return Result(intent.text, True, 0, 0, "skipped: an optional name matches nothing")
        asked = Asked(intent.asked.services, PORTS if intent.kind == "deny" else EPHEMERAL)
        found = [between(self._whole, *pair, asked) for pair in self._pairs(intent.source, intent.destination)]
        flows = sum(_count(one, asked) for one in found)
        if not flows:
            raise LookupError(f"{intent.text}: there is nobody who could send to anybody else.")
        refuted = self._some(found) if intent.kind == "allow-some" else self._all(found)
        if refuted is None:
            return Result(intent.text, True, len(found), flows, trials=list(self._trials(found)))
        shown = replay(self._plan, refuted.pair.sender.port, example(refuted.boxes[0]))
        ends = (label(self._model, one) for one in (refuted.pair.sender.port, refuted.pair.target.name))
        why = f"{' -> '.join(ends)}: {refuted.why}".replace(ANYONE, "internet")
        return Result(
            intent.text, False, len(found), flows, why, shown.flow, shown.lines, _blame(shown, self._intent.kind)
        )

    def _all(self, found: list[Between]) -> _Refuted | None:
        """The first pair that refutes an allow or a deny."""
        judge = self._denied if self._intent.kind == "deny" else self._allowed
        return next((refuted for refuted in map(judge, found) if refuted), None)

    def _some(self, found: list[Between]) -> _Refuted | None:
        if any(self._good(one) for one in found):
            return None
        first = found[0]
        return _Refuted(first, [one.flows for one in (*first.open, *first.failing)], "no flow is open")

    def _allowed(self, one: Between) -> _Refuted | None:
        for outcomes, why in (
            (one.blocked, "does not arrive"),
            (one.half_open, HALF_OPEN),
            (one.stray, "somebody else takes it"),
            (tuple(flow for flow in one.open if not self._on_its_way(flow)), f"open, but not via {self._intent.via}"),
        ):
            if outcomes:
                return _Refuted(one, [flow.flows for flow in outcomes], why)
        return None

    def _denied(self, one: Between) -> _Refuted | None:
        if one.open:
            return _Refuted(one, [flow.flows for flow in one.open], "it arrives, and is answered")
        if one.half_open:
            return _Refuted(
                one, [flow.flows for flow in one.half_open], "half-open: it arrives, and its answer is lost"
            )
        return None

    def _good(self, one: Between) -> list[Box]:
        sure = [flow.flows for flow in one.open if self._on_its_way(flow)]
        return subtract_all(sure, [flow.flows for flow in one.failing if flow.picks])

    def _on_its_way(self, outcome: Outcome) -> bool:
        via = self._intent.via
        return not via or any(name == via or (via == NAT and self._is_nat(name)) for name in outcome.via)

    def _is_nat(self, name: str) -> bool:
        node = self._whole.get(Node, name)
        return node is not None and node.kind is NodeKind.TRANSLATOR

    def _pairs(self, source: Endpoint, destination: Endpoint) -> Iterator[tuple[Sender, Target]]:
        """Every pair of different nodes; a denial is about whatever could be sent and could arrive.

        What the internet sends to itself is no design's: `any -> any` is not about it.
        """
        strict = self._intent.kind == "deny"
        for sender in self._senders(source, strict=strict):
            for target in self._targets(destination, sender, strict=strict):
                out_there = sender.port == ANYONE and target.ports == ANSWERING
                if not out_there and not self._one_node(sender.port, target.name):
                    yield (sender if strict else from_outside(self._whole, sender, target)), target

    def _senders(self, end: Endpoint, *, strict: bool) -> Iterator[Sender]:
        for port in end.ports:
            if strict:
                sources = anything_from(self._whole, port).sources
            else:
                sources = (private if end.addresses else primary)(self._whole, port)
            sources = both(sources, end.addresses) if end.addresses else sources
            if sources:
                yield Sender(port, sources)
        if end.internet:
            yield Sender(ANYONE, end.internet)

    def _targets(self, end: Endpoint, sender: Sender, *, strict: bool) -> Iterator[Target]:
        for target in targets(self._whole, end, sender.port):
            if target.name not in end.ports:
                yield target
            elif strict:
                yield everything_about(self._whole, target.name)
            else:
                yield target._replace(addresses=self._asked_at(target.name, sender.port))

    def _asked_at(self, port: str, sender: str) -> Span:
        if same_domain(self._whole, port, sender):
            return primary(self._whole, port)
        return public(self._whole, port) or private(self._whole, port)

    def _one_node(self, one: str, other: str) -> bool:
        ports = [self._whole.get(Port, name) for name in (one, other)]
        nodes = [port.node if port else None for port in ports]
        return one == other or (nodes[0] is not None and nodes[0] == nodes[1])

    def _trials(self, found: list[Between]) -> Iterator[Trial]:
        """A packet a pair that shows what was proved."""
        for one in found:
            answered = self._intent.kind != "deny"
            farthest_first = sorted(one.blocked, key=lambda flow: -len(flow.via))
            shown = self._good(one) if answered else [flow.flows for flow in farthest_first]
            sent = primary(self._whole, one.sender.port) or one.sender.sources
            own = [box._replace(source=both(box.source, sent)) for box in shown]
            real = next((box for box in own if not box.empty), None)
            if real is not None:
                yield Trial(one.sender.port, example(real), answered)


def _count(found: Between, asked: Asked) -> int:
    """How many packets that is."""
    return sum(count(box) for box in boxes(found.sender, found.target, asked))


def _blame(shown: Replay, kind: str) -> list[str]:
    """The rules that let it pass, or what stopped it and how to change that."""
    if kind != "deny":
        return [f"{one.hop}: {one.detail}; {one.change}" for one in shown.changes]
    hops = shown.verdict.forward.hops
    return [f"{hop.what} {hop.id} {hop.detail}" for hop in hops if hop.what in ("filter", "fence") and hop.rows]
