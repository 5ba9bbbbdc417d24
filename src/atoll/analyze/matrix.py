"""All pairs of addresses of one domain at once: what is open between each two, in bitsets.

Where routes lead straight from one address to the other, what passes is an intersection: what the sender's rules let
out to that address, the receiver's let in from that one, and the fences of their segments both ways. Each of those is
a bitset over the service line, cut into atoms where a rule of the domain begins or ends; rows are addresses. Answers
are asked of fences alone (rules know the connection, law 5), by the sender's source port. So two bitsets say all of a
pair: the services that arrive, and the services as which answers get back. Pairs whose way is another (a middlebox, a
translator, a link) are few, and asked one by one: see `reach`.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from atoll.analyze.lookup import Plan, best_route, is_balancer, without_power
from atoll.analyze.reach.flows import (
    BLOCK,
    ECHO_REPLIES,
    ECHO_REQUESTS,
    SERVICES,
    TRANSPORT,
    Box,
    block,
    place,
    protocol_block,
)
from atoll.analyze.reach.rules import members, services
from atoll.analyze.reach.spans import Span, both, joined, moved, single, without
from atoll.analyze.translators import is_translator
from atoll.packet import TCP, UDP, ip_number
from atoll.plan.rows import (
    Address,
    Deliver,
    Direction,
    In,
    InSet,
    Peer,
    Port,
    Rule,
    Segment,
    SentBy,
    Wearing,
)

Bits = NDArray[np.uint64]
WORD = 64
ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class Atoms:
    """The service line, cut at each edge of these sets: a set is a row of bits."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ranges = [one for span in (SERVICES, TRANSPORT, ECHO_REQUESTS, ECHO_REPLIES, *spans) for one in span]
        edges = sorted({edge for low, high in ranges for edge in (low, high + 1)})
        self.starts = np.array(edges[:-1], dtype=np.int64)
        self.ends = np.array(edges[1:], dtype=np.int64)
        self.words = -(-len(self.starts) // WORD)
        self._known: dict[Span, Bits] = {}

    def bits(self, span: Span) -> Bits:
        """The row of a set, which has to begin and end at edges."""
        if span not in self._known:
            flags = np.zeros(self.words * WORD, dtype=bool)
            for low, high in span:
                flags[np.searchsorted(self.starts, low) : np.searchsorted(self.ends, high + 1) + 1] = True
            self._known[span] = np.packbits(flags, bitorder="little").view(np.uint64)
        return self._known[span]

    def span(self, bits: Bits) -> Span:
        """The set of a row."""
        flags = np.unpackbits(bits.view(np.uint8), bitorder="little")[: len(self.starts)]
        return joined(tuple((int(self.starts[at]), int(self.ends[at]) - 1) for at in np.flatnonzero(flags)))


class Matrix:
    """The answer for one domain. Rows are senders' addresses, columns those that are asked.

    `forward`: services that arrive; `back`: services as which an answer gets back. `direct`: whether the pair's way is
    a straight one; of others nothing is said. A node's own addresses are all open to it.
    """

    def __init__(self, plan: Plan, domain: str) -> None:
        self._plan = plan
        self._segments = plan.by(Segment, "domain", domain)
        self.ports = [port for segment in self._segments for port in plan.by(Port, "segment", segment.id)]
        rows = ((number, row) for number, port in enumerate(self.ports) for row in plan.by(Address, "port", port.id))
        mine = [(number, row.ip) for number, row in rows if row.domain == domain and ip_number(row.ip)[0] == 4]
        self.addresses = [ip for _, ip in mine]
        self.port_of = np.array([number for number, _ in mine], dtype=np.intp)
        self._line = np.array([place(ip) for ip in self.addresses], dtype=np.int64)
        self._rules = {port.id: self._worn(port) for port in self.ports}
        fenced = {segment.fence: plan.by(Rule, "filter", segment.fence) for segment in self._segments if segment.fence}
        every = (rule for rules in (*self._rules.values(), *fenced.values()) for rule in rules)
        self.atoms = Atoms({services(rule.match) for rule in every})
        self._fences = {name: self._ordered(rules) for name, rules in fenced.items()}
        self._unions: dict[tuple[str, Direction], Bits] = {}
        self.direct = self._straight()
        self.forward, self.back = self._pairs()

    def arriving(self, sender: str, asked: str) -> Span:
        """The services that arrive. LookupError where the pair is not direct."""
        return self.atoms.span(self.forward[self._place(sender, asked)])

    def open(self, sender: str, asked: str) -> list[Box]:
        """The flows that arrive and are answered. LookupError where the pair is not direct."""
        arriving = self.arriving(sender, asked)
        returning = self.atoms.span(self.back[self._place(sender, asked)])
        ends = single(place(sender)), single(place(asked))
        boxes = []
        for protocol in (TCP, UDP):
            whole = protocol_block(protocol)
            sports = moved(both(returning, whole), -(protocol << BLOCK))
            boxes.append(Box(*ends, both(arriving, whole), sports))
        echoes = moved(both(returning, ECHO_REPLIES), ECHO_REQUESTS[0][0] - ECHO_REPLIES[0][0])
        answered = (*without(without(returning, TRANSPORT), ECHO_REQUESTS), *echoes)
        boxes.append(Box(*ends, both(arriving, joined(answered))))
        return [box for box in boxes if not box.empty]

    def _place(self, sender: str, asked: str) -> tuple[int, int]:
        row, column = self.addresses.index(sender), self.addresses.index(asked)
        if not self.direct[row, column]:
            raise LookupError(f"from {sender} to {asked} the way is no straight one")
        return row, column

    def _worn(self, port: Port) -> list[Rule]:
        worn = self._plan.by(Wearing, "port", port.id)
        return [rule for one in worn for rule in self._plan.by(Rule, "filter", one.filter) if rule.allow]

    def _pairs(self) -> tuple[Bits, Bits]:
        out, into = (self._by_address(self._union_of(direction)) for direction in (Direction.OUT, Direction.IN))
        leaving, entering = (self._by_address(self._fence_of(direction)) for direction in (Direction.OUT, Direction.IN))
        across = self._numbers(lambda port: port.segment)
        border = (across[:, None] != across[None, :])[:, :, None]
        fenced = leaving & entering.transpose(1, 0, 2)
        passing = np.where(border, fenced, ONES)
        forward = out & into.transpose(1, 0, 2) & passing
        back = passing.transpose(1, 0, 2)
        nodes = self._numbers(lambda port: port.node or port.id)
        own = (nodes[:, None] == nodes[None, :])[:, :, None]
        power = [without_power(self._plan, port) is None for port in self.ports]
        alive = np.array(power, dtype=bool)[self.port_of]
        sends, takes = alive[:, None, None], alive[None, :, None]
        none = np.uint64(0)
        forward = np.where(sends & (own | takes), np.where(own, ONES, forward), none)
        back = np.where(takes, np.where(own, ONES, back), none)
        return forward, back

    def _numbers(self, name: Callable[[Port], str]) -> NDArray[np.intp]:
        """A number for each address, the same where the name of its port is the same."""
        known: dict[str, int] = {}
        numbers = [known.setdefault(name(port), len(known)) for port in self.ports]
        return np.array(numbers, dtype=np.intp)[self.port_of]

    def _by_address(self, of_port: Callable[[Port], Bits]) -> Bits:
        """For each address, what its port says of every other."""
        rows = {port.id: of_port(port) for port in self.ports}
        return np.stack([rows[self.ports[number].id] for number in self.port_of])

    def _union_of(self, direction: Direction) -> Callable[[Port], Bits]:
        def union(port: Port) -> Bits:
            if not port.filtered:
                return self._all()
            found = np.zeros((len(self.addresses), self.atoms.words), dtype=np.uint64)
            for worn in self._plan.by(Wearing, "port", port.id):
                found |= self._filter(worn.filter, direction)
            return found

        return union

    def _filter(self, name: str, direction: Direction) -> Bits:
        """What one filter lets pass, by the address of the other end."""
        key = (name, direction)
        if key not in self._unions:
            found = np.zeros((len(self.addresses), self.atoms.words), dtype=np.uint64)
            for rule in self._plan.by(Rule, "filter", name):
                if rule.allow and rule.direction is direction:
                    found[self._peers(rule.match.peer)] |= self.atoms.bits(services(rule.match))
            self._unions[key] = found
        return self._unions[key]

    def _fence_of(self, direction: Direction) -> Callable[[Port], Bits]:
        fences = {segment.id: segment.fence for segment in self._segments}

        def fence(port: Port) -> Bits:
            name = fences[port.segment]
            return self._fences[name][direction] if name else self._all()

        return fence

    def _ordered(self, rules: list[Rule]) -> dict[Direction, Bits]:
        found = {}
        for direction in Direction:
            allowed = np.zeros((len(self.addresses), self.atoms.words), dtype=np.uint64)
            left = self._all()
            for rule in sorted((one for one in rules if one.direction is direction), key=lambda one: one.order or 0):
                peers = self._peers(rule.match.peer)
                matched = left[peers] & self.atoms.bits(services(rule.match))
                if rule.allow:
                    allowed[peers] |= matched
                left[peers] &= ~matched
            found[direction] = allowed
        return found

    def _peers(self, peer: Peer) -> NDArray[np.bool_]:
        match peer:
            case In(prefix):
                return self._inside(block(prefix))
            case InSet(group):
                return self._inside(members(self._plan, group))
            case SentBy(name):
                wearing = {worn.port for worn in self._plan.by(Wearing, "filter", name)}
                return np.array([port.id in wearing for port in self.ports], dtype=bool)[self.port_of]

    def _inside(self, span: Span) -> NDArray[np.bool_]:
        found = np.zeros(len(self._line), dtype=bool)
        for low, high in span:
            if low < 1 << 32:
                found |= (self._line >= low) & (self._line <= high)
        return found

    def _all(self) -> Bits:
        return np.full((len(self.addresses), self.atoms.words), ONES, dtype=np.uint64)

    def _straight(self) -> NDArray[np.bool_]:
        """Pairs where each end's table hands what is for the other over to it."""
        hands = {segment.id: [self._hands(segment, ip) for ip in self.addresses] for segment in self._segments}
        there = np.array([hands[self.ports[number].segment] for number in self.port_of], dtype=bool)
        through = [is_translator(self._plan, port) or is_balancer(self._plan, port) for port in self.ports]
        passes = np.array(through, dtype=bool)[self.port_of]
        straight: NDArray[np.bool_] = there & there.T & ~passes[:, None] & ~passes[None, :]
        return straight

    def _hands(self, segment: Segment, ip: str) -> bool:
        if segment.prefix.holds(ip):
            return True
        route = best_route(self._plan, segment.table, ip)
        return route is not None and isinstance(route.via, Deliver)


MOST_ADDRESSES = 1500
"""Of a domain: the matrix of more would take gigabytes."""


def answered_at(plan: Plan, domain: str) -> dict[str, Span]:
    """For each port of a domain the addresses in it to which its own way is straight, by whichever own address it
    sends, and from which every answer gets back to it, whatever the question was. Empty where that is not known.
    """
    matrix = _small(plan, domain)
    if matrix is None:
        return {}
    every = matrix.atoms.bits(SERVICES)
    silent = (matrix.forward == 0).all(axis=2)
    back = ((matrix.back & every) == every).all(axis=2)
    good = matrix.direct & (back | silent)
    found: dict[str, Span] = {}
    for number, port in enumerate(matrix.ports):
        mine = np.flatnonzero(matrix.port_of == number)
        asked: list[int] = np.flatnonzero(good[mine].all(axis=0)).tolist() if len(mine) else []
        found[port.id] = joined(tuple((place(matrix.addresses[at]), place(matrix.addresses[at])) for at in asked))
    return found


Fates = frozenset[tuple[Span, Span]]
"""What arrives, and as what answers get back, for pairs of addresses."""


def straight(plan: Plan, domain: str) -> dict[tuple[str, str], Fates]:
    """What gets from port to port, for those between all of whose addresses the way is straight."""
    matrix = _small(plan, domain)
    if matrix is None:
        return {}
    known: dict[bytes, Span] = {}
    found: dict[tuple[str, str], set[tuple[Span, Span]]] = {}
    others: set[tuple[str, str]] = set()

    def span(bits: Bits) -> Span:
        key = bits.tobytes()
        if key not in known:
            known[key] = matrix.atoms.span(bits)
        return known[key]

    names = [matrix.ports[number].id for number in matrix.port_of]
    for line, sender in enumerate(names):
        for column, asked in enumerate(names):
            if not matrix.direct[line, column]:
                others.add((sender, asked))
                continue
            arriving = span(matrix.forward[line, column])
            back = span(matrix.back[line, column]) if arriving else ()
            found.setdefault((sender, asked), set()).add((arriving, back))
    return {pair: frozenset(fates) for pair, fates in found.items() if pair not in others}


def _small(plan: Plan, domain: str) -> Matrix | None:
    """The matrix of a domain that is small enough for one, and has addresses."""
    ports = [port for segment in plan.by(Segment, "domain", domain) for port in plan.by(Port, "segment", segment.id)]
    count = sum(plan.count(Address, "port", port.id) for port in ports)
    matrix = Matrix(plan, domain) if 0 < count <= MOST_ADDRESSES else None
    return matrix if matrix is not None and matrix.addresses else None
