"""The walk: one packet through the plan, by the seven laws, one hop after the other.

A walk looks up, it never searches: each hop is a few look-ups by key, so a packet costs its hops and not the size of
the plan. It goes on past a refusal wherever the next hop is still known, so that `hops` holds every reason why not;
the first refusal is the walk's reason.
"""

from typing import NamedTuple

import msgspec

from atoll.analyze.balancers import balance, returns_to
from atoll.analyze.links import Crossing, Frame, cross
from atoll.analyze.lookup import Plan, best_route, held_by, is_balancer, owner, owns, without_power
from atoll.analyze.rules import Judgement, judge_fence, judge_port
from atoll.analyze.state import FRESH, End, State
from atoll.analyze.translators import Passage, Translation, choices, is_translator, translate
from atoll.packet import Flow, Reason
from atoll.plan.rows import Deliver, Direction, Domain, Drop, Link, Port, Route, Segment, ToLink, ToPort
from atoll.plan.services import is_asked
from atoll.records import Key

MAX_ROUTES = 32
"""Route look-ups after which a packet is going round in circles."""

REFUSED_BY_RULES = {Direction.OUT: Reason.SENDER_RULES, Direction.IN: Reason.RECEIVER_RULES}
REFUSED_BY_FENCE = {Direction.OUT: Reason.FENCE_OUT, Direction.IN: Reason.FENCE_IN}


class Hop(msgspec.Struct, frozen=True):
    """One thing that the packet met: a port, filter, segment, table, fence or link. `rows`: what was consulted.

    `flow`: the packet as it came there.
    """

    what: str
    id: str
    detail: str
    rows: tuple[Key, ...] = ()
    refusal: Reason | None = None
    flow: Flow | None = None


class Walk(msgspec.Struct, frozen=True):
    """One outcome. `sent`: the packet as it left; `flow`: as it was when it was taken or refused.

    `at`: the port that took it, or the domain whose service it is for; None where it was refused. `state`: the ends and
    frames that it made or that heard of it; of a packet that was refused, of those that it made the ones of domains
    that it had left before.
    """

    reason: Reason
    at: str | None
    sent: Flow
    flow: Flow
    hops: tuple[Hop, ...]
    state: State

    @property
    def refusals(self) -> tuple[Hop, ...]:
        """Every hop that says no, the first that the packet met first."""
        return tuple(hop for hop in self.hops if hop.refusal)


def forward(plan: Plan, port: str, flow: Flow, state: State = FRESH, *, opener: bool = True) -> tuple[Walk, ...]:
    """Every outcome of one packet that `port` sends. `state`: what its connection has left behind.

    `opener`: the packet goes the way of the connection's first one; others make no end track.
    """
    first = _Walker(plan, flow, state, opener)
    walks = [first.walk(port)]
    walks += [_Walker(plan, flow, state, opener, pick).walk(port) for pick in range(1, first.choices)]
    return tuple(walks)


class _Step(NamedTuple):
    """What a routing decision led to: a port, a link, or nothing (the hop refuses)."""

    hop: Hop
    port: Port | None = None
    link: Link | None = None


