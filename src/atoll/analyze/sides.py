"""What filters let pass, read once each: for rules by their peers, for fences by parts of the addresses.

A change of a rule is a change of its filter alone: `forget` it, and it is read again when next asked for.
"""

from collections.abc import Iterable
from itertools import pairwise

from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import IPV4, SERVICES, block
from atoll.analyze.reach.rules import members, services
from atoll.analyze.reach.spans import NOTHING, Span, both, either, joined, without
from atoll.plan.rows import Direction, In, InSet, Peer, Rule, SentBy

Parts = tuple[tuple[Span, Span], ...]
"""Sets of IPv4 addresses that share none, each with the services that it may use. To the others nothing is open."""

Group = dict[Peer, Span]
EVERYTHING: Parts = ((IPV4, SERVICES),)


class Sides:
    """The filters of a plan that have been asked for. Who changes the plan says so with `forget`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._groups: dict[str, dict[Direction, Group]] = {}
        self._fences: dict[tuple[str, Direction], Parts] = {}

    def forget(self, name: str) -> None:
        """A rule of that filter has changed."""
        self._groups.pop(name, None)
        for direction in Direction:
            self._fences.pop((name, direction), None)

    def group(self, name: str, direction: Direction) -> Group:
        """The services that rules without order open, by the peer that they name."""
        if name not in self._groups:
            found: dict[Direction, dict[Peer, list[Span]]] = {one: {} for one in Direction}
            for rule in self._plan.by(Rule, "filter", name):
                if rule.allow:
                    match = rule.match
                    found[rule.direction].setdefault(match.peer, []).append(services(match))
            self._groups[name] = {
                one: {peer: _union(spans) for peer, spans in by_peer.items()} for one, by_peer in found.items()
            }
        return self._groups[name][direction]

    def fence(self, name: str | None, direction: Direction) -> Parts:
        """What the ordered rules of a fence let pass. None: no fence."""
        if name is None:
            return EVERYTHING
        key = (name, direction)
        if key not in self._fences:
            rules = [rule for rule in self._plan.by(Rule, "filter", name) if rule.direction is direction]
            self._fences[key] = self._ordered(sorted(rules, key=lambda rule: rule.order or 0))
        return self._fences[key]

    def peers(self, peer: In | InSet) -> Span:
        """The IPv4 addresses that a rule names."""
        return both(block(peer.prefix) if isinstance(peer, In) else members(self._plan, peer.set), IPV4)

    def _ordered(self, rules: list[Rule]) -> Parts:
        cut: list[tuple[Span, Span, Span]] = [(IPV4, NOTHING, SERVICES)]  # addresses, allowed, not decided yet
        for rule in rules:
            peer = rule.match.peer
            if isinstance(peer, SentBy):  # across the border of a segment nobody knows what a sender wears
                continue
            named, wanted = self.peers(peer), services(rule.match)
            after: list[tuple[Span, Span, Span]] = []
            for addresses, allowed, left in cut:
                near = both(addresses, named) if both(left, wanted) else NOTHING
                if near:
                    more = either(allowed, both(left, wanted)) if rule.allow else allowed
                    after.append((near, more, without(left, wanted)))
                far = without(addresses, near)
                if far:
                    after.append((far, allowed, left))
            cut = after
        return _by_services((addresses, allowed) for addresses, allowed, _ in cut)


def parts(pieces: Iterable[tuple[Span, Span]]) -> Parts:
    """The union of sets of addresses, each with services, cut so that they share no address."""
    by_peers: dict[Span, list[Span]] = {}
    for peers, span in pieces:
        if peers and span:
            by_peers.setdefault(peers, []).append(span)
    if len(by_peers) < 2:
        return tuple((peers, _union(spans)) for peers, spans in by_peers.items())
    edges = sorted({edge for peers in by_peers for low, high in peers for edge in (low, high + 1)})
    atoms = ((((low, high - 1),), low) for low, high in pairwise(edges))
    unions = {peers: _union(spans) for peers, spans in by_peers.items()}
    found = []
    for atom, low in atoms:
        here = [span for peers, span in unions.items() if any(first <= low <= last for first, last in peers)]
        if here:
            found.append((atom, _union(here)))
    return _by_services(found)


def at(found: Parts, address: int) -> Span:
    """The services that one address may use."""
    for peers, span in found:
        for low, high in peers:
            if low <= address <= high:
                return span
    return NOTHING


def crossed(one: Parts, other: Parts) -> Parts:
    """What both let pass."""
    if one is EVERYTHING or other is EVERYTHING:
        return other if one is EVERYTHING else one
    pairs = ((both(a, b), both(c, d)) for a, c in one for b, d in other)
    return tuple((peers, span) for peers, span in pairs if peers and span)


def _union(spans: list[Span]) -> Span:
    return spans[0] if len(spans) == 1 else joined(tuple(part for span in spans for part in span))


def _by_services(pieces: Iterable[tuple[Span, Span]]) -> Parts:
    """The same with each set of services once."""
    found: dict[Span, list[Span]] = {}
    for peers, span in pieces:
        if peers and span:
            found.setdefault(span, []).append(peers)
    return tuple((_union(peers), span) for span, peers in found.items())
