"""The static part of a router's packet pipeline: its base chains, the verdict chains.

Everything that grows is an element; docs/kernel.md walks a packet through it.
"""

from collections.abc import Iterator

from atoll.fabric.kernel import edition, names
from atoll.fabric.kernel.edition import PASS
from atoll.fabric.kernel.objects import Chain, Element, Set
from atoll.fabric.kernel.sets import STATIC_SETS
from atoll.linux.nft.expr import (
    Base,
    Ct,
    Do,
    Expression,
    Faster,
    Is,
    Load,
    LoadCt,
    LoadPacket,
    LoadRoute,
    Lookup,
    LookupVerdict,
    Mask,
    Meta,
    Remember,
    SetCt,
    SetMark,
    Translate,
    Verdict,
    host32,
)
from atoll.linux.nft.expr import Set as Put
from atoll.linux.nft.wire import Hook
from atoll.packet import ICMP
from atoll.plan.rows import DomainKind
from atoll.plan.services import PACKETS_A_SECOND

Rule = tuple[Expression, ...]

SOURCE, DESTINATION = 12, 16  # offsets in the IPv4 header
IIF_SEGMENT: Rule = (Load(Meta.IIFGROUP), Mask(host32(names.SEGMENT_BITS), host32(0)))
OIF_SEGMENT: Rule = (Load(Meta.OIFGROUP), Mask(host32(names.SEGMENT_BITS), host32(0)))
FROM_LINK: Rule = (*IIF_SEGMENT, Is(host32(0)))
TO_LINK: Rule = (*OIF_SEGMENT, Is(host32(0)))
IIF_CLASS: Rule = (Load(Meta.IIFGROUP), Mask(host32(names.CLASS_BITS), host32(0)))
OIF_CLASS: Rule = (Load(Meta.OIFGROUP), Mask(host32(names.CLASS_BITS), host32(0)))
REPLY: Rule = (LoadCt(Ct.DIRECTION), Is(bytes([1])))
ACCEPT, DROP, RETURN = Do(Verdict.ACCEPT), Do(Verdict.DROP), Do(Verdict.RETURN)
INVALID, RELATED, NEW = 1, 4, 8  # bits of `ct state`
CONFIRMED = 8
"""Bit of `ct status`: a packet of the connection has got through already."""


def goto(chain: str) -> Do:
    """Go on in another chain and do not come back."""
    return Do(Verdict.GOTO, chain)


def address(offset: int, to: int = 0) -> LoadPacket:
    """The packet's source or destination."""
    return LoadPacket(Base.NETWORK, offset, 4, to)


def flag_mark(bits: int, value: int) -> Rule:
    """Set these bits of the packet's mark to `value`."""
    return (Load(Meta.MARK), Mask(host32(0xFFFFFFFF & ~bits), host32(value)), SetMark())


def flag_connection(bits: int) -> Rule:
    """Set these bits of the connection's mark."""
    return (LoadCt(Ct.MARK), Mask(host32(0xFFFFFFFF & ~bits), host32(bits)), SetCt(Ct.MARK))


def connection_has(bits: int) -> Rule:
    """Go on when the connection's mark has all these bits."""
    return (LoadCt(Ct.MARK), Mask(host32(bits), host32(0)), Is(host32(bits)))


def zone_by(offset: int) -> Rule:
    """Track this packet apart, by the low half of one of its addresses: unique inside any VPC."""
    return (LoadPacket(Base.NETWORK, offset + 2, 2), SetCt(Ct.ZONE))


def zone_towards_middlebox() -> Rule:
    """When the packet is routed through an unguarded port that is not its destination, track that leg apart.

    The legs into and out of a middlebox have the same addresses and ports; each has rules of its own to ask.
    """
    to_it = (LoadRoute(), Lookup("unguarded"), address(DESTINATION, 4), Lookup("own", negate=True))
    return (*to_it, *zone_by(SOURCE))


_TO_TRANSLATOR: Rule = (LoadRoute(), Lookup("translators"), address(DESTINATION, 4), Lookup("own", negate=True))


def _place(end: int, port: int) -> Rule:
    """Key of `served`: the address and the port at those offsets, and the protocol."""
    return (address(end), Load(Meta.L4PROTO, 1), LoadPacket(Base.TRANSPORT, port, 2, 2))


