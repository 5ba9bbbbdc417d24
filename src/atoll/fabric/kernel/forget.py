"""Law 5, the end of memory: what a delta makes the network forget about connections.

A port that is detached, loses power or an address forgets its end of each connection: the end's bit is cleared, so its
rules are asked again. When a mapping goes its connections end, since their translation is part of them.
"""

import ipaddress
import sys
from collections.abc import Iterable, Iterator

from atoll.fabric.kernel import names
from atoll.fabric.kernel.objects import Element
from atoll.fabric.kernel.routers import Router, World
from atoll.linux import conntrack
from atoll.linux.conntrack import Connection
from atoll.records import Record

MANY = 8
"""From so many addresses on, one look at all connections is cheaper than the kernel's search for each."""

Pair = tuple[Record | None, Record | None]


def forgetting(old: Element, new: Record | None) -> bool:
    """Whether something is forgotten when that element goes or gets another value."""
    return old.set in ("unmap", "addresses", "returns", "own", "unguarded") and getattr(new, "value", None) != old.value


def forget(world: World, pairs: Iterable[Pair]) -> None:
    """Do what the elements of a delta ask for; they are gone already, so nothing new is remembered."""
    gone: dict[str, set[str]] = {}
    boxes: set[str] = set()
    for old, new in pairs:
        if isinstance(new, Element) and new.set == "cut" and old is None:
            _cut(world.filter_of(new.domain), new)
        if not isinstance(old, Element) or not forgetting(old, new):
            continue
        if old.set == "unmap":
            conntrack.forget(world.routers[old.domain].filter, str(old.low[1]))
        elif old.set == "addresses":
            conntrack.forget(world.filter_of(old.domain).filter, str(old.low[0]))
        elif old.set == "returns":
            router = world.routers[old.domain]
            table = router.numbers.get("table", old.value)
            through = (one for one in conntrack.connections(router.filter) if one.mark & names.RETURN_BITS == table)
            conntrack.end(router.filter, through)
        elif old.set == "own":
            gone.setdefault(old.domain, set()).add(str(old.low[1]))
        elif old.set == "unguarded":
            boxes.add(old.domain)
    for domain in {*gone, *boxes}:
        netlink = world.routers[domain].filter
        addresses = gone.get(domain, set())
        few = len(addresses) <= MANY and domain not in boxes
        found = (
            [one for ip in addresses for one in conntrack.involving(netlink, ip)]
            if few
            else list(conntrack.connections(netlink))
        )
        conntrack.clear_marks(netlink, _ends(found, addresses, domain in boxes))


def _cut(balancer: Router, backend: Element) -> None:
    """A balancer forgets the connections of a backend: their next packet meets somebody who does not know them."""
    found = conntrack.involving(balancer.filter, str(backend.low[0]))
    ended = (one for one in found if (one.answer_source, one.protocol, one.answer_port, one.port) == backend.low)
    conntrack.end(balancer.filter, ended)


def _ends(found: Iterable[Connection], addresses: set[str], boxes: bool) -> Iterator[tuple[Connection, int]]:
    for connection in found:
        bits = ends(connection, addresses, boxes)
        if bits & connection.mark:
            yield connection, bits


def ends(connection: Connection, addresses: set[str], boxes: bool) -> int:
    """The bits of the ends that forget. In a zone one end is the address that gave the zone its number, the other a
    middlebox; `boxes`: some middlebox forgets, and as no address tells which, all do.
    """
    sender, receiver = connection.source, connection.answer_source
    bits = 0
    for ip, bit in ((sender, names.SENDER_TRACKED), (receiver, names.RECEIVER_TRACKED)):
        at_middlebox = connection.zone and connection.zone != zone_of(ip)
        if boxes if at_middlebox else ip in addresses:
            bits |= bit
    return bits


def zone_of(ip: str) -> int:
    """The zone of legs between that address and a middlebox, as the kernel reads it from the packet's bytes."""
    return int.from_bytes(ipaddress.IPv4Address(ip).packed[2:], sys.byteorder)
