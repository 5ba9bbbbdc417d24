"""A beam: flows that have had the same fate so far, and what they have left behind."""

from typing import NamedTuple

from atoll.analyze.reach.flows import Box, Field, View


class Frame(NamedTuple):
    """A connection crossed that link from side a with `inside` as its source: the link lets its answers in."""

    link: str
    inside: Field


class Translation(NamedTuple):
    """A node has translated the connection: its packets arrive as `seen` and leave as `sent`."""

    node: str
    seen: View
    sent: View


class End(NamedTuple):
    """A port that tracks the connection, of which it saw a packet like this."""

    port: str
    view: View


class Pick(NamedTuple):
    """Law 6: which one of how many a node has chosen."""

    number: int
    of: int


class Beam(NamedTuple):
    """`via`: the links and nodes passed. `passages`: through translators, on this leg."""

    box: Box
    view: View
    ends: tuple[End, ...] = ()
    frames: tuple[Frame, ...] = ()
    translations: tuple[Translation, ...] = ()
    picks: tuple[Pick, ...] = ()
    via: tuple[str, ...] = ()
    passages: int = 0

    def of(self, box: Box) -> "Beam":
        """The part of it with these flows."""
        return self if box is self.box else self._replace(box=box)

    def past(self, name: str) -> "Beam":
        """The beam when it has passed a link or a node."""
        return self._replace(via=(*self.via, name))
