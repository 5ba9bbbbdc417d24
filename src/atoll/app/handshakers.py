"""Somebody shakes hands for each load balancer's node whose backends get a header, as long as the plan says so."""

import logging
from pathlib import Path
from typing import Protocol

from atoll.agents.handshaker import Handshaker, Place
from atoll.plan.rows import Address, Frontend, Node, Port
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
        if any(isinstance(row, Frontend | Address | Port | Node) for row in rows):
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

    def _places(self, node: str) -> frozenset[Place]:
        plan = self._writer.plan
        ports = [one.port for one in plan.by(Frontend, "node", node) if one.header]
        own = (one.ip for port in plan.by(Port, "node", node) for one in plan.by(Address, "port", port.id))
        return frozenset((ip, port) for ip in own for port in ports)

    def _end(self, node: str) -> None:
        made = self._made.pop(node, None)
        if made is not None:
            made.close()

    def close(self) -> None:
        """Shake no more hands: nothing may hold the nodes' network."""
        for node in list(self._made):
            self._end(node)
