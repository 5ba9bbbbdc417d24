"""What the network remembers of a connection: the ends that judged it, and the frames it left."""

import msgspec

from atoll.analyze.links import Frame
from atoll.packet import Flow


class End(msgspec.Struct, frozen=True):
    """A port that judged the first packet. `flow` is that packet as seen there.

    `tracked` is settled by that packet and stays: an untracked connection's packets are judged one by one.
    """

    port: str
    flow: Flow
    tracked: bool


class State(msgspec.Struct, frozen=True):
    """Ends and frames of one connection, also of one that a middlebox sends on (the same flow, several legs)."""

    ends: tuple[End, ...] = ()
    frames: tuple[Frame, ...] = ()

    def end(self, port: str, flow: Flow) -> End | None:
        """The end at that port, for a packet of either direction."""
        return next((end for end in self.ends if end.port == port and flow in (end.flow, end.flow.reply())), None)

    def plus(self, more: "State") -> "State":
        """Both; what is known already is not repeated."""
        ends = (end for end in more.ends if self.end(end.port, end.flow) is None)
        frames = (frame for frame in more.frames if frame not in self.frames)
        return State((*self.ends, *ends), (*self.frames, *frames))


FRESH = State()
"""Of a connection that nobody has seen."""
