"""All pairs of addresses of one domain at once: what is open between each two classes of them, in bitsets.

Where routes lead straight from one address to the other, what passes is an intersection: what the sender's rules let
out to that address, the receiver's let in from that one, and the fences of their segments both ways. Each of those is
a bitset over the service line, cut into atoms where a filter of the domain begins or ends to let something pass.
Addresses of which no rule, fence, table or law can tell one from the other are one class (the same segment, the same
filters worn, inside the same prefixes that rules name), and a row. Answers are asked of fences alone (rules know the
connection, law 5), by the sender's source port. So two bitsets say all of a pair: the services that arrive, and the
services as which answers get back. Pairs whose way is another (a middlebox, a translator, a balancer, a link) are few,
and asked one by one: see `reach`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from atoll.analyze.lookup import Plan, is_balancer, without_power
from atoll.analyze.reach.flows import (
    BLOCK,
    ECHO_REPLIES,
    ECHO_REQUESTS,
    IPV4,
    SERVICES,
    TRANSPORT,
    Box,
    block,
    place,
    protocol_block,
)
from atoll.analyze.reach.routes import divided
from atoll.analyze.reach.spans import Span, both, either, joined, moved, single, without
from atoll.analyze.sides import Parts, Sides
from atoll.analyze.translators import is_translator
from atoll.packet import TCP, UDP, ip_number
from atoll.plan.rows import Address, Deliver, Direction, Peer, Port, Segment, SentBy, Wearing

Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]
WORD = 64
ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
NONE = np.uint64(0)


class Atoms:
    """The service line, cut at each edge of these sets: a set is a row of bits."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ranges = [one for span in (SERVICES, TRANSPORT, ECHO_REQUESTS, ECHO_REPLIES, *spans) for one in span]
        lows, highs = np.array(ranges, dtype=np.int64).T
        edges = np.unique(np.concatenate((lows, highs + 1)))
        self.starts = edges[:-1]
        self.ends = edges[1:]
        self.words = -(-len(self.starts) // WORD)

    def rows(self, spans: list[Span]) -> Bits:
        """A row for each of the sets, which have to begin and end at edges."""
        flags = np.zeros((len(spans), self.words * WORD + 1), dtype=np.int8)
        ends = [(row, low, high) for row, span in enumerate(spans) for low, high in span]
        if ends:
            row, low, high = np.array(ends, dtype=np.int64).T
            flags[row, np.searchsorted(self.starts, low)] = 1
            flags[row, np.searchsorted(self.ends, high + 1) + 1] = -1
        filled = np.cumsum(flags[:, :-1], axis=1, dtype=np.int8)
        return np.packbits(filled.view(bool), axis=1, bitorder="little").view(np.uint64)

    def bits(self, span: Span) -> Bits:
        """The row of one set."""
        row: Bits = self.rows([span])[0]
        return row

    def span(self, bits: Bits) -> Span:
        """The set of a row."""
        flags = np.unpackbits(np.ascontiguousarray(bits).view(np.uint8), bitorder="little")[: len(self.starts)]
        return joined(tuple((int(self.starts[at]), int(self.ends[at]) - 1) for at in np.flatnonzero(flags)))


class Matrix:
    """The answer for one domain. Rows are classes of senders' addresses, columns those that are asked.

    `arrives`: services that arrive; `returns`: services as which an answer gets back; `leads`: whether the way between
    the classes is a straight one; of others nothing is said. What a node sends to itself is open whatever these say.
    `class_of`: the class of each address; `port_of`: the number of its port. `sides`: the plan's filters, as far as
    they have been read already.
    """

    def __init__(self, plan: Plan, domain: str, sides: Sides | None = None) -> None:
        self._plan = plan
        self._sides = sides or Sides(plan)
        self._segments = plan.by(Segment, "domain", domain)
        self.ports = [port for segment in self._segments for port in plan.by(Port, "segment", segment.id)]
        rows = ((number, row) for number, port in enumerate(self.ports) for row in plan.by(Address, "port", port.id))
        mine = [(number, row.ip) for number, row in rows if row.domain == domain and ip_number(row.ip)[0] == 4]
        self.addresses = [ip for _, ip in mine]
        self.port_of = np.array([number for number, _ in mine], dtype=np.intp)
        self._line = np.array([place(ip) for ip in self.addresses], dtype=np.int64)
        self._worn = [tuple(one.filter for one in plan.by(Wearing, "port", port.id)) for port in self.ports]
        self._fences = {
            (segment.fence, way): self._sides.fence(segment.fence, way)
            for segment in self._segments
            for way in Direction
        }
        self._named = self._peers_of_groups()
        self.class_of, self._first = self._classes()
        self._groups()
        self.leads = self._straight()
        self.arrives, self.returns = self._pairs()

    @property
    def sizes(self) -> Numbers:
        """How many addresses are in each class."""
        return np.bincount(self.class_of, minlength=len(self._first))

    @property
    def direct(self) -> Flags:
        """By address: whether the way of the pair is a straight one."""
        found: Flags = self.leads[self._each()]
        return found

    @property
    def forward(self) -> Bits:
        """By address: the services that arrive, as bits. Takes the square of the number of addresses."""
        sends = self._alive()[:, None, None]
        return np.where(self._own(), np.where(sends, ONES, NONE), self.arrives[self._each()])

    @property
    def back(self) -> Bits:
        """By address: the services as which answers get back, as bits."""
        takes = self._alive()[None, :, None]
        return np.where(self._own(), np.where(takes, ONES, NONE), self.returns[self._each()])

    def arriving(self, sender: str, asked: str) -> Span:
        """The services that arrive. LookupError where the pair is not direct."""
        row, column = self._place(sender, asked)
        if self._same_node(row, column):
            return SERVICES if self._powered(row) else ()
        return self.atoms.span(self.arrives[self.class_of[row], self.class_of[column]])

    def open(self, sender: str, asked: str) -> list[Box]:
        """The flows that arrive and are answered. LookupError where the pair is not direct."""
        arriving = self.arriving(sender, asked)
        row, column = self._place(sender, asked)
        if self._same_node(row, column):
            returning = SERVICES if self._powered(column) else ()
        else:
            returning = self.atoms.span(self.returns[self.class_of[row], self.class_of[column]])
        return answered(single(place(sender)), single(place(asked)), arriving, returning)

    def _place(self, sender: str, asked: str) -> tuple[int, int]:
        row, column = self.addresses.index(sender), self.addresses.index(asked)
        if not self.leads[self.class_of[row], self.class_of[column]]:
            raise LookupError(f"from {sender} to {asked} the way is no straight one")
        return row, column

    def _each(self) -> tuple[Numbers, Numbers]:
        return self.class_of[:, None], self.class_of[None, :]

    def _same_node(self, row: int, column: int) -> bool:
        one, other = (self.ports[int(self.port_of[at])] for at in (row, column))
        nodes = [port.node or port.id for port in (one, other)]
        return nodes[0] == nodes[1]

    def _powered(self, at: int) -> bool:
        return without_power(self._plan, self.ports[self.port_of[at]]) is None

    def _own(self) -> Flags:
        known: dict[str, int] = {}
        nodes = [known.setdefault(port.node or port.id, len(known)) for port in self.ports]
        numbers = np.array(nodes, dtype=np.intp)[self.port_of]
        own: Flags = (numbers[:, None] == numbers[None, :])[:, :, None]
        return own

    def _alive(self) -> Flags:
        return np.array([without_power(self._plan, port) is None for port in self.ports], dtype=bool)[self.port_of]

    def _peers_of_groups(self) -> dict[Peer, Flags]:
        """For each peer that rules of groups name, which addresses are meant."""
        self._filters = list(
            {name: None for port, worn in zip(self.ports, self._worn, strict=True) if port.filtered for name in worn}
        )
        named: dict[Peer, Flags] = {}
        wearing: dict[str, list[int]] = {}
        for number, worn in enumerate(self._worn):
            for name in worn:
                wearing.setdefault(name, []).append(number)
        for name in self._filters:
            for way in Direction:
                for peer in self._sides.group(name, way):
                    if peer in named:
                        continue
                    if isinstance(peer, SentBy):
                        ports = np.zeros(len(self.ports), dtype=bool)
                        ports[wearing.get(peer.filter, [])] = True
                        named[peer] = ports[self.port_of]
                    else:
                        named[peer] = self._inside(self._sides.peers(peer))
        return named

    def _classes(self) -> tuple[Numbers, Numbers]:
        """The class of each address, and an address of each class."""
        masks = list(self._named.values())
        self._handed = [self._inside(self._hands(segment)) for segment in self._segments]
        self._part_of = {key: self._numbered(fence) for key, fence in self._fences.items()}
        every = [*masks, *self._handed]
        bits = np.packbits(np.array(every, dtype=bool).reshape(len(every), len(self.addresses)), axis=0).T
        numbers = np.array(list(self._part_of.values()), dtype=np.int32).reshape(len(self._part_of), -1).T
        seen = [bits[at].tobytes() + numbers[at].tobytes() for at in range(len(self.addresses))]
        by_port = [
            (port.segment, worn if port.filtered else None, *self._nature(port))
            for port, worn in zip(self.ports, self._worn, strict=True)
        ]
        known: dict[object, int] = {}
        found = [
            known.setdefault((by_port[number], one), len(known))
            for number, one in zip(self.port_of.tolist(), seen, strict=True)
        ]
        class_of = np.array(found, dtype=np.intp)
        first = np.unique(class_of, return_index=True)[1].astype(np.intp)
        return class_of, first

    def _nature(self, port: Port) -> tuple[bool, bool]:
        """Law 7, and whether what it gets is for others."""
        through = is_translator(self._plan, port) or is_balancer(self._plan, port)
        return without_power(self._plan, port) is None, through

    def _groups(self) -> None:
        """Atoms, and which filters and segment each class has."""
        sides = self._sides
        spans = {span for name in self._filters for way in Direction for span in sides.group(name, way).values()}
        spans.update(span for fence in self._fences.values() for _, span in fence)
        self.atoms = Atoms(spans)

    def _pairs(self) -> tuple[Bits, Bits]:
        out, into = (self._worn_rows(way) for way in (Direction.OUT, Direction.IN))
        arrives = out
        arrives &= into.transpose(1, 0, 2)
        alive = np.array([self._powered(at) for at in self._first.tolist()], dtype=bool)
        passing = self._passing()
        if passing is not None:
            arrives &= passing
        if not alive.all():
            arrives[~alive] = NONE
            arrives[:, ~alive] = NONE
        if passing is None:
            passing = np.broadcast_to(ONES, arrives.shape)
        returns = passing.transpose(1, 0, 2)
        if not alive.all():
            returns = np.where(alive[None, :, None], returns, NONE)
        return arrives, returns

    def _passing(self) -> Bits | None:
        """What the fences let pass from class to class; None where there is none."""
        if all(segment.fence is None for segment in self._segments):
            return None
        leaving, entering = (self._fence_rows(way) for way in (Direction.OUT, Direction.IN))
        numbers = {segment.id: number for number, segment in enumerate(self._segments)}
        mine = np.array([numbers[self.ports[self.port_of[at]].segment] for at in self._first], dtype=np.intp)
        found: Bits = leaving[mine]
        found &= entering[mine].transpose(1, 0, 2)
        for number in range(len(self._segments)):
            here = np.flatnonzero(mine == number)
            found[np.ix_(here, here)] = ONES
        return found

    def _fence_rows(self, way: Direction) -> Bits:
        """For each segment and each class at the other end what the fence lets pass."""
        found = np.empty((len(self._segments), len(self._first), self.atoms.words), dtype=np.uint64)
        known: dict[str | None, Bits] = {}
        for number, segment in enumerate(self._segments):
            if segment.fence not in known:
                key = (segment.fence, way)
                rows = self.atoms.rows([*(span for _, span in self._fences[key]), ()])
                known[segment.fence] = rows[self._part_of[key][self._first]]
            found[number] = known[segment.fence]
        return found

    def _worn_rows(self, way: Direction) -> Bits:
        """For each class what its filters let pass, by the class at the other end."""
        spans: list[Span] = []
        of_group: list[int] = []
        of_peer: list[int] = []
        numbers = {peer: number for number, peer in enumerate(self._named)}
        for number, name in enumerate(self._filters):
            for peer, span in self._sides.group(name, way).items():
                spans.append(span)
                of_group.append(number)
                of_peer.append(numbers[peer])
        count, words = len(self._first), self.atoms.words
        groups = np.zeros((len(self._filters) + 2, count, words), dtype=np.uint64)
        groups[-1] = ONES  # of ports that are not filtered; the last but one is of no filter
        if spans:
            masks = np.array(list(self._named.values()))[:, self._first]
            entry, column = np.nonzero(masks[of_peer])
            cells = np.array(of_group, dtype=np.intp)[entry] * count + column
            order = np.argsort(cells, kind="stable")
            cells = cells[order]
            starts = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]]) if len(cells) else cells
            if len(cells):
                gathered = self.atoms.rows(spans)[entry[order]]
                groups.reshape(-1, words)[cells[starts]] = np.bitwise_or.reduceat(gathered, starts, axis=0)
        return self._united(groups)

    def _united(self, groups: Bits) -> Bits:
        at = {name: number for number, name in enumerate(self._filters)}
        worn = []
        for first in self._first.tolist():
            number = self.port_of[first]
            filtered = self.ports[number].filtered
            worn.append([at[name] for name in self._worn[number]] if filtered else [len(at) + 1])
        slots = max((len(one) for one in worn), default=0)
        table = np.array([[*one, *[len(at)] * (slots - len(one))] for one in worn], dtype=np.intp)
        if not slots:
            return np.zeros((len(worn), len(worn), groups.shape[2]), dtype=np.uint64)
        found: Bits = groups[table[:, 0]]
        for slot in range(1, slots):
            found |= groups[table[:, slot]]
        return found

    def _numbered(self, fence: Parts) -> Numbers:
        """In which part of a fence each address is; the number of parts where in none."""
        found = np.full(len(self._line), len(fence), dtype=np.intp)
        for number, (peers, _) in enumerate(fence):
            found[self._inside(peers)] = number
        return found

    def _inside(self, span: Span) -> Flags:
        found = np.zeros(len(self._line), dtype=bool)
        for low, high in span:
            if low < 1 << 32:
                found |= (self._line >= low) & (self._line <= high)
        return found

    def _straight(self) -> Flags:
        """Pairs of classes where each end's table hands what is for the other over to it."""
        numbers = {segment.id: number for number, segment in enumerate(self._segments)}
        ports = [self.ports[self.port_of[at]] for at in self._first.tolist()]
        handed = np.array(self._handed, dtype=bool).reshape(len(self._segments), -1)[:, self._first]
        there = handed[[numbers[port.segment] for port in ports]] if ports else np.zeros((0, 0), dtype=bool)
        passes = np.array([self._nature(port)[1] for port in ports], dtype=bool)
        straight: Flags = there & there.T & ~passes[:, None] & ~passes[None, :]
        return straight

    def _hands(self, segment: Segment) -> Span:
        """The addresses that go straight to who has them, from that segment."""
        routed = (span for via, span in divided(self._plan, segment.table, IPV4) if isinstance(via, Deliver))
        return either(block(segment.prefix), joined(tuple(part for span in routed for part in span)))