class _Walker:
    """One packet under way."""

    def __init__(self, plan: Plan, flow: Flow, state: State, opener: bool, pick: int = 0) -> None:
        """`pick`: which of its addresses a translator gives to the connection (law 6)."""
        self.opener = opener
        self.pick = pick
        self.choices = 1  # how many addresses there were to pick from
        self.plan = plan
        self.sent = flow
        self.flow = flow
        self.state = state
        self.hops: list[Hop] = []
        self.ends: list[End] = []
        self.heard: list[End] = []  # those that have let it pass as a packet of theirs, whatever becomes of it
        self.frames: list[Frame] = []
        self.translations: list[Translation] = []
        self.passages = 0
        self.kept = FRESH
        self.refusal: Reason | None = None
        self.refused_as = flow

    def walk(self, sender: str) -> Walk:
        at = self._send(sender)
        if self.refusal is not None:
            kept = self.kept.plus(State(tuple(self.heard)))
            return Walk(self.refusal, None, self.sent, self.refused_as, tuple(self.hops), kept)
        state = self._state()
        return Walk(Reason.DELIVERED, at, self.sent, self.flow, tuple(self.hops), state)

    def _state(self) -> State:
        return State((*self.heard, *self.ends), tuple(self.frames), tuple(self.translations))

    def _meet(self, hop: Hop) -> None:
        self.hops.append(msgspec.structs.replace(hop, flow=self.flow))
        if hop.refusal is not None and self.refusal is None:
            self.refusal = hop.refusal
            self.refused_as = self.flow

    def _send(self, sender: str) -> str | None:
        port = self.plan.get(Port, sender)
        segment = self.plan.get(Segment, port.segment) if port else None
        if port is None or segment is None:
            self._meet(Hop("port", sender, "is not there", refusal=Reason.NO_POWER))
            return None
        self._power(port, "sends")
        own = held_by(self.plan, port.node, self.flow.destination) if port.node else None
        if own:
            self._meet(Hop("port", own.port, "the sender's own node has the destination", (own.key,)))
            return own.port
        is_own = owns(self.plan, port, segment.domain, self.flow.source)
        if port.guard and not is_own:
            detail = f"{self.flow.source} is not one of its addresses"
            self._meet(Hop("port", port.id, detail, (port.key,), Reason.SPOOFED))
        domain = self.plan.get(Domain, segment.domain)
        if domain and is_asked(self.plan, domain, self.flow):
            self._meet(Hop("domain", domain.id, f"answers at {self.flow.destination} itself", (domain.key,)))
            return domain.id
        return self._leave(port, segment, port if is_own or is_balancer(self.plan, port) else None)

    def _leave(self, port: Port, segment: Segment, sender: Port | None) -> str | None:
        end = self.state.end(port.id, self.flow)
        brought = end.brought if end and self.flow == end.flow.reply() else None
        back = returns_to(self.plan, port, self.flow, brought, self.state.translations)
        if back is not None:
            step = _Step(Hop("node", str(back.node), "an answer to what came through it", (back.key,)), back)
        else:
            step = _decide(self.plan, segment.domain, segment.table, self.flow.destination, segment)
        receiver = step.port
        if receiver and not owns(self.plan, receiver, segment.domain, self.flow.destination):
            receiver = None
        self._rules(port, Direction.OUT, receiver, step.port)
        self._meet(step.hop)
        if step.port:
            if step.port.segment != segment.id:
                self._fence(segment, Direction.OUT)
            return self._arrive(step.port, sender, from_segment=segment.id)
        if step.link:
            self._fence(segment, Direction.OUT)
            return self._over(step.link, segment.domain)
        return None

    def _over(self, link: Link, domain: str) -> str | None:
        """Over a link, and over those that its arrival table leads to. Nobody is the sender from here on."""
        for _ in range(MAX_ROUTES):
            crossing = cross(self.plan, link, domain, self.flow, self.state.frames)
            self._meet(Hop("link", link.id, crossing.detail, crossing.rows, crossing.refusal))
            if crossing.refusal:
                return None
            domain = self._crossed(crossing)
            step = _decide(self.plan, domain, crossing.table, self.flow.destination)
            self._meet(step.hop)
            if step.port:
                return self._arrive(step.port, None, from_segment=None)
            if step.link is None:
                return None
            link = step.link
        self._meet(Hop("link", link.id, f"not delivered after {MAX_ROUTES} links", (link.key,), Reason.LOOP))
        return None

    def _crossed(self, crossing: Crossing) -> str:
        self.flow = crossing.flow
        if crossing.frame:
            self.frames.append(crossing.frame)
        if self.ends and self.refusal is None:
            self.kept = self._state()
        return crossing.domain

    def _arrive(self, port: Port, sender: Port | None, from_segment: str | None) -> str | None:
        segment = self.plan.get(Segment, port.segment)
        if segment and segment.id != from_segment:
            self._fence(segment, Direction.IN)
        self._power(port, None)
        if segment and is_translator(self.plan, port):
            return self._through(port, segment)
        if segment and is_balancer(self.plan, port):
            self._rules(port, Direction.IN, sender, sender)
            return self._through(port, segment)
        if port.guard and not (segment and owns(self.plan, port, segment.domain, self.flow.destination)):
            detail = f"{self.flow.destination} is not one of its addresses"
            self._meet(Hop("port", port.id, detail, (port.key,), Reason.NOT_MINE))
        self._rules(port, Direction.IN, sender, sender)
        if self.refusal is None:
            self._meet(Hop("port", port.id, "takes it", (port.key,)))
        return port.id

    def _through(self, port: Port, segment: Segment) -> str | None:
        """Through a translator, which is none of the connection's ends, or through a balancer, which is: law 4."""
        self.passages += 1
        if self.passages > MAX_ROUTES:
            self._meet(Hop("node", str(port.node), "round in circles", (port.key,), Reason.LOOP))
            return None
        known = (*self.state.translations, *self.translations)
        passage, choices_ = self._passage(port, segment.domain, known)
        self._meet(Hop("node", str(port.node), passage.detail, (port.key, *passage.rows), passage.refusal))
        if passage.refusal:
            return None
        self.flow = passage.flow
        if passage.new:
            self.choices = max(self.choices, choices_)
        if passage.translation:
            self.translations.append(passage.translation)
        if self.refusal is None:
            self.kept = self._state()
        own = owns(self.plan, port, segment.domain, self.flow.source)
        return self._leave(port, segment, port if own or is_balancer(self.plan, port) else None)

    def _passage(self, port: Port, domain: str, known: tuple[Translation, ...]) -> tuple[Passage, int]:
        """What becomes of the packet there, and among how many ways."""
        if is_balancer(self.plan, port):
            return balance(self.plan, port, domain, self.flow, known, opener=self.opener, pick=self.pick)
        passage = translate(self.plan, port, domain, self.flow, known, opener=self.opener, pick=self.pick)
        return passage, len(choices(self.plan, str(port.node)))

    def _power(self, port: Port, detail: str | None) -> None:
        missing = without_power(self.plan, port)
        if missing:
            self._meet(Hop("port", port.id, missing[0], (missing[1].key,), Reason.NO_POWER))
        elif detail:
            self._meet(Hop("port", port.id, detail, (port.key,)))

    def _rules(self, port: Port, direction: Direction, other: Port | None, next_to: Port | None) -> None:
        """`next_to`: the port that gets the packet, or that it came from."""
        if not port.filtered:
            return
        if known := self.state.end(port.id, self.flow):
            if self.refusal is None:
                self.heard.append(known.hears(opener=self.opener))
            self._meet(Hop("filter", port.id, f"{direction}: of a tracked connection"))
            return
        judgement = judge_port(self.plan, port, direction, self.flow, other)
        if self._is_always_tracked(port) or (next_to is not None and self._is_always_tracked(next_to)):
            judgement = msgspec.structs.replace(judgement, tracked=True)
        self._meet(_judged("filter", port.id, direction, judgement, REFUSED_BY_RULES[direction]))
        if judgement.allowed and judgement.tracked and self.opener:
            brought = next_to.id if direction is Direction.IN and next_to and self._is_kept(next_to) else None
            self.ends.append(End(port.id, self.flow, port.node, port.idle, brought=brought))

    def _is_kept(self, back: Port) -> bool:
        """Whether a balancer has sent the packet on with the opener's address."""
        sent = (one for one in (*self.state.translations, *self.translations) if one.node == back.node)
        kept = any(one.sent == self.flow and one.sent.source == one.seen.source for one in sent)
        return kept and is_balancer(self.plan, back)

    def _is_always_tracked(self, end: Port) -> bool:
        return is_translator(self.plan, end) or is_balancer(self.plan, end)

    def _fence(self, segment: Segment, direction: Direction) -> None:
        if segment.fence is None:
            return
        judgement = judge_fence(self.plan, segment.fence, direction, self.flow)
        self._meet(_judged("fence", segment.fence, direction, judgement, REFUSED_BY_FENCE[direction]))


