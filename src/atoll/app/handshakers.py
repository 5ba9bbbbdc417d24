"""Somebody shakes hands for each load balancer's node whose backends get a header, as long as the plan says so."""

import logging
from pathlib import Path
from typing import Protocol

from atoll.agents.handshaker import Handshaker
from atoll.agents.handshakes import Places
from atoll.plan.rows import Address, Frontend, Link, Mapping, Node, Port
from atoll.records import Delta, Table

log = logging.getLogger(__name__)


class Planned(Protocol):
    """What there is to read: the writer has it."""

    @property
    def plan(self) -> Table:
        """The plan as it is committed."""
        ...


class Network(Protocol):
    """Where nodes are: the fabric knows."""

    def namespace(self, node: str) -> Path | None:
        """See Fabric."""
        ...


class Handshakers:
    """By node. All on the loop."""

    def __init__(self, writer: Planned, fabric: Network) -> None:
        self._writer = writer
        self._fabric = fabric
        self._made: dict[str, Handshaker] = {}

    def start(self) -> None:
        """Shake hands wherever the plan asks for it now. What was tried while nobody did is tried again by clients."""
        for node in {one.node for one in self._writer.plan.all(Frontend) if one.header}:
            self._look(node)

    def follow(self, delta: Delta) -> None:
        """The plan has changed."""
        rows = [row for pair in delta.values() for row in pair]
        if any(isinstance(row, Frontend | Address | Mapping | Port | Node) for row in rows):
            for node in {*self._made, *(row.node for row in rows if isinstance(row, Frontend) and row.header)}:
                self._look(node)

    def _look(self, node: str) -> None:
        places = self._places(node)
        made = self._made.get(node)
        if not places:
            self._end(node)
        elif made is not None:
            made.places = places
        elif (namespace := self._fabric.namespace(node)) is not None:
            try:
                self._made[node] = Handshaker(namespace, places)
            except OSError:
                log.exception("nobody shakes hands for %s: its targets get no connections", node)

    def _places(self, node: str) -> Places:
        """What comes to the node's public address may keep that on its way to the node: the header names its own."""
        plan = self._writer.plan
        ports = [one.port for one in plan.by(Frontend, "node", node) if one.header]
        known: dict[str, str] = {}
        for own in (one for port in plan.by(Port, "node", node) for one in plan.by(Address, "port", port.id)):
            known[own.ip] = own.ip
            mapped = (plan.get(Mapping, link.id, own.ip) for link in plan.by(Link, "a", own.domain))
            known.update({one.outside: own.ip for one in mapped if one is not None})
        return {(ip, port): (named, port) for ip, named in known.items() for port in ports}

    def _end(self, node: str) -> None:
        made = self._made.pop(node, None)
        if made is not None:
            made.close()

    def close(self) -> None:
        """Shake no more hands: nothing may hold the nodes' network."""
        for node in list(self._made):
            self._end(node)
