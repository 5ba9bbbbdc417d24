"""Whom a resolver asks what it does not know: the name server behind the uplink."""

import asyncio
import contextlib
import socket
from pathlib import Path

from atoll.linux.datagrams import LARGEST
from atoll.linux.packets import call_in
from atoll.plan.services import DNS

PATIENCE = 5.0
"""Seconds for an answer; the C library asks again after as many."""


class Upstream:
    """A name server at an address of a namespace."""

    def __init__(self, network: Path, ip: str) -> None:
        self._network = network
        self._at = (ip, DNS)

    async def ask(self, wire: bytes, tcp: bool) -> bytes | None:
        """What it answers to a message; None when it does not."""
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        with contextlib.suppress(OSError, EOFError):
            opened = await asyncio.to_thread(call_in, self._network, lambda: socket.socket(socket.AF_INET, kind))
            with opened:
                opened.setblocking(False)
                async with asyncio.timeout(PATIENCE):
                    return await (self._by_tcp(opened, wire) if tcp else self._by_udp(opened, wire))
        return None

    async def _by_udp(self, opened: socket.socket, wire: bytes) -> bytes:
        """From a port that nobody else knows, and from whom was asked alone: the socket is connected."""
        loop = asyncio.get_running_loop()
        opened.connect(self._at)
        await loop.sock_sendall(opened, wire)
        while (told := await loop.sock_recv(opened, LARGEST))[:2] != wire[:2]:
            continue
        return told

    async def _by_tcp(self, opened: socket.socket, wire: bytes) -> bytes:
        await asyncio.get_running_loop().sock_connect(opened, self._at)
        reader, writer = await asyncio.open_connection(sock=opened)
        with contextlib.closing(writer):
            writer.write(len(wire).to_bytes(2, "big") + wire)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
