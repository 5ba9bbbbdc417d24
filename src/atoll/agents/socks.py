"""A SOCKS 5 proxy from the host's loopback to Atoll's internet, for browsers and for curl --proxy socks5h://.

It listens in the host's network; its own connections start in the namespace of an internet host. It leads nowhere
else: an address is connected to only when whoever made the proxy says that it is on Atoll's internet.
"""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from atoll.agents.relay import End, relay
from atoll.agents.socks_words import (
    NO_AUTHENTICATION,
    NO_METHOD,
    NotSocksError,
    RefusedError,
    Reply,
    Target,
    answer,
    method,
    read_methods,
    read_request,
)
from atoll.linux.packets import call_in

log = logging.getLogger(__name__)

MOST = 128
"""Connections at once; a browser opens some 30 through one proxy."""

TIMES = (10.0, 20.0, 300.0)
"""Seconds for the client's request, for the far side to answer, and of silence once one side has ended."""

REPLIES = {
    errno.ECONNREFUSED: Reply.REFUSED,
    errno.ENETUNREACH: Reply.NETWORK_UNREACHABLE,
    errno.EHOSTUNREACH: Reply.HOST_UNREACHABLE,
    errno.ETIMEDOUT: Reply.HOST_UNREACHABLE,
    errno.EACCES: Reply.NOT_ALLOWED,  # a broadcast address
}

KEEPALIVE = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
"""A guest that was terminated says no goodbye."""


class Proxy:
    """Serves the listener that it is given, on the loop that runs."""

    def __init__(
        self,
        network: Callable[[], Path | None],
        resolve: Callable[[str], str | None],
        leads_to: Callable[[str], bool],
        *,
        most: int = MOST,
        times: tuple[float, float, float] = TIMES,
    ) -> None:
        """`network`: the namespace to connect from. `resolve`: a name's address. `leads_to`: may it be connected to."""
        self._network = network
        self._resolve = resolve
        self._leads_to = leads_to
        self._most = most
        self._asking, self._connecting, self._ending = times
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Accept on a socket that listens already."""
        self._server = await asyncio.start_server(self._accepted, sock=listener)

    async def close(self) -> None:
        """Accept no more, and break what is open."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = End(reader, writer)
        if len(self._tasks) >= self._most:
            log.warning("more than %s connections through the SOCKS proxy: one was closed", self._most)
            client.reset()
            return
        task = asyncio.create_task(self._serve(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: End) -> None:
        try:
            far = await self._connected(client)
            if far is None:
                await client.close(self._asking)
            else:
                await relay(client, far, self._ending)
        except (NotSocksError, EOFError, OSError):
            client.reset()  # it speaks something else, was too slow, or went away
        except BaseException as error:
            client.reset()
            if isinstance(error, asyncio.CancelledError):
                raise
            log.exception("a connection through the SOCKS proxy failed")

    async def _connected(self, client: End) -> End | None:
        """The far side, once the client has been told; None when it was told that there is none."""
        async with asyncio.timeout(self._asking):
            if NO_AUTHENTICATION not in await read_methods(client.reader):
                client.writer.write(method(NO_METHOD))
                return None
            client.writer.write(method(NO_AUTHENTICATION))
            try:
                target = await read_request(client.reader)
            except RefusedError as refused:
                client.writer.write(answer(refused.reply))
                return None
        try:
            opened = await self._connect(target)
        except RefusedError as refused:
            client.writer.write(answer(refused.reply))
            return None
        try:
            client.writer.write(answer(Reply.CONNECTED, opened.getsockname()))
            return End(*await asyncio.open_connection(sock=opened))
        except BaseException:
            opened.close()
            raise

    async def _connect(self, target: Target) -> socket.socket:
        """A connection to the target, from the internet host. RefusedError says what the client is to be told."""
        address = literal(target.host) or self._resolve(target.host)
        if address is None:
            raise RefusedError(Reply.HOST_UNREACHABLE)
        if not self._leads_to(address):
            raise RefusedError(Reply.NOT_ALLOWED)
        network = self._network()
        if network is None:
            raise RefusedError(Reply.NETWORK_UNREACHABLE)
        opened = await asyncio.to_thread(call_in, network, _socket)
        try:
            async with asyncio.timeout(self._connecting):
                await asyncio.get_running_loop().sock_connect(opened, (address, target.port))
        except BaseException as error:
            opened.close()
            if isinstance(error, TimeoutError):
                raise RefusedError(Reply.HOST_UNREACHABLE) from error
            if isinstance(error, OSError):
                raise RefusedError(REPLIES.get(error.errno or 0, Reply.FAILED)) from error
            raise
        return opened


def literal(host: str) -> str | None:
    """The address that a host names outright, as some clients send addresses in the place of names."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return None


def _socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
