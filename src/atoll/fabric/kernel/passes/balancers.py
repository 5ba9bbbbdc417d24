"""Balancers: what is in the namespace of a load balancer's node (laws 4 and 6), and what its backends ask of routers.

One interface, forwarding, connection tracking and translation of destinations. Nothing runs there, nothing listens.
Where backends get a header first, somebody outside shakes hands and the kernel translates (linux/handshakes.py).
"""

import socket
from collections.abc import Iterable, Iterator, Sequence

from atoll.fabric.kernel import names, pipeline
from atoll.fabric.kernel.objects import Chain, Element, Set, Timeout
from atoll.fabric.kernel.passes.idle import STATES
from atoll.fabric.kernel.pipeline import ACCEPT, DROP, REPLY, Rule, state
from atoll.fabric.kernel.uses import BACKEND, BALANCED, BOX, Named
from atoll.linux.handshakes import AWAITED, HEADED, SHOWN
from atoll.linux.nft.expr import (
    Base,
    Ct,
    Do,
    Expression,
    Is,
    Load,
    LoadCt,
    LoadPacket,
    Lookup,
    LookupVerdict,
    Mask,
    Meta,
    Reset,
    SetCt,
    SetTimeout,
    Translate,
    Verdict,
    host32,
)
from atoll.linux.nft.expr import Hash as HashOf
from atoll.linux.nft.expr import Set as Put
from atoll.linux.nft.wire import Hook
from atoll.linux.nft.wire import Timeout as Times
from atoll.packet import TCP, PortRange
from atoll.plan.rows import Address, Backend, Frontend, Hash, Node, NodeKind, Port, Segment
from atoll.records import Pass, Record, View

TRANSLATED = 0x20
"""Bit of a connection's status: its destination was translated, so it is one that a listener took."""

KNOWN = 2 | pipeline.RELATED
"""Bits of `ct state`: answers to the node's own probes."""

SOURCE_PORTS = PortRange(1024, 65535)
"""What a connection gets whose source is not kept."""

UNKEPT = 1
"""The packet's mark, inside the node: its source is not kept."""

SYN, RST = 2, 4
"""Flags in TCP's header."""

_PLACE, _TARGET = 4, 8
"""Registers: the number of the chosen backend; its address, and after that its port."""


def balancer(view: View, row: Record) -> Iterator[Record]:
    """Its table: what no listener takes is dropped, TCP of a connection that nobody knows is reset (fact 174)."""
    assert isinstance(row, Node)
    if row.kind is not NodeKind.BALANCER:
        return
    for name, shape in SETS.items():
        yield Set(domain=row.id, name=name, shape=shape)
    own = [one for port in view.by(Port, "node", row.id) for one in view.by(Address, "port", port.id)]
    for one in own:
        yield Element(domain=row.id, set="addresses", shape="address", low=(one.ip,))
    listener = (Load(Meta.L4PROTO), LoadPacket(Base.TRANSPORT, 2, 2, 1))
    for chain, hook, frontends in (("balance", 0, "listeners"), ("again", 3, "headed")):
        dispatch = (pipeline.address(pipeline.DESTINATION), Lookup("addresses"), *listener, LookupVerdict(frontends))
        yield Chain(domain=row.id, name=chain, hook=Hook(hook, -100, "nat", drop=False), rules=(dispatch,))
    unknown = (*state(pipeline.INVALID), Load(Meta.L4PROTO), Is(bytes([TCP])))
    to_us = (*unknown, *listener, Lookup("listening"), Reset())
    yield Chain(domain=row.id, name="input", hook=Hook(1, 0), rules=(to_us, (*state(KNOWN), ACCEPT)))
    taken = (LoadCt(Ct.STATUS), Mask(host32(TRANSLATED), host32(0)), Is(host32(0), negate=True), ACCEPT)
    shaken = (LoadCt(Ct.MARK), Is(host32(0), negate=True), Do(Verdict.JUMP, "shaken"))
    rules = (shaken, taken, (*unknown, Reset()))  # what is invalid belongs to no connection, so it is not `taken`
    yield Chain(domain=row.id, name="shaken", rules=SHAKEN)
    yield Chain(domain=row.id, name="forward", hook=Hook(2, 0), rules=rules)
    yield Chain(domain=row.id, name="unkept", hook=Hook(4, 100, "nat", drop=False), rules=tuple(_unkept(own)))


SETS = {
    "addresses": "address",
    "listeners": "listener-verdict",
    "headed": "listener-verdict",
    "listening": "listener",
    "cut": "target",
}

_FLAGS = LoadPacket(Base.TRANSPORT, 13, 1)
_OF_BACKEND: Rule = (*REPLY, *pipeline.connection_has(AWAITED))
SHAKEN: tuple[Rule, ...] = (
    (_FLAGS, Mask(bytes([SYN]), bytes(1)), Is(bytes([SYN])), DROP),
    (
        *_OF_BACKEND,
        LoadPacket(Base.TRANSPORT, 4, 4),
        Is(bytes(4)),
        _FLAGS,
        Mask(bytes([RST]), bytes(1)),
        Is(bytes([RST])),
        DROP,
    ),
    (*_OF_BACKEND, *pipeline.flag_mark(SHOWN, SHOWN)),
)
"""Of a connection whose backend gets a header: from who shakes hands the ends hear of each other's SYN, and the client
of a refusal, which begins at nothing. And who does sees what the backend acknowledges until that is the header."""


