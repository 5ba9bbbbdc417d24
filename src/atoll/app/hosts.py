"""The hosts of Atoll's internet."""

from typing import TYPE_CHECKING

from atoll.compile.internet import AWS, DEFAULT_PREFIX, RESOLVER, UPLINK
from atoll.model.kinds import InternetHost
from atoll.model.tx import Tx
from atoll.packet import Prefix, ip_number

if TYPE_CHECKING:
    from atoll.app.server import Server

SYSTEM = ("000000000000", "atoll")
"""Account and region of what Atoll itself writes."""

ALWAYS = ("203.0.113.10", "203.0.113.20")
"""Hosts that are always there; others come when they are named."""


def add_hosts(tx: Tx) -> None:
    """The hosts that are always there."""
    for ip in ALWAYS:
        add_host(tx, ip)


def add_host(tx: Tx, ip: str) -> None:
    """A host of that address, unless there is one. ValueError for an address that cannot be one."""
    family, _ = ip_number(ip)
    block = Prefix.parse(DEFAULT_PREFIX)
    taken = (block.address(0), block.address(1), AWS, RESOLVER, UPLINK, block.address(block.size - 1))
    if family != 4 or not block.holds(ip) or ip in taken:
        raise ValueError(f"{ip} is no host of Atoll's internet: choose another in {block}.")
    if tx.get(InternetHost, ip) is None:
        tx.put(InternetHost(home="/".join(SYSTEM), ip=ip))


def ensure_host(server: "Server", ip: str) -> None:
    """From another thread: the internet host of that address is there; made if it was not. ValueError as add_host."""
    server.on_loop(lambda: server.writer.write(*SYSTEM, lambda tx: add_host(tx, ip)))
