"""Instance metadata on the wire: one listener a VPC, in the network of the VPC's own router.

Who asks is told by the interface that a connection came by (`linux/arrival.py`), so addresses that are the same in two
VPCs, or that a guest has put on, make no difference. Each connection gets one answer, as in AWS; a guest has few at a
time, each bounded by `app/http.py`.
"""

import asyncio
import contextlib
import functools
import logging
import resource
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from uvicorn.server import ServerState

from atoll.app.http import WEB_SETTINGS, PatientProtocol
from atoll.app.per_vpc import PerVpc
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.linux import arrival
from atoll.linux.packets import call_in
from atoll.model.kinds import Instance, NetworkInterface, Session
from atoll.model.tx import Tx
from atoll.plan.services import METADATA
from atoll.protocol import AwsError
from atoll.services.metadata import Answer, Asked, answer
from atoll.services.metadata.answers import refusal

log = logging.getLogger(__name__)

MOST_OF_A_PORT = 32
MOST = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
"""Connections at once, of one ENI and of all; those beyond are reset. The API needs files as well."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
WHOSE = "connection"
"""Where a request's scope names its connection."""


class MetadataProtocol(PatientProtocol):
    """One connection from an ENI."""

    LARGEST_HEAD: ClassVar[int] = 16 * 1024
    LARGEST_REQUEST: ClassVar[int] = 64 * 1024
    PATIENCE: ClassVar[float] = 10.0

    def __init__(self, service: "MetadataService", domain: str, **kwargs: Any) -> None:
        super().__init__(**kwargs, app_state={WHOSE: self})
        self._service = service
        self.domain = domain
        self.port: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Who is it? Nobody whom we know, or one connection too many, is cut off."""
        super().connection_made(transport)
        self.port = self._service.port_of(self.domain, transport)
        if not self._service.admit(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """One fewer."""
        self._service.dismiss(self)
        super().connection_lost(exc)

    def refusal(self, error: AwsError) -> tuple[Mapping[str, str], bytes]:
        """As the service refuses, not as the API does."""
        page = refusal(error.status)
        return page.headers, page.content

    def bound(self, hops: int) -> None:
        """From now on nothing of this connection goes farther than that."""
        opened: socket.socket = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it has gone away already
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


class MetadataService:
    """Listeners that come and go with VPCs, beside a web server; it ends what they accept with its own connections."""

    def __init__(self, writer: Writer, fabric: Fabric, secret: bytes) -> None:
        """`secret`: what tokens and keys are made with."""
        self._writer = writer
        self._fabric = fabric
        self._secret = secret
        self._state = ServerState()
        self._config = uvicorn.Config(
            self,
            **WEB_SETTINGS,
            proxy_headers=False,
            timeout_keep_alive=5,
        )
        self._vpcs = PerVpc(writer, fabric, "instance metadata", self._open)
        self._connections: set[MetadataProtocol] = set()
        self._of_port: Counter[str | None] = Counter()

    async def start(self, state: ServerState) -> None:
        """Listen for every VPC that there is, and for those that come. `state`: the web server's."""
        self._state = state
        await self._vpcs.start()

    async def ready(self) -> None:
        """Return when every VPC that there is has its listener."""
        await self._vpcs.ready()

    async def _open(self, domain: str, network: Path) -> Callable[[], object]:
        listener = await asyncio.to_thread(call_in, network, _listen)
        made = functools.partial(MetadataProtocol, self, domain, config=self._config, server_state=self._state)
        served = await asyncio.get_running_loop().create_server(made, sock=listener)
        return functools.partial(self._end, served, domain)

    def _end(self, served: asyncio.Server, domain: str) -> None:
        served.close()
        for connection in [one for one in self._connections if one.domain == domain]:
            connection.transport.abort()

    def close(self) -> None:
        """Listen no more."""
        self._vpcs.close()

    def port_of(self, domain: str, transport: asyncio.Transport) -> str | None:
        """The port, in the plan's sense, from which a connection came."""
        return self._fabric.port_behind(domain, arrival.interface(transport.get_extra_info("socket")))

    def admit(self, connection: MetadataProtocol) -> bool:
        """Count a connection; whether it may go on."""
        self._connections.add(connection)
        self._of_port[connection.port] += 1
        known = connection.port is not None
        return known and self._of_port[connection.port] <= MOST_OF_A_PORT and len(self._connections) <= MOST

    def dismiss(self, connection: MetadataProtocol) -> None:
        """It has ended."""
        self._connections.discard(connection)
        self._of_port[connection.port] -= 1
        if not self._of_port[connection.port]:
            del self._of_port[connection.port]

    async def __call__(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        """ASGI's entry point. What a request carries as its body is not read."""
        connection: MetadataProtocol = scope["state"][WHOSE]
        names = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        instance = self._instance(connection.port)
        if instance is not None and scope["method"] == "PUT":
            connection.bound(instance.metadata.hop_limit)
        told = await self._answer(instance, Asked(scope["method"], scope["path"], names))
        fields = {**told.headers, "content-length": str(len(told.content)), "server": "EC2ws", "connection": "close"}
        pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": told.status, "headers": pairs})
        await send({"type": "http.response.body", "body": told.content})

    def _instance(self, port: str | None) -> Instance | None:
        model = self._writer.model
        interface = model.get(NetworkInterface, port) if port is not None else None
        return model.get(Instance, interface.instance) if interface and interface.instance else None

    async def _answer(self, instance: Instance | None, asked: Asked) -> Answer:
        if instance is None:
            return refusal(404)
        try:
            told = answer(self._writer.draft(instance.account, instance.region), instance, asked, self._secret)
            if told.session is not None:
                await self._remember(told.session)
        except Exception:
            log.exception("instance metadata: %s %s of %s failed", asked.method, asked.path[:200], instance.id)
            return refusal(500)
        return told

    async def _remember(self, session: Session) -> None:
        """Whose keys they are, for sts; written when they are first told."""
        if self._writer.model.get(Session, session.id) != session:

            def put(tx: Tx) -> None:
                tx.put(session)

            await self._writer.write(session.account, session.region, put)


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        arrival.note(listener)
        listener.bind((METADATA.ip, METADATA.port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def read_secret(file: Path) -> bytes:
    """What the last server made tokens with, so that they go on; a new one where there is none."""
    try:
        found = file.read_bytes()
    except FileNotFoundError:
        found = b""
    if len(found) == SECRET_BYTES:
        return found
    made = secrets.token_bytes(SECRET_BYTES)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(made)
    return made


SECRET_BYTES = 32
