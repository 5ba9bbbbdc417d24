"""DNS: a resolver in every VPC's router, and one on Atoll's internet.

What they tell is in the plan (`agents/names.py`). Who asks is told by the network in which a question arrives: that of
the VPC's own router.
"""

import asyncio
import functools
import logging
from collections.abc import Callable
from pathlib import Path

from atoll.agents.name_server import NameServer, PassOn, sockets
from atoll.agents.names import Found, look_up
from atoll.app.per_vpc import PerVpc
from atoll.compile.internet import RESOLVER, host_id
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.linux import arrival
from atoll.linux.datagrams import Datagram
from atoll.linux.packets import call_in
from atoll.plan.rows import INTERNET, Name, Numbering, Zone
from atoll.records import Delta

log = logging.getLogger(__name__)

KNOWN = (Name, Numbering, Zone)
"""The rows that answers come from."""


class NameService:
    """All the resolvers of one Atoll."""

    def __init__(self, writer: Writer, fabric: Fabric) -> None:
        self._writer = writer
        self._fabric = fabric
        self._vpcs = PerVpc(writer, fabric, "DNS", self._open)
        self._servers: dict[str, NameServer] = {}
        self._pass_on: PassOn | None = None

    async def start(self, pass_on: PassOn | None = None) -> None:
        """Answer in every VPC that there is, in those that come, and on the internet. `pass_on`: see NameServer."""
        self._pass_on = pass_on
        self._writer.watch(self._follow)
        await self._vpcs.start()
        network = self._fabric.namespace(host_id(RESOLVER))
        if network is not None:
            await self._serve(INTERNET, network)

    async def ready(self) -> None:
        """Return when every VPC that there is has its resolver."""
        await self._vpcs.ready()

    def look_up(self, domain: str, name: str, kind: str) -> Found | None:
        """What is known of a name."""
        return look_up(self._writer.plan, domain, name, kind)

    def _follow(self, plan: Delta) -> None:
        if any(isinstance(one, KNOWN) for pair in plan.values() for one in pair):
            for server in self._servers.values():
                server.forget()

    async def _open(self, domain: str, network: Path) -> Callable[[], object]:
        await self._serve(domain, network)
        return functools.partial(self._end, domain)

    async def _serve(self, domain: str, network: Path) -> None:
        opened = await asyncio.to_thread(call_in, network, functools.partial(sockets, arrival.note))
        whose = functools.partial(self._port, domain) if domain != INTERNET else _peer
        sender = _interface if domain != INTERNET else _source
        server = NameServer(functools.partial(self.look_up, domain), self._pass_on, whose, sender)
        await server.start(opened)
        self._servers[domain] = server

    def _port(self, domain: str, transport: asyncio.BaseTransport) -> str:
        """The port behind a connection."""
        number = arrival.interface(transport.get_extra_info("socket"))
        return self._fabric.port_behind(domain, number) or ""

    def _end(self, domain: str) -> None:
        self._servers.pop(domain).close()

    def close(self) -> None:
        """Answer no more."""
        self._vpcs.close()
        for domain in list(self._servers):
            self._end(domain)


def _peer(transport: asyncio.BaseTransport) -> str:
    return str(transport.get_extra_info("peername")[0])


def _interface(asked: Datagram) -> str:
    """Of a VPC's router: one an ENI, whatever source its guest writes."""
    return str(asked.interface)


def _source(asked: Datagram) -> str:
    return asked.peer[0]
