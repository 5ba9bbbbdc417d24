"""Translators: what is in the namespace of a NAT gateway, through which others' packets go (law 4).

One interface, forwarding, connection tracking and source translation. The router beside it judges both passes.
"""

from collections.abc import Iterator

from atoll.fabric.kernel import pipeline
from atoll.fabric.kernel.objects import Chain, Element, Set
from atoll.fabric.kernel.pipeline import ACCEPT, DROP, Rule, goto, state
from atoll.linux.nft.expr import (
    Base,
    Ct,
    Hash,
    Is,
    Load,
    LoadCt,
    LoadPacket,
    Lookup,
    Mask,
    Meta,
    MoreThan,
    Reset,
    Translate,
    host32,
)
from atoll.linux.nft.expr import Set as Put
from atoll.linux.nft.wire import Hook
from atoll.packet import ICMP, TCP, UDP
from atoll.plan.rows import Address, Masquerade, Node, NodeKind, Port
from atoll.records import Pass, Record, View

PROTOCOLS = (TCP, UDP, ICMP)
ECHO_REQUEST = 8
PER_DESTINATION = 2
"""Offset of the destination port in TCP's and UDP's header."""

_PLACE, _PICKED = 4, 8
"""Registers: the number of the chosen address; the address, from where on the key of `busy` is built."""


def translator(view: View, row: Record) -> Iterator[Record]:
    """Its table: nothing is for itself, and what nobody inside has opened is not sent on."""
    assert isinstance(row, Node)
    if row.kind is not NodeKind.TRANSLATOR:
        return
    given = sorted(view.by(Masquerade, "node", row.id), key=lambda one: one.address)
    for name, shape in (("addresses", "address"), ("slots", "slot-ip"), ("busy", "busy")):
        yield Set(domain=row.id, name=name, shape=shape)
    for slot, one in enumerate(given):
        yield Element(domain=row.id, set="slots", shape="slot-ip", low=(slot,), value=one.address)
    for port in view.by(Port, "node", row.id):
        for address in view.by(Address, "port", port.id):
            yield Element(domain=row.id, set="addresses", shape="address", low=(address.ip,))
    yield Chain(domain=row.id, name="whole", hook=Hook(0, BEFORE_THEY_ARE_JOINED, drop=False), rules=tuple(_whole()))
    yield Chain(domain=row.id, name="input", hook=Hook(1, 0))
    yield Chain(domain=row.id, name="forward", hook=Hook(2, 0), rules=_forward())
    opening = tuple(rule for protocol in PROTOCOLS for rule in _opening(given, protocol))
    yield Chain(domain=row.id, name="open", rules=(*opening, DROP_ALL))
    rules = tuple(rule for protocol in PROTOCOLS for rule in _translating(given, protocol))
    yield Chain(domain=row.id, name="translate", hook=Hook(4, 100, "nat", drop=False), rules=rules)


DROP_ALL: Rule = (DROP,)
BEFORE_THEY_ARE_JOINED = -450
"""The kernel joins fragments at -400, before connection tracking."""
FRAGMENT: Rule = (LoadPacket(Base.NETWORK, 6, 2), Mask(b"\x3f\xff", bytes(2)), Is(bytes(2), negate=True))
"""More of it follows, or it does not begin at the beginning."""


def _protocol(number: int) -> Rule:
    return (Load(Meta.L4PROTO), Is(bytes([number])))


def _whole() -> Iterator[Rule]:
    """A NAT gateway takes fragments of UDP and no others (fact 87)."""
    for protocol in (TCP, ICMP):
        yield (*_protocol(protocol), *FRAGMENT, DROP)


def _forward() -> tuple[Rule, ...]:
    """A TCP connection that was forgotten is reset when its inside goes on (fact 86); nothing else is answered."""
    invalid = state(pipeline.INVALID)
    # Not its state: that of a datagram is new until there is an answer.
    known = (LoadCt(Ct.STATUS), Mask(host32(pipeline.CONFIRMED), host32(0)), Is(host32(0), negate=True))
    return (
        (*known, ACCEPT),  # what is invalid belongs to no connection, so it is none of these
        (*invalid, *_protocol(TCP), Reset()),
        (*invalid, DROP),
        (*state(pipeline.RELATED), ACCEPT),
        (*_protocol(TCP), goto("open")),
        (*_protocol(UDP), goto("open")),
        (*_protocol(ICMP), LoadPacket(Base.TRANSPORT, 0, 1), Is(bytes([ECHO_REQUEST])), goto("open")),
    )


def _pick(given: list[Masquerade], protocol: int) -> Rule:
    """One of the addresses, the same wherever the connection's first packet is asked about."""
    ends = (
        pipeline.address(pipeline.SOURCE, 0),
        pipeline.address(pipeline.DESTINATION, 1),
        LoadPacket(Base.TRANSPORT, 4 if protocol == ICMP else 0, 4, 2),
    )
    return (*_protocol(protocol), *ends, Hash(12, len(given), 0, _PLACE), Lookup("slots", _PLACE, _PICKED))


def _opening(given: list[Masquerade], protocol: int) -> Iterator[Rule]:
    """So many connections an address may have to one destination; one more is dropped (fact 85)."""
    if not given:
        return
    port = Put(bytes(2), 11) if protocol == ICMP else LoadPacket(Base.TRANSPORT, PER_DESTINATION, 2, 11)
    key = (pipeline.address(pipeline.DESTINATION, 9), Load(Meta.L4PROTO, 10), port)
    most = min(one.per_destination for one in given)
    yield (*_pick(given, protocol), *key, MoreThan("busy", most, _PICKED), DROP)
    yield (*_protocol(protocol), ACCEPT)


def _translating(given: list[Masquerade], protocol: int) -> Iterator[Rule]:
    if not given:
        return
    if protocol == ICMP:
        yield (*_pick(given, protocol), Translate(0, _PICKED))
        return
    low, high = max(one.ports.low for one in given), min(one.ports.high for one in given)
    ports = (Put(low.to_bytes(2, "big"), 12), Put(high.to_bytes(2, "big"), 13))
    yield (*_pick(given, protocol), *ports, Translate(0, _PICKED, (12, 13)))


PASSES = (Pass(Node, translator),)
