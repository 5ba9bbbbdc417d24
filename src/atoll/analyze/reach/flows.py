"""Sets of flows, and how the flows of a set look at a place on their way.

A set of flows is a union of boxes; a box is a product of four sets: source and destination addresses, services and
source ports. All boxes are about the packet as its sender sent it. What nodes and links rewrite is said by a view:
each field of the packet at some place is a field of the packet as it was sent, or a constant. So whatever is asked of
a packet somewhere ("is its destination now in 10.0.0.0/8?") is a condition on one field of the packet as sent, or
a plain yes or no, and boxes stay boxes through any number of translations. The answer to a packet is a view as well.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import NamedTuple

from msgspec.structs import replace

from atoll.analyze.reach.spans import NOTHING, Span, both, each, either, holds, joined, moved, of, single, size, without
from atoll.analyze.translators import ECHO_REQUEST
from atoll.packet import ICMP, TCP, UDP, Flow, Prefix, has_ports, ip_number, ip_text
from atoll.packet.protocol import ICMPV6

V6 = 1 << 128
"""IPv6 addresses stand on one line with those of IPv4, behind them."""

IPV4, IPV6 = of(0, (1 << 32) - 1), of(V6, 2 * V6 - 1)
ADDRESSES = {4: IPV4, 6: IPV6}

BLOCK = 16
"""A service is a protocol and, in so many bits, its destination port, or its ICMP type and code. Of other protocols
the bits mean nothing: sets hold all of them or none."""

SERVICES = of(0, (256 << BLOCK) - 1)
PORTS = of(0, 65535)
ECHO = ECHO_REQUEST << 8
"""How far the type of an echo request is from that of its reply, code included."""


def place(ip: str) -> int:
    """An address as a number on the line."""
    family, number = ip_number(ip)
    return number if family == 4 else V6 + number


def address(number: int) -> str:
    """The address at a place of the line, as text."""
    return ip_text(6, number - V6) if number >= V6 else ip_text(4, number)


def family(number: int) -> int:
    """4 or 6."""
    return 6 if number >= V6 else 4


@lru_cache(maxsize=65536)
def block(prefix: Prefix) -> Span:
    """The addresses of a prefix."""
    start = prefix.base if prefix.family == 4 else V6 + prefix.base
    return of(start, start + prefix.size - 1)


def prefixes(span: Span) -> Iterator[Prefix]:
    """The fewest prefixes that make up a set of addresses."""
    for low, high in span:
        beyond, start = (V6, low - V6) if low >= V6 else (0, low)
        kind = IPv6Address if beyond else IPv4Address
        for network in summarize_address_range(kind(start), kind(high - beyond)):
            yield Prefix.parse(str(network))


def protocol_block(protocol: int) -> Span:
    """Every service of a protocol."""
    return of(protocol << BLOCK, (protocol + 1 << BLOCK) - 1)


TRANSPORT = (*protocol_block(TCP), *protocol_block(UDP))
TYPED = (*protocol_block(ICMP), *protocol_block(ICMPV6))
OTHERS = without(SERVICES, TRANSPORT)
ECHO_REQUESTS = of((ICMP << BLOCK) + ECHO, (ICMP << BLOCK) + ECHO + 255)
SAME_PORTS, SAME_ADDRESSES = 1, 2
ANY_LIKENESS = of(0, 3)
ECHO_REPLIES = moved(ECHO_REQUESTS, -ECHO)


class Box(NamedTuple):
    """Flows as sent: every combination of these. Source ports are those of TCP and UDP, to others they mean nothing.

    `likeness`: which of the four cases that ports (+1) and addresses (+2) of the two ends are the same or not are in
    it. It is full but where a packet was compared with an answer; then a box may be empty although no field is.
    """

    source: Span
    destination: Span
    service: Span
    sport: Span = PORTS
    likeness: Span = ANY_LIKENESS

    @property
    def empty(self) -> bool:
        """Whether no flow is in it."""
        if not (self.source and self.destination and self.service and self.sport and self.likeness):
            return True
        return self.likeness != ANY_LIKENESS and not any(self._can_be(case) for case in each(self.likeness))

    def _can_be(self, case: int) -> bool:
        common = both(self.source, self.destination) if case & SAME_ADDRESSES else NOTHING
        other = size(self.source) > 1 or self.source != self.destination
        if not (common if case & SAME_ADDRESSES else other):
            return False
        ports = both(self.sport, _ports(self.service))
        if case & SAME_PORTS:
            return bool(ports)
        return bool(both(self.service, OTHERS)) or size(self.sport) > 1 or _ports(self.service) != self.sport

    def holds(self, flow: Flow) -> bool:
        """Whether that flow is in it."""
        return (
            holds(self.source, place(flow.source))
            and holds(self.destination, place(flow.destination))
            and holds(self.service, service(flow))
            and (not has_ports(flow.protocol) or holds(self.sport, flow.source_port))
            and (self.likeness is ANY_LIKENESS or holds(self.likeness, likeness(flow)))
        )


def likeness(flow: Flow) -> int:
    """Which case a flow is: see Box."""
    ports = has_ports(flow.protocol) and flow.source_port == flow.destination_port
    return SAME_PORTS * ports + SAME_ADDRESSES * (flow.source == flow.destination)


def _ports(span: Span) -> Span:
    """The destination ports of services of TCP and UDP."""
    return joined(tuple(part for p in (TCP, UDP) for part in moved(both(span, protocol_block(p)), -(p << BLOCK))))


def service(flow: Flow) -> int:
    """The service that a packet is for."""
    if has_ports(flow.protocol):
        return (flow.protocol << BLOCK) + flow.destination_port
    if flow.protocol in (ICMP, ICMPV6):
        return (flow.protocol << BLOCK) + (flow.icmp_type << 8) + flow.icmp_code
    return flow.protocol << BLOCK


def flow_of(source: int, destination: int, wanted: int, sport: int) -> Flow:
    """The flow at a point of a box."""
    protocol, detail = wanted >> BLOCK, wanted & 0xFFFF
    source_ip, destination_ip = address(source), address(destination)
    if has_ports(protocol):
        return Flow(source_ip, destination_ip, protocol, sport, detail)
    if protocol in (ICMP, ICMPV6):
        return Flow(source_ip, destination_ip, protocol, sport, 0, detail >> 8, detail & 0xFF)
    return Flow(source_ip, destination_ip, protocol)


def count(box: Box) -> int:
    """How many flows are in it, likenesses apart: source ports count for TCP and UDP alone."""
    ported, typed = both(box.service, TRANSPORT), both(box.service, TYPED)
    bare = size(without(without(box.service, TRANSPORT), TYPED)) >> BLOCK
    return size(box.source) * size(box.destination) * (size(ported) * size(box.sport) + size(typed) + bare)


def meet(one: Box, other: Box) -> Box:
    """The flows in both."""
    return Box(
        both(one.source, other.source),
        both(one.destination, other.destination),
        both(one.service, other.service),
        both(one.sport, other.sport),
        both(one.likeness, other.likeness),
    )


def subtract(one: Box, other: Box) -> list[Box]:
    """The flows of the first that are not in the other, as disjoint boxes."""
    common = meet(one, other)
    if common.empty:
        return [one]
    left: list[Box] = []
    for number in range(len(one)):
        outside = without(one[number], common[number])
        if not outside:
            continue
        piece = Box._make((*common[:number], outside, *one[number + 1 :]))
        if not piece.empty:  # as it may be though no field is: where no ends are as alike as it wants them
            left.append(piece)
    return left


def subtract_all(boxes: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """The flows of the boxes that are in none of the others."""
    left = list(boxes)
    for other in others:
        left = [piece for box in left for piece in subtract(box, other)]
    return left


def merged(boxes: Iterable[Box]) -> list[Box]:
    """The same flows in fewer boxes: those that differ in one field alone become one."""
    found = list(boxes)
    for field in ("source", "destination", "sport", "service"):
        together: dict[Box, list[Box]] = {}
        for box in found:
            together.setdefault(box._replace(**{field: ()}), []).append(box)
        found = [
            box._replace(**{field: joined(tuple(part for one in same for part in getattr(one, field)))})
            for box, same in together.items()
        ]
    return found


Field = int | str
"""A constant, or the name of the field of the packet as it was sent."""

SOURCE, DESTINATION, SPORT, DPORT = "source", "destination", "sport", "dport"


class View(NamedTuple):
    """How the packets of a box look somewhere. `back`: it is the answer to what was sent."""

    source: Field
    destination: Field
    sport: Field
    dport: Field
    back: bool = False

    def reply(self) -> "View":
        """How the answer to it looks, where it was seen like this."""
        return View(self.destination, self.source, self.dport, self.sport, back=True)

    def of(self, flow: Flow) -> Flow:
        """What a flow looks like."""
        sent = {SOURCE: flow.source, DESTINATION: flow.destination}
        source, destination = (sent[one] if isinstance(one, str) else address(one) for one in self[:2])
        seen = replace(flow, source=source, destination=destination)
        if has_ports(flow.protocol):
            ports = {SPORT: flow.source_port, DPORT: flow.destination_port}
            sport, dport = (ports[one] if isinstance(one, str) else one for one in self[2:4])
            return replace(seen, source_port=sport, destination_port=dport)
        echo = self.back and flow.protocol == ICMP and flow.icmp_type == ECHO_REQUEST
        return replace(seen, icmp_type=0) if echo else seen


SENT = View(SOURCE, DESTINATION, SPORT, DPORT)


def where(box: Box, field: Field, span: Span) -> Box | None:
    """The flows whose address at that field of a view is in `span`; None where there is none."""
    if isinstance(field, int):
        return box if holds(span, field) else None
    kept = both(getattr(box, field), span)
    if not kept:
        return None
    return box._replace(source=kept) if field == SOURCE else box._replace(destination=kept)


def values(box: Box, field: Field) -> Span:
    """What that address can be."""
    if isinstance(field, int):
        return single(field)
    found: Span = getattr(box, field)
    return found


def asking(box: Box, view: View, span: Span) -> list[Box]:
    """The flows that, seen like this, are for a service in `span`."""
    if span == SERVICES:
        return [box]
    if view.dport == DPORT and not view.back:
        kept = both(box.service, span)
        return [box._replace(service=kept)] if kept else []
    found = [piece for protocol in (TCP, UDP) for piece in _transport(box, view.dport, protocol, span)]
    rest = both(both(box.service, OTHERS), _asked_back(span) if view.back else span)
    return [*found, *([box._replace(service=rest)] if rest else ())]


def _transport(box: Box, dport: Field, protocol: int, span: Span) -> list[Box]:
    whole = protocol_block(protocol)
    mine, ports = both(box.service, whole), moved(both(span, whole), -(protocol << BLOCK))
    if isinstance(dport, int):
        kept = box._replace(service=mine) if holds(ports, dport) else None
    elif dport == DPORT:
        kept = box._replace(service=both(mine, span))
    else:
        kept = box._replace(service=mine, sport=both(box.sport, ports))
    return [kept] if kept is not None and not kept.empty else []


def _asked_back(span: Span) -> Span:
    """The services whose answers are in `span`: an echo request by an echo reply, all others by the like."""
    replies = moved(both(span, ECHO_REPLIES), ECHO)
    return either(without(span, ECHO_REQUESTS), replies)


def alike(box: Box, one: View, other: View) -> list[Box]:
    """The flows that look the same in both views."""
    found: Box | None = box
    for mine, theirs in zip(one[:2], other[:2], strict=True):
        found = _same_address(found, mine, theirs) if found else None
    if found is None:
        return []
    kept = without(found.service, ECHO_REQUESTS) if one.back != other.back else found.service
    rest = both(kept, OTHERS)
    ported: Box | None = found._replace(service=both(kept, TRANSPORT))
    for mine, theirs in zip(one[2:4], other[2:4], strict=True):
        ported = _same_port(ported, mine, theirs) if ported and not ported.empty else None
    others = found._replace(service=rest)
    return [piece for piece in (ported, others) if piece is not None and not piece.empty]


def _same_address(box: Box, one: Field, other: Field) -> Box | None:
    if one == other:
        return box
    if isinstance(one, int) and isinstance(other, int):
        return None
    if isinstance(one, int):
        return where(box, other, single(one))
    if isinstance(other, int):
        return where(box, one, single(other))
    return _only(box, (2, 3))


def _same_port(box: Box, one: Field, other: Field) -> Box | None:
    if one == other:
        return box
    if isinstance(one, int) and isinstance(other, int):
        return None
    named, constant = (other, one) if isinstance(one, int) else (one, other)
    if isinstance(constant, int):
        if named == SPORT:
            return box._replace(sport=both(box.sport, single(constant)))
        wanted = tuple(((p << BLOCK) + constant, (p << BLOCK) + constant) for p in (TCP, UDP))
        return box._replace(service=both(box.service, wanted))
    return _only(box, (1, 1), (3, 3))


def _only(box: Box, *cases: tuple[int, int]) -> Box | None:
    kept = box._replace(likeness=both(box.likeness, cases))
    return None if kept.empty else kept