def zones_towards_translator(*, balanced: bool) -> tuple[Rule, ...]:
    """The same for what somebody sends through a translator, so that a connection that takes another way later is
    another one there, which the gateway translates. What a middlebox passes on has its zone already.

    `balanced`: the domain has a balancer, and answers to it go back by no translator, whatever the table says. They are
    known by where they come from, their ICMP errors by what they are about.
    """
    answer = _place(SOURCE, 0)
    about = (LoadPacket(Base.TRANSPORT, _ABOUT + DESTINATION, 4), LoadPacket(Base.TRANSPORT, _ABOUT + 9, 1, 1))
    error = (Load(Meta.L4PROTO), Is(bytes([ICMP])), *about, LoadPacket(Base.TRANSPORT, _ABOUT + 22, 2, 2))
    spared = ((*one, Lookup("served"), ACCEPT) for one in (answer, error))
    sent = (*_TO_TRANSLATOR, Load(Meta.IIFNAME), address(SOURCE, 4), Lookup("own"), *zone_by(SOURCE))
    return (*(spared if balanced else ()), sent)


_ABOUT = 8
"""Where an ICMP error has the head of the packet that it is about, of 20 bytes."""


def zone_onward() -> Rule:
    """The same for what a balancer sends, as whose source ever. Its backend answers the translator, so there this zone
    comes before the one in which the backend would answer the source itself.
    """
    return (*_TO_TRANSLATOR, *zone_by(SOURCE))


def zone_from_translator(*, balanced: bool) -> Rule:
    """The answers to that, unless a zone was set before: the first one stays."""
    spared = (*_place(DESTINATION, 2), Lookup("served", negate=True)) if balanced else ()
    return (*spared, *zone_by(DESTINATION))


def zone_of_answer(marked: Rule) -> Rule:
    """What a balancer sends to a backend is tracked where the answer will be, if its table leads it to a middlebox.

    `marked`: for which sources the table is asked, and its mark.
    """
    back = (LoadRoute(source=True, marked=True), Lookup("unguarded"))
    return (*marked, *back, address(SOURCE, 4), Lookup("own", negate=True), *zone_by(DESTINATION))


def returning() -> Rule:
    """Answers to what a balancer sent ask the table that leads back to it, whatever their segment's is (law 4)."""
    return (*REPLY, LoadCt(Ct.MARK), Mask(host32(names.RETURN_BITS), host32(0)), Is(host32(0), negate=True), SetMark())


def _opened_by_balancer() -> tuple[Rule, ...]:
    """The first packet of a connection tells to whom answers return, where a balancer sends as others. To whom it sends
    is remembered, so that answers are known before connection tracking is asked.
    """
    others = (Load(Meta.IIFNAME), address(SOURCE, 4), Lookup("own", negate=True))
    opened = (*others, Lookup("returns", 0, 4), SetCt(Ct.MARK, 4))
    served = (Load(Meta.IIFNAME), Lookup("balancers"), *_place(DESTINATION, 2), Remember("served"))
    return (opened, served)


def state(bits: int) -> Rule:
    """Go on when connection tracking says one of these."""
    return (LoadCt(Ct.STATE), Mask(host32(bits), host32(0)), Is(host32(0), negate=True))


def _slots(group_class: Rule, judges: str, slots: int = names.SLOTS) -> tuple[Rule, ...]:
    """Ask the groups of a class one after the other: slot 0, slot 1, ..."""
    return tuple(
        (*group_class, Put(host32(slot), 1), Lookup("worn", 0, 4), LookupVerdict(judges, 4)) for slot in range(slots)
    )


def _raw(*, tracked: bool) -> Iterator[tuple[str, Hook | None, tuple[Rule, ...]]]:
    yield (
        "enter",
        Hook(0, -300),
        (
            (*FROM_LINK, Load(Meta.IIFNAME), LookupVerdict("arrivals")),
            (Load(Meta.IIFNAME), address(SOURCE, 4), LookupVerdict("senders")),
            (Load(Meta.IIFNAME), LookupVerdict("forwarders")),
        ),
    )
    yield "through", None, (*((zone_by(DESTINATION),) if tracked else ()), (*IIF_SEGMENT, LookupVerdict("segments")))


def _input() -> Iterator[Rule]:
    """Ports reach what their domain answers, and nothing else of a router; what comes over a link reaches nothing."""
    yield (*FROM_LINK, DROP)
    port = LoadPacket(Base.TRANSPORT, 2, 2, 2)
    yield (address(DESTINATION), Load(Meta.L4PROTO, 1), port, Lookup("answered", negate=True), DROP)
    yield (Load(Meta.IIFNAME), Faster("asking", PACKETS_A_SECOND), DROP)
    yield (ACCEPT,)


