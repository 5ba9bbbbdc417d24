"""Ordered filters (network ACLs): a chain a direction, every packet asks it, the first rule that matches decides."""

from collections.abc import Iterator

from atoll.fabric.kernel import pipeline
from atoll.fabric.kernel.objects import Chain
from atoll.fabric.kernel.passes.segments import inside
from atoll.fabric.kernel.uses import ordered
from atoll.linux.nft.expr import Base, Between, Is, Load, LoadPacket, Meta
from atoll.packet import ALL_PORTS, ICMP, Prefix, has_ports
from atoll.plan.rows import Direction, Filter, In, InSet, Match, Member, Rule
from atoll.records import Pass, Record, View


def fence(view: View, row: Record) -> Iterator[Record]:
    """Rules that let pass return to the caller, which goes on to the groups."""
    assert isinstance(row, Filter)
    if not row.ordered:
        return
    rules = ordered(view, row)
    for direction in Direction:
        made = [(rule, line) for rule in rules if rule.direction is direction for line in lines(view, rule)]
        yield Chain(
            domain=row.domain,
            name=f"{row.id}/{direction}",
            rules=(*(line for _, line in made), (pipeline.DROP,)),
            ids=tuple(rule.id for rule, _ in made),
        )


def lines(view: View, rule: Rule) -> Iterator[pipeline.Rule]:
    """One kernel rule for each prefix that the rule names; none for what IPv4 packets never match."""
    verdict = pipeline.RETURN if rule.allow else pipeline.DROP
    offset = pipeline.SOURCE if rule.direction is Direction.IN else pipeline.DESTINATION
    for prefix in prefixes(view, rule.match):
        ends = (pipeline.address(offset), *inside(prefix)) if prefix.length else ()
        yield (*ends, *_protocol(rule.match), verdict)


def prefixes(view: View, match: Match) -> list[Prefix]:
    """The IPv4 prefixes of a rule's other end; none when it names a group."""
    found: list[Prefix] = []
    if isinstance(match.peer, In):
        found = [match.peer.prefix]
    elif isinstance(match.peer, InSet):
        found = sorted({member.prefix for member in view.by(Member, "set", match.peer.set)})
    return [prefix for prefix in found if prefix.family == 4]


def _protocol(match: Match) -> pipeline.Rule:
    if match.protocol is None:
        return ()
    is_it = (Load(Meta.L4PROTO), Is(bytes([match.protocol])))
    if match.protocol == ICMP:
        return (*is_it, *_icmp(match.icmp))
    if not has_ports(match.protocol) or match.ports == ALL_PORTS:
        return is_it
    low, high = (port.to_bytes(2, "big") for port in match.ports)
    port = LoadPacket(Base.TRANSPORT, 2, 2)
    return (*is_it, port, Is(low) if low == high else Between(low, high))


def _icmp(type_and_code: tuple[int, int]) -> Iterator[LoadPacket | Is]:
    for offset, value in enumerate(type_and_code):
        if value >= 0:
            yield LoadPacket(Base.TRANSPORT, offset, 1)
            yield Is(bytes([value]))


PASSES = (Pass(Filter, fence),)