def _judged(what: str, name: str, direction: Direction, judgement: Judgement, refusal: Reason) -> Hop:
    deciding = judgement.deciding or tuple(rule for rule, _ in judgement.tried)
    rows = tuple(rule.key for rule in deciding)
    if judgement.allowed:
        untracked = "" if judgement.tracked else ", untracked"
        return Hop(what, name, f"{direction}: allowed by {' '.join(rule.id for rule in deciding)}{untracked}", rows)
    if judgement.deciding:
        return Hop(what, name, f"{direction}: denied by {judgement.deciding[0].id}", rows, refusal)
    tried = ", ".join(f"{rule.id} ({differs})" for rule, differs in judgement.tried)
    return Hop(what, name, f"{direction}: no rule matches: {tried or 'there is none'}", rows, refusal)


def _decide(plan: Plan, domain: str, table: str, ip: str, segment: Segment | None = None) -> _Step:
    """Law 1: where a packet to `ip` goes. `segment`: the one that it leaves, None for what came over a link."""
    if segment is not None and segment.prefix.holds(ip):
        return _deliver(plan, domain, ip, Hop("segment", segment.id, "in the same segment", (segment.key,)))
    route = best_route(plan, table, ip)
    if route is None:
        return _Step(Hop("table", table, f"no route to {ip}", (), Reason.NO_ROUTE))
    return _follow(plan, domain, ip, route)


def _follow(plan: Plan, domain: str, ip: str, route: Route) -> _Step:
    hop = Hop("table", route.table, "", (route.key,))
    replace = msgspec.structs.replace
    match route.via:
        case Deliver():
            return _deliver(plan, domain, ip, replace(hop, detail=f"{route.prefix} is local"))
        case ToPort(name):
            port, link = plan.get(Port, name), None
        case ToLink(name):
            port, link = None, plan.get(Link, name)
            link = link if link and domain in (link.a, link.b) else None
        case Drop(name):
            return _Step(replace(hop, detail=f"{route.prefix} to nowhere ({name})", refusal=Reason.BLACKHOLE))
    if port is None and link is None:
        return _Step(replace(hop, detail=f"{route.prefix} to {name}, not there", refusal=Reason.BLACKHOLE))
    return _Step(replace(hop, detail=f"{route.prefix} to {name}"), port, link)


def _deliver(plan: Plan, domain: str, ip: str, hop: Hop) -> _Step:
    found = owner(plan, domain, ip)
    if found is None:
        detail = f"{hop.detail}, but nobody has {ip}"
        return _Step(msgspec.structs.replace(hop, detail=detail, refusal=Reason.NO_SUCH_ADDRESS))
    return _Step(msgspec.structs.replace(hop, rows=(*hop.rows, found[0].key)), found[1])