def _forward(first: tuple[Rule, ...], last: Rule, *, borders: bool, aims: bool) -> tuple[Rule, ...]:
    """`borders`, `aims`: whether the domain has any element in `leaving` or `entering`, or in `targets`.

    `first`, `last`: before and behind that; no more is asked of what stays in one segment.
    """
    marked = (Load(Meta.MARK), Mask(host32(names.TABLE_BITS), host32(0)), Is(host32(0), negate=True))
    of_target = (Load(Meta.OIFNAME), Lookup("targets"), address(DESTINATION, 4), Lookup("own", negate=True))
    second_segment = (Load(Meta.OIFGROUP, 1), Mask(host32(names.SEGMENT_BITS), host32(0), 1))
    crossing = (
        (*IIF_SEGMENT, *second_segment, Lookup("within"), *last),
        (*IIF_SEGMENT, LookupVerdict("leaving")),
        (*OIF_SEGMENT, LookupVerdict("entering")),
    )
    return (
        *first,
        *(((*marked, *of_target, DROP),) if aims else ()),
        *(crossing if borders else ()),
        last,
    )


def _to_translators() -> tuple[Rule, ...]:
    """A translator serves those who have an address of the domain: to whom the main table delivers."""
    for_others = (Load(Meta.OIFNAME), Lookup("translators"), address(DESTINATION, 4), Lookup("own", negate=True))
    strangers = (bytes(4), names.LOOPBACK.encode().ljust(4, b"\0"))  # nowhere, or where nobody's addresses go
    return tuple((*for_others, LoadRoute(source=True), Is(one), DROP) for one in strangers)


def _ends() -> Iterator[tuple[str, Hook | None, tuple[Rule, ...]]]:
    yield (
        "ends",
        None,
        (
            (*state(RELATED), ACCEPT),
            (*connection_has(names.TRACKED), goto(PASS)),
            (*state(INVALID), goto("invalid")),
            (*state(NEW), Load(Meta.IIFNAME), Lookup("closed"), DROP),
            *_to_translators(),
            (*REPLY, goto("reply")),
            (*connection_has(names.SENDER_TRACKED), goto("receive")),
            (goto("send"),),
        ),
    )
    # What a balancer sends of ICMP are errors of connections that it knows. Their own ends do not tell in which zone.
    error = (Load(Meta.IIFNAME), Lookup("balancers"), Load(Meta.L4PROTO), Is(bytes([ICMP])), ACCEPT)
    yield "invalid", None, (error, (DROP,))
    yield "reply", None, ((*connection_has(names.RECEIVER_TRACKED), goto("receive")), (goto("send"),))
    yield "send", None, (*_slots(IIF_CLASS, "judge-out"), (DROP,))
    yield from _sent()
    yield (
        "receive",
        None,
        (
            (LoadCt(Ct.DIRECTION), Is(bytes([0])), *connection_has(names.RECEIVER_TRACKED), goto("settle")),
            (*REPLY, *connection_has(names.SENDER_TRACKED), goto(PASS)),
            *_slots(OIF_CLASS, "judge-in"),
            (DROP,),
        ),
    )
    yield from _received()
    passed = (Load(Meta.MARK), Mask(host32(names.PASSED), host32(0)), Is(host32(0), negate=True))
    yield "settle", None, ((*passed, *flag_connection(names.SENDER_TRACKED), goto(PASS)), (goto(PASS),))


_UNMATCHED: Rule = (Load(Meta.MARK), Mask(host32(names.MATCHED), host32(0)), Is(host32(0)), DROP)


def _sent() -> Iterator[tuple[str, Hook | None, tuple[Rule, ...]]]:
    """How judging at the sender's end goes on. Answers never start tracking; what is not delivered leaves nothing,
    so the connection is marked only where the packet is accepted (`settle`).

    `sent`: all groups asked. `sent-open`: a rule open to the world matched, so it may stay untracked.
    """
    clear, then = flag_mark(names.MATCHED, 0), goto("receive")
    yield "sent", None, (_UNMATCHED, clear, (goto("sent-tracked"),))
    tracked = (goto("sent-tracked"),)
    always = _always(Meta.OIFNAME, Meta.IIFNAME, tracked)
    yield "sent-open", None, (clear, (*REPLY, then), *always, *_slots(IIF_CLASS, "opens-in"), tracked)
    yield "sent-tracked", None, ((*REPLY, then), (*flag_mark(names.PASSED, names.PASSED), then))


