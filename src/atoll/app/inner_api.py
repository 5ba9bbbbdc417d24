"""The API inside: on the loopback of internet hosts, at the port that it has on the host's."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn

from atoll.linux.packets import call_in

LOOPBACK = "127.0.0.1"
"""Of a host's own namespace: nothing that comes over a wire is delivered there."""


class InnerApi:
    """Further listeners of a web server that runs, one an internet host; it closes them with its own."""

    def __init__(self, web: uvicorn.Server, port: int) -> None:
        self._web = web
        self.port = port
        self._opened: set[int] = set()  # namespaces, by their inode: a listener keeps its namespace and so the number
        self._lock = asyncio.Lock()

    async def open(self, namespace: Path) -> str:
        """The API's endpoint in that namespace, listening when this returns."""
        async with self._lock:
            inode = (await asyncio.to_thread(namespace.stat)).st_ino
            if inode not in self._opened:
                await self._serve(await asyncio.to_thread(call_in, namespace, self._listen))
                self._opened.add(inode)
        return f"http://{LOOPBACK}:{self.port}"

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, self.port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            raise ValueError(
                f"The API cannot listen on {LOOPBACK}:{self.port} of that internet host: {error.strerror}. "
                "Another program there has the port. Choose another host: --from IP"
            ) from error
        return listener

    async def _serve(self, listener: socket.socket) -> None:
        """As uvicorn itself does with the sockets that it is started with."""
        web = self._web
        protocol: Callable[..., asyncio.Protocol] = web.config.http_protocol_class
        made = partial(protocol, config=web.config, server_state=web.server_state, app_state=web.lifespan.state)
        web.servers.append(await asyncio.get_running_loop().create_server(made, sock=listener))
