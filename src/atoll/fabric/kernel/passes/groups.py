"""Unordered filters (security groups): sets of disjoint boxes, two chains a group, nothing an ENI.

A group's chain, asked for one packet in one direction, looks into at most these sets:
- `sg/in4-open`: (protocol, port) of TCP and UDP rules open to the whole world: the only ones that may be untracked;
- `sg/in4`: (address, protocol, port) of the other TCP and UDP rules;
- `sg/in4-other`: (address, protocol, type and code) of ICMP and every other protocol;
- `sg/in-from/sg-2` and `...-other`: the same without the address, for packets sent by who wears sg-2.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from atoll.fabric.kernel import names, pipeline
from atoll.fabric.kernel.boxes import Box, Range, cut
from atoll.fabric.kernel.objects import Chain, Element, Number, Set
from atoll.fabric.kernel.passes.fences import prefixes
from atoll.fabric.kernel.uses import CLASS, Named
from atoll.linux.nft.expr import Base, Ct, Load, LoadCt, LoadPacket, Lookup, Meta
from atoll.packet import ICMP, TCP, UDP, ip_text
from atoll.plan.rows import Direction, Filter, In, Match, Rule, SentBy
from atoll.records import Pass, Record, View

_ALL: Range = (0, 0xFFFF)
_OTHER_PROTOCOLS: tuple[Range, ...] = ((0, TCP - 1), (TCP + 1, UDP - 1), (UDP + 1, 255))
_PROTOCOL: pipeline.Rule = (Load(Meta.L4PROTO, 1),)
_PORT = LoadPacket(Base.TRANSPORT, 2, 2, 2)
_TYPE_AND_CODE = LoadCt(Ct.PROTO_DST, 2, 0)
_MATCHED = (*pipeline.flag_mark(names.MATCHED, names.MATCHED), pipeline.RETURN)


def group(view: View, row: Record) -> Iterator[Record]:
    """Everything of one group. A change of one rule changes a few elements here and nothing anywhere else."""
    assert isinstance(row, Filter)
    if row.ordered:
        return
    yield Number(domain=row.domain, sort="group", name=row.id)
    yield Set(domain=row.domain, name=f"{row.id}/wearers", shape=CLASS)
    rules = [rule for rule in view.by(Rule, "filter", row.id) if rule.allow]
    for direction in Direction:
        yield from _direction(view, row, direction, [rule for rule in rules if rule.direction is direction])


def wearers(view: View, row: Record) -> Iterator[Record]:
    """A class in use: its number, what it wears slot by slot, and its place among each group's wearers."""
    assert isinstance(row, Named)
    if row.sort != CLASS:
        return
    yield Number(domain=row.domain, sort=CLASS, name=row.name)
    worn = [name for name in row.name.split("+") if name and _in_domain(view, name, row.domain)]
    if len(worn) >= names.SLOTS:
        raise ValueError(f"a port wears at most {names.SLOTS - 1} groups")
    for slot, name in enumerate([*worn, names.END]):
        yield Element(domain=row.domain, set="worn", shape="class-slot-group", low=(row.name, slot), value=name)
    for name in worn:
        yield Element(domain=row.domain, set=f"{name}/wearers", shape=CLASS, low=(row.name,))


def _in_domain(view: View, name: str, domain: str) -> bool:
    found = view.get(Filter, name)
    return found is not None and not found.ordered and found.domain == domain


def _direction(view: View, row: Filter, direction: Direction, rules: list[Rule]) -> Iterator[Record]:
    wide = [rule for rule in rules if _world(rule.match)]
    narrow = [rule for rule in rules if not _world(rule.match)]
    made = [
        _Part(row, f"{row.id}/{direction}4-open", "box", [box for rule in wide for box in _ports(rule)]),
        _Part(row, f"{row.id}/{direction}4", "address-box", list(_addressed(view, narrow, _ports))),
        _Part(row, f"{row.id}/{direction}4-other", "address-box", list(_addressed(view, rules, _others))),
    ]
    lookups: list[tuple[pipeline.Rule, ...]]
    lookups = [(_open_rule(direction),), (_port_rule(direction),), (_other_rule(direction),)]
    for other, referring in sorted(_references(view, row, narrow).items()):
        name = f"{row.id}/{direction}-{'from' if direction is Direction.IN else 'to'}/{other}"
        made.append(_Part(row, name, "box", [box for rule in referring for box in _ports(rule)]))
        made.append(_Part(row, f"{name}-other", "box", [box for rule in referring for box in _others(rule)]))
        lookups += [_reference_rules(direction, other, value) for value in (_PORT, _TYPE_AND_CODE)]
    kept = [(part, rules_) for part, rules_ in zip(made, lookups, strict=True) if part.boxes]
    for part, _ in kept:
        yield from part.records()
    chain = tuple(_with_set(one, part.name) for part, rules_ in kept for one in rules_)
    yield Chain(domain=row.domain, name=f"{row.id}/{direction}", rules=chain)
    yield _verdict(row, f"judge-{direction}", f"jump {row.id}/{direction}")
    if any(rule.match.protocol is None for rule in wide):
        # The other end's chain asks: does this direction answer everything? "opens-out" is asked when judging inward.
        yield _verdict(row, f"opens-{direction}", f"goto {'settle' if direction is Direction.OUT else 'receive'}")


