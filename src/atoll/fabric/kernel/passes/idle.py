"""How long a silent connection is tracked: at each end as long as its port says, in the kernel as the shorter says.

Only a domain with a port that differs from the usual has anything of this: a chain behind all others, which gives
the connection's first packet the shortest times of the ends that track it. One connection has one entry in the
kernel, so its ends forget it together.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from atoll.fabric.kernel import names, pipeline
from atoll.fabric.kernel.objects import Chain, Element, Set, Timeout
from atoll.fabric.kernel.pipeline import CONFIRMED, IIF_CLASS, OIF_CLASS, Rule
from atoll.fabric.kernel.uses import IDLE, Named, attached
from atoll.linux.nft.expr import Ct, Is, Load, LoadCt, Lookup, Mask, Meta, Number, SetTimeout, host32
from atoll.linux.nft.wire import Hook
from atoll.linux.nft.wire import Timeout as Times
from atoll.packet import TCP, UDP
from atoll.plan.rows import Domain, Idle, Port, Segment
from atoll.records import Pass, Record, View

AFTER_FILTERS = 10
"""The chain's priority: what it sees has been accepted."""

STATES = {TCP: (3,), UDP: (1, 2)}
"""The kernel's numbers of the states whose times ports have: established; one way, stream."""

Seconds = tuple[int, ...]
"""One for each of those states."""


class End(NamedTuple):
    """Where a packet's sender, or its receiver, is found."""

    bit: int
    interface: Meta
    group_class: Rule


SENDER = End(names.SENDER_TRACKED, Meta.IIFNAME, IIF_CLASS)
RECEIVER = End(names.RECEIVER_TRACKED, Meta.OIFNAME, OIF_CLASS)


def domain(view: View, row: Record) -> Iterator[Record]:
    """The times that are in use in a domain, a set of interfaces each, and the chain."""
    assert isinstance(row, Domain)
    used = [Idle(*map(int, one.name.split())) for one in view.by(Named, "those", f"{IDLE} {row.id}")]
    if not used:
        return
    known = (LoadCt(Ct.STATUS), Mask(host32(CONFIRMED), host32(0)), Is(host32(0), negate=True))
    rules: list[Rule] = [(*known, pipeline.ACCEPT)]
    for protocol in STATES:
        values = sorted({_seconds(one, protocol) for one in (Idle(), *used)}, reverse=True)
        if len(values) == 1:
            continue  # nobody differs
        for one in {*values, *(_shorter(*pair) for pair in combinations(values, 2))}:
            times = Times(protocol, tuple(zip(STATES[protocol], one, strict=True)))
            yield Timeout(domain=row.id, name=_name(protocol, one), times=times)
        for name in (_unusual(protocol), *(_name(protocol, one) for one in values)):
            yield Set(domain=row.id, name=f"idle/{name}", shape="interface")
        rules += _rules(protocol, values)
    yield Chain(domain=row.id, name="idle", hook=Hook(2, AFTER_FILTERS, drop=False), rules=tuple(rules))


def port(view: View, row: Record) -> Iterator[Record]:
    """Which times the port has, by its interface, where they are not the usual ones."""
    assert isinstance(row, Port)
    segment = view.get(Segment, row.segment)
    if segment is None or row.node is None or row.idle == Idle() or not (row.filtered and attached(view, row)):
        return
    interface = names.port_interface(row.id, row.node)
    for protocol in STATES:
        mine = _seconds(row.idle, protocol)
        if mine != _seconds(Idle(), protocol):
            for name in (_unusual(protocol), _name(protocol, mine)):
                yield Element(domain=segment.domain, set=f"idle/{name}", shape="interface", low=(interface,))


def _rules(protocol: int, values: list[Seconds]) -> Iterator[Rule]:
    """The last that applies is the one that counts: longest first, then pairs of ends where neither is the shorter."""
    for one in values:
        for end in (SENDER, RECEIVER):
            yield (*_has(end, protocol, one), SetTimeout(_name(protocol, one)))
    for pair in combinations(values, 2):
        if _shorter(*pair) not in pair:
            for one, other in (pair, pair[::-1]):
                ends = (*_has(SENDER, protocol, one), *_has(RECEIVER, protocol, other))
                yield (*ends, SetTimeout(_name(protocol, _shorter(*pair))))


def _has(end: End, protocol: int, seconds: Seconds) -> Rule:
    """Go on when a port is that end, tracks the connection, and has these times."""
    tracks = pipeline.connection_has(end.bit)
    if seconds != _seconds(Idle(), protocol):
        return (*tracks, Load(end.interface), Lookup(f"idle/{_name(protocol, seconds)}"))
    others = (Is(Number("class", name), negate=True) for name in (names.LINK_CLASS, names.UNFILTERED))
    return (*tracks, *end.group_class, *others, Load(end.interface), Lookup(f"idle/{_unusual(protocol)}", negate=True))


def _seconds(idle: Idle, protocol: int) -> Seconds:
    return (idle.tcp,) if protocol == TCP else (idle.udp, idle.stream)


def _shorter(one: Seconds, other: Seconds) -> Seconds:
    return tuple(map(min, one, other))


def _unusual(protocol: int) -> str:
    return "tcp" if protocol == TCP else "udp"


def _name(protocol: int, seconds: Seconds) -> str:
    return "-".join(map(str, (_unusual(protocol), *seconds)))


PASSES = (Pass(Domain, domain), Pass(Port, port))
