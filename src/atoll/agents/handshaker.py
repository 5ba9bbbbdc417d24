"""Who shakes hands in a load balancer's node's place, where backends get a header first: the sockets of it.

The node's own table translates and remembers as it does for everybody. A client's SYN is not taken there; it is sent
again from here, as the node's own packet, with room for the header before it (`handshakes`). Nothing listens, and no
byte of a connection passes here but the header.
"""

import asyncio
import contextlib
import logging
import time
from pathlib import Path

from atoll.agents.handshakes import AGAIN, Ends, Handshakes, Places
from atoll.agents.segments import Segment, packed, read
from atoll.linux import conntrack, handshakes
from atoll.linux.netlink import NETFILTER, Netlink
from atoll.linux.packets import call_in

log = logging.getLogger(__name__)

BATCH = 64
"""So many packets at once: then others have a turn."""


class Handshaker:
    """For one node, on the loop that runs. OSError when its sockets cannot be opened. `places` may be replaced at any
    time."""

    def __init__(self, namespace: Path, places: Places) -> None:
        self.places = places
        self._loop = asyncio.get_running_loop()
        self._handshakes = Handshakes(self._proven)
        self._timer: asyncio.TimerHandle | None = None
        with contextlib.ExitStack() as opened:
            self._tracked = opened.enter_context(call_in(namespace, lambda: Netlink(NETFILTER)))
            self._sender = opened.enter_context(call_in(namespace, handshakes.sender))
            self._watched = opened.enter_context(call_in(namespace, handshakes.watch))
            self._opened = opened.pop_all()
        self._loop.add_reader(self._watched, self._see)

    def close(self) -> None:
        """Shake no more hands; connections go on."""
        self._loop.remove_reader(self._watched)
        if self._timer is not None:
            self._timer.cancel()
        self._opened.close()

    def _see(self) -> None:
        for _ in range(BATCH):
            try:
                seen = handshakes.see(self._watched)
            except BlockingIOError:
                return
            except OSError as error:  # the interface is down, say
                log.debug("handshakes cannot be seen: %s", error)
                return
            segment = read(seen.packet)
            if segment is None:
                continue
            try:
                self._take(segment, leaves=seen.leaves)
            except OSError as error:
                log.warning("a handshake with %s:%s broke: %s", segment.source, segment.source_port, error)

    def _take(self, segment: Segment, *, leaves: bool) -> None:
        if leaves:
            self._handshakes.left(segment)
            return
        for one in self._handshakes.arrived(segment, time.monotonic(), self.places):
            handshakes.send(self._sender, packed(one))
        self._wake()

    def _wake(self) -> None:
        """Look after a while whether some header has to be sent again."""
        if self._timer is None and self._handshakes.waits:
            self._timer = self._loop.call_later(AGAIN, self._again)

    def _again(self) -> None:
        self._timer = None
        for one in self._handshakes.again(time.monotonic()):
            with contextlib.suppress(OSError):  # it is tried again
                handshakes.send(self._sender, packed(one))
        self._wake()

    def _proven(self, ends: Ends) -> None:
        found = conntrack.opened(self._tracked, ends[:2], ends[2:])
        if found is not None:
            conntrack.clear_marks(self._tracked, [(found, handshakes.AWAITED)])
