"""AWS from inside: the API on Atoll's internet, over TLS, at the names that AWS's services have.

Whoever finds a way there may ask, so it is less open than the API on the host's loopback: it serves AWS's services and
nothing else, to who shows temporary keys that Atoll has given out, and their token. Clients and their connections are
few, each bounded as the API's are.
"""

import asyncio
import functools
import hmac
import logging
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from atoll.app.endpoint import Endpoint
from atoll.app.http import WEB_SETTINGS, PatientProtocol
from atoll.compile.internet import AWS
from atoll.engine.writer import Writer
from atoll.linux.packets import call_in
from atoll.model.kinds import Session
from atoll.protocol import AwsError, Scope, Service
from atoll.services.identity import digest

log = logging.getLogger(__name__)

PORT = 443
MOST_OF_ONE = 64
MOST = min(256, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8)
"""Connections at once, of one address and of all; those beyond are closed."""

HANDSHAKE = 10.0
"""Seconds that a client may take to begin."""


class Admission:
    """Who may call from inside: who has a session, and its token."""

    def __init__(self, writer: Writer, now: Callable[[], float]) -> None:
        self._writer = writer
        self._now = now

    def __call__(self, asked: Scope, service: Service, headers: Mapping[str, str]) -> None:
        """AwsError in the service's own words for anybody else."""
        session = self._writer.model.get(Session, asked.access_key)
        token = digest(headers.get("x-amz-security-token", ""))
        known = session is not None and hmac.compare_digest(session.token, token)
        if session is None or not known or session.expires.timestamp() < self._now():
            raise AwsError(*_REFUSALS.get(service.name, _OTHERS))


_TOKEN = "The security token included in the request is invalid."
_HINT = "Here it must be of an instance's role (give the instance a profile), or of AssumeRole."
_OTHERS = ("InvalidClientTokenId", f"{_TOKEN} {_HINT}", 403)
_REFUSALS = {
    "ec2": ("AuthFailure", f"AWS was not able to validate the provided access credentials. {_HINT}", 401),
    "arc-zonal-shift": ("AccessDeniedException", f"{_TOKEN} {_HINT}", 403),
    "ssm": ("UnrecognizedClientException", f"{_TOKEN} {_HINT}", 400),
}


class Inside(PatientProtocol):
    """One connection."""

    def __init__(self, ended: Callable[[], object], **settings: Any) -> None:
        super().__init__(**settings)
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        """One fewer."""
        super().connection_lost(exc)
        self._ended()


class AwsInside:
    """A listener beside the web server, which ends what this accepts with its own connections."""

    def __init__(self, endpoint: Endpoint, state: ServerState) -> None:
        self._state = state
        self._config = uvicorn.Config(endpoint, **WEB_SETTINGS, date_header=True, timeout_keep_alive=60)
        self._of_one: Counter[str] = Counter()
        self._accepting: asyncio.Task[None] | None = None
        self._greeting: set[asyncio.Task[None]] = set()

    async def start(self, network: Path, context: ssl.SSLContext) -> None:
        """Listen in that network."""
        listener = await asyncio.to_thread(call_in, network, _listen)
        self._accepting = asyncio.create_task(self._accept(listener, context))

    def close(self) -> None:
        """Listen no more."""
        for task in (self._accepting, *self._greeting):
            if task is not None:
                task.cancel()

    async def _accept(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """By hand, so that a connection counts from its first moment and not only when TLS is agreed on."""
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                try:
                    opened, (ip, _) = await loop.sock_accept(listener)
                except OSError as error:
                    log.warning("AWS inside: no connection could be accepted: %s", error)
                    await asyncio.sleep(1)
                    continue
                if self._of_one.total() >= MOST or self._of_one[ip] >= MOST_OF_ONE:
                    opened.close()
                    continue
                self._of_one[ip] += 1
                task = asyncio.create_task(self._greet(opened, ip, context))
                self._greeting.add(task)
                task.add_done_callback(self._greeting.discard)

    async def _greet(self, opened: socket.socket, ip: str, context: ssl.SSLContext) -> None:
        leave = self._place(ip)
        made = functools.partial(Inside, leave, config=self._config, server_state=self._state, app_state={})
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(made, opened, ssl=context, ssl_handshake_timeout=HANDSHAKE)
        except (OSError, asyncio.CancelledError):
            opened.close()
            leave()

    def _place(self, ip: str) -> Callable[[], None]:
        """What gives a connection's place back, once."""
        held = [ip]

        def leave() -> None:
            for one in held:
                self._of_one[one] -= 1
                if not self._of_one[one]:
                    del self._of_one[one]
            held.clear()

        return leave


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((AWS, PORT))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