def answered(source: Span, destination: Span, arriving: Span, returning: Span) -> list[Box]:
    """The flows between these addresses that arrive and are answered: of services in `arriving`, where what the answer
    looks like is in `returning`.
    """
    boxes = []
    for protocol in (TCP, UDP):
        whole = protocol_block(protocol)
        sports = moved(both(returning, whole), -(protocol << BLOCK))
        boxes.append(Box(source, destination, both(arriving, whole), sports))
    echoes = moved(both(returning, ECHO_REPLIES), ECHO_REQUESTS[0][0] - ECHO_REPLIES[0][0])
    others = (*without(without(returning, TRANSPORT), ECHO_REQUESTS), *echoes)
    boxes.append(Box(source, destination, both(arriving, joined(others))))
    return [box for box in boxes if not box.empty]


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
    direct, forward, backward = matrix.direct, matrix.forward, matrix.back  # each is made anew when it is asked for
    for line, sender in enumerate(names):
        for column, asked in enumerate(names):
            if not direct[line, column]:
                others.add((sender, asked))
                continue
            arriving = span(forward[line, column])
            back = span(backward[line, column]) if arriving else ()
            found.setdefault((sender, asked), set()).add((arriving, back))
    return {pair: frozenset(fates) for pair, fates in found.items() if pair not in others}


def _small(plan: Plan, domain: str) -> Matrix | None:
    """The matrix of a domain that is small enough for one, and has addresses."""
    ports = [port for segment in plan.by(Segment, "domain", domain) for port in plan.by(Port, "segment", segment.id)]
    count = sum(plan.count(Address, "port", port.id) for port in ports)
    matrix = Matrix(plan, domain) if 0 < count <= MOST_ADDRESSES else None
    return matrix if matrix is not None and matrix.addresses else None
