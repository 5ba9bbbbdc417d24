"""What the network remembers of a connection: the ends that track it, the mappings it crossed by, its translations."""

from msgspec import Struct
from msgspec.structs import replace

from atoll.analyze.links import Frame
from atoll.analyze.translators import Translation
from atoll.packet import TCP, UDP, Flow
from atoll.plan.rows import Address, Backend, Idle, Mapping, Node, Port
from atoll.records import Delta, Record

PORTLESS = 600
"""Seconds after which a port forgets a silent connection of ICMP and other protocols without ports (fact 137)."""


class End(Struct, frozen=True):
    """A port that tracks the connection. `flow`: a packet of it as seen there; `node`: what the port is attached to.

    `idle`: the port's times when it began to; `silent`: seconds since it let a packet pass. `asked` and `answered`: how
    many it has let pass of the opener's and of the others. `brought`: the balancer's port that brought it with the
    opener's address, to which answers go back.
    """

    port: str
    flow: Flow
    node: str | None = None
    idle: Idle = Idle()
    silent: int = 0
    asked: int = 1
    answered: int = 0
    brought: str | None = None

    def hears(self, *, opener: bool) -> "End":
        """One more packet of it has passed."""
        return replace(self, silent=0, asked=self.asked + opener, answered=self.answered + (not opener))

    @property
    def patience(self) -> int:
        """Seconds of silence after which it forgets the connection. A stream has more than one packet each way."""
        if self.flow.protocol == TCP:
            return self.idle.tcp
        if self.flow.protocol != UDP:
            return PORTLESS
        return self.idle.stream if min(self.asked, self.answered) > 1 else self.idle.udp


class State(Struct, frozen=True):
    """Ends and frames of one connection, also of one that a middlebox sends on (the same flow, several legs)."""

    ends: tuple[End, ...] = ()
    frames: tuple[Frame, ...] = ()
    translations: tuple[Translation, ...] = ()

    def end(self, port: str, flow: Flow) -> End | None:
        """The end at that port, for a packet of either direction."""
        return next((end for end in self.ends if end.port == port and flow in (end.flow, end.flow.reply())), None)

    def plus(self, more: "State") -> "State":
        """Both; of what is known already the newer counts."""
        ends = (end for end in self.ends if more.end(end.port, end.flow) is None)
        frames = (frame for frame in more.frames if frame not in self.frames)
        newer = {one.place for one in more.translations}
        translations = (one for one in self.translations if one.place not in newer)
        return State((*ends, *more.ends), (*self.frames, *frames), (*translations, *more.translations))

    def silent(self, seconds: int) -> "State":
        """What is left of it when nobody has said anything for so long (law 5)."""
        ends = (replace(end, silent=end.silent + seconds) for end in self.ends)
        translations = (replace(one, silent=one.silent + seconds) for one in self.translations)
        return State(
            tuple(end for end in ends if end.silent < end.patience),
            self.frames,
            tuple(one for one in translations if one.silent < one.idle),
        )

    def after(self, delta: Delta) -> "State":
        """What is left of it when the plan has changed (law 5)."""
        changes = delta.values()
        gone = {frame for frame in self.frames if any(_ends_mapping(frame, old, new) for old, new in changes)}
        kept = (end for end in self.ends if not any(_forgets(end, old, new) for old, new in changes))
        addresses = {frame.inside for frame in gone}
        ends = (end for end in kept if addresses.isdisjoint((end.flow.source, end.flow.destination)))
        translations = (one for one in self.translations if not any(_untranslates(one, *pair) for pair in changes))
        return State(tuple(ends), tuple(frame for frame in self.frames if frame not in gone), tuple(translations))


def _ends_mapping(frame: Frame, old: Record | None, new: Record | None) -> bool:
    if not isinstance(old, Mapping) or (old.link, old.inside, old.outside) != (frame.link, frame.inside, frame.outside):
        return False
    return not isinstance(new, Mapping) or new.outside != old.outside


def _untranslates(one: Translation, old: Record | None, new: Record | None) -> bool:
    """The node is gone, or the address that the connection appears as; or its backend is cut."""
    match old, new:
        case Node(id=one.node), None:
            return True
        case Address(ip=one.sent.source, port=port), _ if one.sent.source != one.seen.source:
            return not isinstance(new, Address) or new.port != port
        case _, Backend(frontend=one.frontend, address=one.sent.destination, port=one.sent.destination_port, cut=True):
            return True
    return False


def _forgets(end: End, old: Record | None, new: Record | None) -> bool:
    """Detached, without power, or without the address; or the balancer that brought it is gone."""
    match old, new:
        case Port(id=end.port | end.brought), None:
            return True
        case Port(id=end.port, node=before), Port(node=after):
            return before != after
        case Node(id=end.node), None:
            return True
        case Node(id=end.node, powered=True), Node(powered=after):
            return not after
        case Address(ip=ip, port=end.port), _ if ip in (end.flow.source, end.flow.destination):
            return not isinstance(new, Address) or new.port != end.port
    return False


FRESH = State()
"""Of a connection that nobody has seen."""
