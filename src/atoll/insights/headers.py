"""AnalysisPacketHeader: the packets of a set, as they look at a place."""

from functools import lru_cache

from atoll.analyze.reach.flows import BLOCK, DPORT, SPORT, Box, Field, View, prefixes, protocol_block, values
from atoll.analyze.reach.spans import Span, both, joined, moved, single
from atoll.insights.names import Said
from atoll.packet import TCP, UDP


def header(box: Box, view: View) -> Said:
    """All of them: addresses, ports, and the protocol by its number."""
    return {
        "DestinationAddresses": addresses(box, view.destination),
        "DestinationPortRanges": _ranges(ports(box, view.dport)),
        "Protocol": str(protocol(box)),
        "SourceAddresses": addresses(box, view.source),
        "SourcePortRanges": _ranges(ports(box, view.sport)),
    }


def change(box: Box, came: View, went: View) -> Said:
    """What is another when they go on: AWS leaves out what stays (the guide's example of a reachable path)."""
    before, after = header(box, came), header(box, went)
    return {name: value for name, value in after.items() if value != before[name]}


def addresses(box: Box, field: Field) -> list[str]:
    """The fewest blocks, in the order of their text, as AWS has them."""
    return list(_blocks(values(box, field)))


@lru_cache(maxsize=1024)
def _blocks(span: Span) -> tuple[str, ...]:
    return tuple(sorted(str(one) for one in prefixes(span)))


def ports(box: Box, field: Field) -> Span:
    """The ports at that field of a view."""
    if isinstance(field, int):
        return single(field)
    if field == SPORT:
        return box.sport
    assert field == DPORT, field
    found = (moved(both(box.service, protocol_block(one)), -(one << BLOCK)) for one in (TCP, UDP))
    return joined(tuple(part for span in found for part in span))


def protocol(box: Box) -> int:
    """The protocol of a box that has one: questions are of TCP or of UDP."""
    (low, _), *_ = box.service
    return low >> BLOCK


def _ranges(span: Span) -> list[Said]:
    return [{"From": low, "To": high} for low, high in span]
