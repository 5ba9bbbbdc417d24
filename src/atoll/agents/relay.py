"""Bytes between two connections, both ways, until both are done. Each way ends for itself: TCP's half-close."""

import asyncio
import contextlib
import socket
import struct
from typing import NamedTuple

CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends a reset."""


class End(NamedTuple):
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def close(self, seconds: float) -> None:
        """Deliver what is still to be sent, and close; a peer that does not take it in that time is cut off."""
        self.writer.close()
        try:
            await asyncio.wait_for(self.writer.wait_closed(), seconds)
        except (TimeoutError, OSError):
            self.writer.transport.abort()

    def reset(self) -> None:
        """Close at once, as a connection that broke."""
        opened: socket.socket | None = self.writer.get_extra_info("socket")
        if opened is not None:
            with contextlib.suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


class _Way:
    """One direction."""

    def __init__(self, source: End, sink: End) -> None:
        self._source, self._sink = source, sink
        self.moved = 0

    async def run(self) -> None:
        """Pass bytes on, no faster than they are taken, and then the end."""
        while data := await self._source.reader.read(CHUNK):
            self._sink.writer.write(data)
            await self._sink.writer.drain()
            self.moved += len(data)
        self._sink.writer.write_eof()


async def relay(one: End, other: End, patience: float) -> None:
    """Relay until both sides have ended; a reset on one side is a reset on the other.

    When one side has ended nobody can tell whether its program still listens or is gone, so from then on `patience`
    seconds without a byte end the connection.
    """
    ways = (_Way(one, other), _Way(other, one))
    waiting = {asyncio.create_task(way.run()) for way in ways}
    in_order = False
    try:
        in_order = await _both_end(ways, waiting, patience)
    finally:
        for task in waiting:
            task.cancel()
        if not in_order:
            one.reset()
            other.reset()
    await asyncio.gather(one.close(patience), other.close(patience))


async def _both_end(ways: tuple[_Way, _Way], waiting: set[asyncio.Task[None]], patience: float) -> bool:
    limit: float | None = None
    running = waiting
    while running:
        before = [way.moved for way in ways]
        done, running = await asyncio.wait(running, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() is not None for task in done):
            return False
        if not done and before == [way.moved for way in ways]:
            return False
        limit = patience
    return True
