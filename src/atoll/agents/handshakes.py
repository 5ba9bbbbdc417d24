"""Handshakes in which a header takes its place before what the client sends: the decisions, without any IO.

Nothing is ever put into a stream. The client's SYN says that its bytes begin behind s; the backend is told that they
begin so many before as the header has, and gets the header as the first of them. So the client's first byte, s+1, is
what the backend waits for next, and the kernel passes on all that follows as it is. The client gets the backend's
answer, with what it acknowledges put back by as many.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from atoll.agents.proxy_header import LENGTH, Place, announcing
from atoll.agents.segments import ACK, PSH, RST, SYN, Segment, common, timed, times

AGAIN = 1.0
"""Seconds after which a header that nobody has acknowledged is sent again, as TCP would (RFC 6298, 2.1)."""

MOST = 5
"""How often it is sent at most: then the backend has given up the handshake as well."""

KEPT = 4096
"""So many handshakes are remembered at most; the oldest are forgotten first."""

Ends = tuple[str, int, str, int]
"""The client's address and port, the node's."""

Places = Mapping[Place, Place]
"""Where clients of backends with a header come to, and what the header says of that place."""


class Shaken(NamedTuple):
    """A handshake whose answer the client was sent."""

    sequence: int  # of the client's SYN
    header: Segment
    answer: Segment
    due: float
    sent: int = 1
    awaited: bool = True


def introduced(syn: Segment) -> Segment:
    """The client's SYN as the backend is to see it: bytes before its own, no option that says something of those."""
    return syn._replace(sequence=_add(syn.sequence, -LENGTH), options=common(syn.options), data=b"")


def headed(answer: Segment, ends: Ends, place: Place) -> Segment:
    """What goes to the backend that has answered: the header, on the way that the client's packets go.

    It promises no room: the client does, in its own next packet.
    """
    known = times(answer.options)
    return Segment(
        *ends,
        sequence=answer.acknowledged,
        acknowledged=_add(answer.sequence, 1),
        flags=ACK | PSH,
        options=timed(known[1], known[0]) if known else b"",
        data=announcing(ends[:2], place),
    )


def answered(answer: Segment, ends: Ends) -> Segment:
    """The backend's answer to a SYN, a refusal as well, as the client is to hear it: from the node."""
    client, client_port, node, port = ends
    return answer._replace(
        source=node,
        source_port=port,
        destination=client,
        destination_port=client_port,
        acknowledged=_add(answer.acknowledged, LENGTH),
        options=common(answer.options),
    )


def _add(sequence: int, bytes_: int) -> int:
    return sequence + bytes_ & 0xFFFFFFFF


class Handshakes:
    """Those of one node. `proven`: the header of that connection has arrived."""

    def __init__(self, proven: Callable[[Ends], None]) -> None:
        self._proven = proven
        self._opening: dict[int, tuple[Ends, Place]] = {}
        self._shaken: dict[Ends, Shaken] = {}
        self._awaited: dict[Ends, None] = {}

    @property
    def waits(self) -> bool:
        """Whether some header may have to be sent again."""
        return bool(self._awaited)

    def arrived(self, segment: Segment, now: float, places: Places) -> Iterator[Segment]:
        """What is sent because of a packet that came with SYN or RST.

        What answers a SYN acknowledges it: by that it is known, for the backend has seen other ends, or another client.
        """
        if segment.has(SYN) and not segment.has(ACK):
            place = places.get(segment.ends[2:])
            if place is not None:
                yield from self._opened(segment, place)
            return
        if not (segment.has(SYN) or _refuses(segment)):
            return
        begun = _add(segment.acknowledged, -1)
        opened = self._opening.get(begun)
        if opened is None:
            return
        ends, place = opened
        if segment.ends[2:] != ends[:2] and segment.destination != place[0]:
            return  # addressed neither to the client nor to the node
        del self._opening[begun]
        answer = answered(segment, ends)
        if segment.has(SYN):
            header = headed(segment, ends, place)
            self._keep(ends, Shaken(_add(answer.acknowledged, -1), header, answer, now + AGAIN))
            yield header
        yield answer

    def _opened(self, syn: Segment, place: Place) -> Iterator[Segment]:
        """The client begins, or has not heard the answer."""
        known = self._shaken.get(syn.ends)
        if known is not None and known.sequence == syn.sequence:
            if known.awaited:
                yield known.header
            yield known.answer
            return
        self._drop(syn.ends)
        begun = introduced(syn)
        self._opening[begun.sequence] = (syn.ends, place)
        while len(self._opening) > KEPT:
            del self._opening[next(iter(self._opening))]
        yield begun

    def left(self, segment: Segment) -> None:
        """The backend has sent something on a connection whose header, as far as is known, is not acknowledged yet."""
        ends = (segment.destination, segment.destination_port, segment.source, segment.source_port)
        known = self._shaken.get(ends)
        if known is None:
            self._proven(ends)
        elif known.awaited and (segment.acknowledged != known.header.sequence or segment.has(RST)):
            self._proven(ends)
            self._shaken[ends] = known._replace(awaited=False)
            del self._awaited[ends]

    def again(self, now: float) -> Iterator[Segment]:
        """What is sent because time has passed."""
        for ends in list(self._awaited):
            known = self._shaken[ends]
            if known.due > now:
                continue
            if known.sent >= MOST:
                self._drop(ends)
                continue
            self._shaken[ends] = known._replace(due=now + AGAIN, sent=known.sent + 1)
            yield known.header

    def _keep(self, ends: Ends, shaken: Shaken) -> None:
        self._drop(ends)
        self._shaken[ends] = shaken
        self._awaited[ends] = None
        while len(self._shaken) > KEPT:
            self._drop(next(iter(self._shaken)))

    def _drop(self, ends: Ends) -> None:
        self._shaken.pop(ends, None)
        self._awaited.pop(ends, None)


def _refuses(segment: Segment) -> bool:
    """Whether it is a reset that answers a SYN, which alone begins at nothing and acknowledges (RFC 9293, 3.5.2)."""
    return segment.has(RST) and segment.has(ACK) and segment.sequence == 0