class _Part(NamedTuple):
    """A set to be, with the rules as boxes that overlap."""

    row: Filter
    name: str
    shape: str
    boxes: list[Box]

    def records(self) -> tuple[Record, ...]:
        """The set, then an element for each disjoint box."""
        return _records(self.row.domain, self.name, self.shape, tuple(self.boxes))


SETS = 1 << 10
"""How many are remembered: those of the groups that change, a hundred at most each; not those of groups long gone."""


@lru_cache(maxsize=SETS)
def _records(domain: str, name: str, shape: str, boxes: tuple[Box, ...]) -> tuple[Record, ...]:
    """Remembered, because a change of one rule leaves the group's other sets as they were."""
    elements = (
        Element(domain=domain, set=name, shape=shape, low=_ends(box, 0), high=_ends(box, 1), rules=box.rules)
        for box in cut(boxes)
    )
    return (Set(domain=domain, name=name, shape=shape), *elements)


def _ends(box: Box, end: int) -> tuple[str | int, ...]:
    numbers = tuple(piece[end] for piece in box.ranges)
    return numbers if len(numbers) == 2 else (ip_text(4, numbers[0]), *numbers[1:])


def _verdict(row: Filter, name: str, verdict: str) -> Element:
    return Element(domain=row.domain, set=name, shape="group-verdict", low=(row.id,), value=verdict)


def _world(match: Match) -> bool:
    """Open to the whole world, for TCP or UDP: the rules that may leave a connection untracked."""
    peer = match.peer
    whole = isinstance(peer, In) and peer.prefix.family == 4 and peer.prefix.length == 0
    return whole and match.protocol in (None, TCP, UDP)


def _ports(rule: Rule) -> Iterator[Box]:
    """A rule over (protocol, port), as far as TCP and UDP go."""
    match = rule.match
    for protocol in (TCP, UDP):
        if match.protocol in (None, protocol):
            ports = _ALL if match.protocol is None else (match.ports.low, match.ports.high)
            yield Box(((protocol, protocol), ports), (rule.id,))


def _others(rule: Rule) -> Iterator[Box]:
    """A rule over (protocol, type and code), for everything but TCP and UDP."""
    match = rule.match
    if match.protocol is None:
        for protocols in _OTHER_PROTOCOLS:
            yield Box((protocols, _ALL), (rule.id,))
    elif match.protocol not in (TCP, UDP):
        values = _icmp(match.icmp) if match.protocol == ICMP else _ALL
        yield Box(((match.protocol, match.protocol), values), (rule.id,))


def _icmp(type_and_code: tuple[int, int]) -> Range:
    kind, code = type_and_code
    if kind < 0:
        return _ALL
    return (kind << 8, kind << 8 | 0xFF) if code < 0 else (kind << 8 | code, kind << 8 | code)


def _addressed(view: View, rules: Iterable[Rule], boxes_of: Callable[[Rule], Iterator[Box]]) -> Iterator[Box]:
    for rule in rules:
        for prefix in prefixes(view, rule.match):
            for box in boxes_of(rule):
                yield Box(((prefix.base, prefix.last), *box.ranges), box.rules)


def _references(view: View, row: Filter, rules: list[Rule]) -> dict[str, list[Rule]]:
    """The rules by the group that they name; a group that is not in this domain is worn by nobody here."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        peer = rule.match.peer
        if isinstance(peer, SentBy) and _in_domain(view, peer.filter, row.domain):
            found.setdefault(peer.filter, []).append(rule)
    return found


def _peer_address(direction: Direction, to: int = 0) -> LoadPacket:
    return pipeline.address(pipeline.SOURCE if direction is Direction.IN else pipeline.DESTINATION, to)


_HERE = ""  # stands for the set's own name until `_with_set`


def _open_rule(direction: Direction) -> pipeline.Rule:
    end = "received" if direction is Direction.IN else "sent"
    return (Load(Meta.L4PROTO), LoadPacket(Base.TRANSPORT, 2, 2, 1), Lookup(_HERE), pipeline.goto(f"{end}-open"))


def _port_rule(direction: Direction) -> pipeline.Rule:
    return (_peer_address(direction), *_PROTOCOL, _PORT, Lookup(_HERE), *_MATCHED)


def _other_rule(direction: Direction) -> pipeline.Rule:
    return (_peer_address(direction), *_PROTOCOL, _TYPE_AND_CODE, Lookup(_HERE), *_MATCHED)


def _reference_rules(direction: Direction, other: str, value: LoadPacket | LoadCt) -> tuple[pipeline.Rule, ...]:
    """The peer wears that group and the address is its own: what passed a middlebox was sent by nobody.

    What a balancer passes on was sent by the balancer (law 3).
    """
    inward = direction is Direction.IN
    wears = (*(pipeline.IIF_CLASS if inward else pipeline.OIF_CLASS), Lookup(f"{other}/wearers"))
    own = (Load(Meta.IIFNAME if inward else Meta.OIFNAME), _peer_address(direction, 4), Lookup("own"))
    matched = (*_PROTOCOL, value, Lookup(_HERE, 1), *_MATCHED)
    balancer = (Load(Meta.IIFNAME), Lookup("balancers"))
    return ((*wears, *own, *matched), *(((*wears, *balancer, *matched),) if inward else ()))


def _with_set(rule: pipeline.Rule, name: str) -> pipeline.Rule:
    return tuple(one._replace(set=name) if isinstance(one, Lookup) and one.set == _HERE else one for one in rule)


PASSES = (Pass(Filter, group), Pass(Named, wearers))