def _received() -> Iterator[tuple[str, Hook | None, tuple[Rule, ...]]]:
    """The same at the receiver's end, after which the packet is accepted."""
    clear, then = flag_mark(names.MATCHED, 0), goto("settle")
    yield "received", None, (_UNMATCHED, clear, (goto("received-tracked"),))
    tracked = (goto("received-tracked"),)
    always = _always(Meta.IIFNAME, Meta.OIFNAME, tracked)
    yield "received-open", None, (clear, (*REPLY, goto(PASS)), *always, *_slots(OIF_CLASS, "opens-out"), tracked)
    yield "received-tracked", None, ((*REPLY, goto(PASS)), (*flag_connection(names.RECEIVER_TRACKED), then))


def _always(other: Meta, own: Meta, tracked: Rule) -> Iterator[Rule]:
    """What goes to a translator or a balancer, or comes from one, is tracked whatever is open."""
    for end, ports in ((other, "translators"), (other, "balancers"), (own, "balancers")):
        yield (Load(end), Lookup(ports), *tracked)


def _translation(*, balanced: bool) -> Iterator[tuple[str, Hook | None, tuple[Rule, ...]]]:
    """What is asked of a connection's first packet only."""
    inward = (*FROM_LINK, Load(Meta.IIFNAME), address(DESTINATION, 4), Lookup("unmap", 0, 8), Translate(1, 8))
    outward = (*TO_LINK, Load(Meta.OIFNAME), address(SOURCE, 4), Lookup("remap", 0, 8), Translate(0, 8))
    opened = _opened_by_balancer() if balanced else ()
    yield "translate-in", Hook(0, -100, "nat", drop=False), (inward, *opened)
    yield "translate-out", Hook(4, 100, "nat", drop=False), (outward,)


def static(
    domain: str, kind: DomainKind, *, borders: bool, aims: bool, balanced: bool
) -> Iterator[Chain | Set | Element]:
    """The pipeline of an empty router. On the internet nothing is filtered, translated or tracked: there is no `ct` in
    any of its rules, since a single one would make the kernel track all of its packets.
    """
    for name, shape in STATIC_SETS.items():
        yield Set(domain=domain, name=name, shape=shape)
    tracked = kind is not DomainKind.INTERNET
    parts = list(_raw(tracked=tracked))
    if not tracked:
        nowhere = (Load(Meta.OIFNAME), Is(names.LOOPBACK.encode().ljust(16, b"\0")), DROP)
        forward = _forward((nowhere,), (ACCEPT,), borders=borders, aims=aims)
        parts += [("input", Hook(1, 0), ()), ("forward", Hook(2, 0), forward)]
    else:
        recall = (Do(Verdict.JUMP, edition.RECALL),)
        departing = (*TO_LINK, Load(Meta.OIFNAME), LookupVerdict("departures"))
        forward = _forward((recall, departing), (goto("ends"),), borders=borders, aims=aims)
        parts += [
            ("forward", Hook(2, 0), forward),
            ("input", Hook(1, 0), tuple(_input())),
            *_ends(),
            *_translation(balanced=balanced),
        ]
        parts.append((PASS, None, edition.passing(balanced=balanced)))
        parts.append((edition.RECALLED, None, edition.recalled(balanced=balanced)))
        parts += [(name, None, rules) for name, rules in edition.rules().items()]
        yield from _judged_elements(domain)
    yield Element(domain=domain, set="departures", shape="interface-verdict", low=(names.LOOPBACK,), value="drop")
    for chain, hook, rules in parts:
        yield Chain(domain=domain, name=chain, hook=hook, rules=rules)


def _judged_elements(domain: str) -> Iterator[Element]:
    """What belongs to no user: links and unfiltered ports are asked nothing, and the end of every list of groups."""
    for wearer in (names.LINK_CLASS, names.UNFILTERED):
        yield Element(domain=domain, set="worn", shape="class-slot-group", low=(wearer, 0), value=names.UNFILTERED)
    for judges, chain, opposite in (("judge-out", "sent", "opens-in"), ("judge-in", "received", "opens-out")):
        for group, target in ((names.END, chain), (names.UNFILTERED, f"{chain}-tracked")):
            yield Element(domain=domain, set=judges, shape="group-verdict", low=(group,), value=f"goto {target}")
        yield Element(
            domain=domain, set=opposite, shape="group-verdict", low=(names.END,), value=f"goto {chain}-tracked"
        )
