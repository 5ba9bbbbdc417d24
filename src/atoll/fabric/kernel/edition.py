"""What remembers that a connection passes: pure. A packet that has passed everything leaves a note in its connection's
mark, one for the opener's packets and one for the answers, with the number of the router's edition. Later packets of
the connection pass on both notes, asked nothing more, as long as the edition is the same.

Every change of what the router would answer gives a new edition, in the same transaction (memory.py). So this is no
state as AWS's security groups have it, but a memory of answers: what a packet of that connection and direction meets
depends on its addresses, ports and type, and on the configuration, and on nothing else. Where it depends on more,
nothing is noted: ICMP errors carry the mark of the connection that they are about; in a zone other than 0 the legs of
middleboxes and translators have interfaces that their addresses do not tell; and so has what balancers send as others.
"""

from collections.abc import Iterator

from atoll.fabric.kernel import names
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
    Mask,
    Meta,
    Number,
    SetCt,
    Verdict,
    host32,
)

Rule = tuple[Expression, ...]

RECALL, PASS, REMEMBER, REMEMBER_ANSWER = "recall", "pass", "remember", "remember-answer"
"""The chain that is asked first; the one for what has passed everything; those that accept and take note."""

RECALLED = "recalled"
"""The chain for packets of connections with both notes."""

_ESTABLISHED = 2  # as the whole of `ct state`
_BY_BALANCER: Rule = (Load(Meta.IIFNAME), Lookup("balancers"))
_AS_ITSELF: Rule = (Load(Meta.IIFNAME), LoadPacket(Base.NETWORK, 12, 4, 4), Lookup("own"))
_ACCEPT = Do(Verdict.ACCEPT)


def rules() -> dict[str, tuple[Rule, ...]]:
    """The chains of the current edition."""
    both = _edition(names.WENT | names.CAME)
    noted = (LoadCt(Ct.MARK), Mask(host32(names.MEMORY), host32(0)), Is(both))
    return {
        RECALL: ((*noted, LoadCt(Ct.STATE), Is(host32(_ESTABLISHED)), Do(Verdict.GOTO, RECALLED)),),
        REMEMBER: (
            (LoadCt(Ct.DIRECTION), Is(bytes([1])), Do(Verdict.GOTO, REMEMBER_ANSWER)),
            *_note(names.WENT),
        ),
        REMEMBER_ANSWER: tuple(_note(names.CAME)),
    }


def passing(*, balanced: bool) -> tuple[Rule, ...]:
    """Whether note may be taken. `balanced`: the domain has balancers."""
    in_zone = (LoadCt(Ct.ZONE), Is(bytes(2), negate=True), _ACCEPT)
    through = (LoadCt(Ct.MARK), Mask(host32(names.RETURN_BITS), host32(0)), Is(host32(0), negate=True), _ACCEPT)
    remember = Do(Verdict.GOTO, REMEMBER)
    others = (through, (*_AS_ITSELF, remember), (*_BY_BALANCER, _ACCEPT)) if balanced else ()
    return (in_zone, *others, (remember,))


def recalled(*, balanced: bool) -> tuple[Rule, ...]:
    """Who passes on the notes: not what a balancer sends as others in a connection that somebody else has opened."""
    others = (Load(Meta.IIFNAME), Lookup("balancers", negate=True), _ACCEPT)
    return (others, (*_AS_ITSELF, _ACCEPT)) if balanced else ((_ACCEPT,),)


def suspended() -> dict[str, tuple[Rule, ...]]:
    """The same while routes and interfaces change, one after the other: nothing is recalled or noted."""
    return {RECALL: (), REMEMBER: ((_ACCEPT,),)}


def _note(bit: int) -> Iterator[Rule]:
    """Beside what this edition has noted; the notes of another one go. Each writer names its own edition, so one that
    is still under way with older rules leaves nothing that counts.
    """
    number = names.EDITIONS << names.EDITION_SHIFT
    of_this = (LoadCt(Ct.MARK), Mask(host32(number), host32(0)), Is(_edition(0)))
    yield (*of_this, LoadCt(Ct.MARK), Mask(host32(names.EVERYTHING & ~bit), host32(bit)), SetCt(Ct.MARK), _ACCEPT)
    yield (LoadCt(Ct.MARK), Mask(host32(names.EVERYTHING & ~names.MEMORY), _edition(bit)), SetCt(Ct.MARK), _ACCEPT)


def _edition(notes: int) -> Number:
    return Number("edition", str(notes))