def _unkept(own: Iterable[Address]) -> Iterator[Rule]:
    """The source becomes the node's primary address, for connections of frontends that do not keep it."""
    ports = (Put(SOURCE_PORTS.low.to_bytes(2, "big"), 12), Put(SOURCE_PORTS.high.to_bytes(2, "big"), 13))
    for address in own:
        if address.primary:
            marked = (Load(Meta.MARK), Is(host32(UNKEPT)))
            yield (*marked, Put(socket.inet_aton(address.ip), 8), *ports, Translate(0, 8, (12, 13)))


def frontend(view: View, row: Record) -> Iterator[Record]:
    """A listener: an element that leads to its chain, which picks one of the backends by number."""
    assert isinstance(row, Frontend)
    node = view.get(Node, row.node)
    if node is None or node.kind is not NodeKind.BALANCER:
        return
    place = (row.protocol, row.port)
    chain = f"{row.id}/choose"
    known = "headed" if row.header else "listeners"
    yield Element(domain=row.node, set=known, shape="listener-verdict", low=place, value=f"goto {chain}")
    yield Element(domain=row.node, set="listening", shape="listener", low=place)
    if row.idle != names.BALANCED_IDLE.get(row.protocol):
        times = Times(row.protocol, tuple((state, row.idle) for state in STATES[row.protocol]))
        yield Timeout(domain=row.node, name=_idle(row), times=times)
    yield Set(domain=row.node, name=f"{row.id}/targets", shape="slot-target")
    chosen = slots(sorted(view.by(Backend, "frontend", row.id), key=lambda one: one.key))
    for slot, one in enumerate(chosen):
        value = f"{one.address} {one.port}"
        yield Element(domain=row.node, set=f"{row.id}/targets", shape="slot-target", low=(slot,), value=value)
    yield Chain(domain=row.node, name=chain, rules=tuple(_choosing(row, len(chosen))))


def slots(backends: Sequence[Backend]) -> list[Backend]:
    """The eligible ones, one a slot. Each keeps the slot of its place among all where it can, and those from behind
    fill the gaps: so one that turns ineligible, or eligible again, changes a slot or two, however many there are.
    """
    count = sum(one.eligible for one in backends)
    behind = (one for one in backends[count:] if one.eligible)
    return [one if one.eligible else next(behind) for one in backends[:count]]


def _idle(row: Frontend) -> str:
    return f"{row.id}/idle-{row.idle}"


def _choosing(row: Frontend, count: int) -> Iterator[Rule]:
    """Without an eligible backend the packet stays the node's own, and `input` drops it."""
    if not count:
        return
    flag: tuple[Expression, ...] = () if row.keep else (*pipeline.flag_mark(UNKEPT, UNKEPT),)
    if row.header:
        yield (Put(host32(HEADED | AWAITED)), SetCt(Ct.MARK))
    hashed, length = _hashed(row)
    chosen = (HashOf(length, count, 0, _PLACE), Lookup(f"{row.id}/targets", _PLACE, _TARGET))
    if row.idle != names.BALANCED_IDLE.get(row.protocol):
        yield (SetTimeout(_idle(row)),)
    yield (*flag, *hashed, *chosen, Translate(1, _TARGET, (_TARGET + 1, _TARGET + 1)))


def _hashed(row: Frontend) -> tuple[tuple[Expression, ...], int]:
    """The flow hash (fact 182): addresses, ports, for TCP the sequence number too; or the source alone."""
    source = pipeline.address(pipeline.SOURCE, 0)
    if row.hash is Hash.SOURCE:
        return (source,), 4
    ends = (source, pipeline.address(pipeline.DESTINATION, 1), LoadPacket(Base.TRANSPORT, 0, 4, 2))
    return ((*ends, LoadPacket(Base.TRANSPORT, 4, 4, 3)), 16) if row.protocol == TCP else (ends, 12)


def cut(view: View, row: Record) -> Iterator[Record]:
    """A backend whose connections are ended: `forget` does so when the element comes."""
    assert isinstance(row, Backend)
    front = view.get(Frontend, row.frontend)
    if front is not None and row.cut:
        low = (row.address, front.protocol, row.port, front.port)
        yield Element(domain=front.node, set="cut", shape="target", low=low)


def returning(_: View, row: Record) -> Iterator[Record]:
    """In a domain with a balancer every packet is asked whether it goes back to one."""
    assert isinstance(row, Named)
    if row.sort == BALANCED and not row.name:
        hook = Hook(0, -150, drop=False)
        yield Chain(domain=row.domain, name="return", hook=hook, rules=(pipeline.returning(),))


def home(view: View, row: Record) -> Iterator[Record]:
    """A backend whose table leads through a middlebox somewhere: its answers may be in a zone of their own."""
    assert isinstance(row, Named)
    owner = view.get(Address, row.domain, row.name) if row.sort == BACKEND else None
    port = view.get(Port, owner.port) if owner else None
    segment = view.get(Segment, port.segment) if port else None
    if segment is None:
        return
    if view.get(Named, BOX, row.domain, segment.table):
        way = f"jump {segment.id}/home"
        yield Element(domain=row.domain, set="homes", shape="address-verdict", low=(row.name,), value=way)


PASSES = (
    Pass(Node, balancer),
    Pass(Frontend, frontend),
    Pass(Backend, cut),
    Pass(Named, returning),
    Pass(Named, home),
)
