"""Routing netlink: links, addresses, routes, rules, neighbours. What is written is read back as the same tuple."""

import ipaddress
import socket
import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from atoll.linux.netlink import (
    ACK,
    CREATE,
    EXCL,
    GONE,
    REPLACE,
    Message,
    Netlink,
    attribute,
    nested,
    table,
    text,
    u32,
)

NEWLINK, DELLINK, GETLINK, SETLINK = 16, 17, 18, 19
NEWADDR, DELADDR, GETADDR = 20, 21, 22
NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWNEIGH, DELNEIGH, GETNEIGH = 28, 29, 30
NEWRULE, DELRULE, GETRULE = 32, 33, 34
_SETNEIGHTBL = 67

DEFAULT, MAIN, LOCAL = 253, 254, 255
_IFF_UP = 1
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # family, dst, src, tos, table, protocol, scope, type, flags
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # family, index, state, flags, type
_ONLINK, _STATIC, _PERMANENT, _TO_TABLE, _INVERTED = 4, 4, 0x80, 1, 2
_SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_NOWHERE = 0, 253, 255


class Kind(IntEnum):
    """What a route does (linux/rtnetlink.h RTN_*)."""

    UNICAST = 1
    BLACKHOLE = 6
    THROW = 9


class Link(NamedTuple):
    """One end of a veth as it is seen in its namespace."""

    number: int
    name: str
    mac: str
    mtu: int
    group: int = 0
    alias: str = ""
    up: bool = True


class Route(NamedTuple):
    """A route: `prefix` as text, `link` an interface index, `via` an address that need not be on that link."""

    prefix: str
    kind: Kind = Kind.UNICAST
    link: int = 0
    via: str = ""
    table: int = MAIN
    metric: int = 0


class Rule(NamedTuple):
    """A policy rule: packets with that mark, or that source, ask `table`. `inverted`: all others do."""

    priority: int
    table: int
    mark: int = 0
    mask: int = 0
    source: str = ""
    inverted: bool = False


class Neighbour(NamedTuple):
    """A permanent neighbour: no question is ever asked on the link."""

    link: int
    ip: str
    mac: str


class Address(NamedTuple):
    """An address of an interface."""

    link: int
    ip: str
    length: int


def family_of(ip: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def packed_ip(ip: str) -> bytes:
    """The address in network byte order."""
    return socket.inet_pton(family_of(ip), ip)


def packed_mac(mac: str) -> bytes:
    """Six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def veth(link: Link, peer: Link, peer_namespace: int) -> Message:
    """A pair: `link` here, `peer` in the namespace of that descriptor; index 0 = the kernel chooses.

    Both ends are down: the kernel refuses to raise one while the other is not there yet.
    """
    other = _LINK.pack(0, 0, peer.number, 0, 0)
    info = nested(
        18,
        text(1, "veth"),
        nested(2, attribute(1, other + _link_attributes(peer) + u32(28, peer_namespace))),
    )
    return Message(NEWLINK, CREATE | EXCL | ACK, _LINK.pack(0, 0, link.number, 0, 0) + _link_attributes(link) + info)


def change_link(link: Link) -> Message:
    """Give the interface of that index this MAC, MTU, group and state."""
    return Message(NEWLINK, ACK, _link_header(link) + _link_attributes(link))


def set_group(index: int, group: int) -> Message:
    """Change an interface's group and nothing else."""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, index, 0, 0) + u32(27, group))


def set_mtu(index: int, mtu: int) -> Message:
    """Change an interface's MTU and nothing else: a MAC that is set, even the same, makes it forget its neighbours."""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, index, 0, 0) + u32(4, mtu))


def set_up(index: int) -> Message:
    """Set an interface up."""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, index, _IFF_UP, _IFF_UP))


def set_alias(index: int, alias: str) -> Message:
    """Give an interface a text that lists show: whose it is."""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, index, 0, 0) + attribute(20, alias.encode()))


def set_named(name: str, mtu: int, mac: str = "") -> Message:
    """Change the MTU, and the MAC if one is given, of the interface of that name."""
    address = attribute(1, packed_mac(mac)) if mac else b""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, 0, 0, 0) + text(3, name) + u32(4, mtu) + address)


def link_up(name: str) -> Message:
    """Set the interface of that name up."""
    return Message(NEWLINK, ACK, _LINK.pack(0, 0, 0, _IFF_UP, _IFF_UP) + text(3, name))


def activated(index: int = 0, name: str = "") -> Message:
    """Ask about an interface, for what the kernel does before it answers.

    A carrier that has come is acted upon by a worker of the kernel's, later; until then what is sent is lost without
    a word. An answer about one interface is given only after that work has been done.
    """
    return Message(GETLINK, ACK, _LINK.pack(0, 0, index, 0, 0) + (text(3, name) if name else b""))


def delete_link(name: str) -> Message:
    """Remove an interface (and the other end of the pair). Takes some 20 ms in the kernel."""
    return Message(DELLINK, ACK, _LINK.pack(0, 0, 0, 0, 0) + text(3, name), GONE)


def delete_links(names: Sequence[str], group: int) -> list[Message]:
    """Remove many interfaces at once, by way of a group that nothing else is in: hardly slower than one alone."""
    header = _LINK.pack(0, 0, 0, 0, 0)
    marks = [Message(SETLINK, ACK, header + text(3, name) + u32(27, group), GONE) for name in names]
    return [*marks, Message(DELLINK, ACK, header + u32(27, group), GONE)]


def no_proxy_delay(index: int) -> Message:
    """Answer proxied address questions at once; the default waits up to 0.8 s."""
    delay = nested(6, u32(1, index), attribute(13, struct.pack("=Q", 0)))
    return Message(_SETNEIGHTBL, REPLACE | ACK, struct.pack("=Bxxx", socket.AF_INET) + text(1, "arp_cache") + delay)


def _link_header(link: Link) -> bytes:
    return _LINK.pack(0, 0, link.number, _IFF_UP if link.up else 0, _IFF_UP)


def _link_attributes(link: Link) -> bytes:
    return text(3, link.name) + attribute(1, packed_mac(link.mac)) + u32(4, link.mtu) + u32(27, link.group)


def add_address(address: Address) -> Message:
    """Put an address on an interface; one that is there already stays."""
    return Message(NEWADDR, CREATE | REPLACE | ACK, _address_body(address))


def delete_address(address: Address) -> Message:
    """Take an address away."""
    return Message(DELADDR, ACK, _address_body(address), GONE)


def _address_body(address: Address) -> bytes:
    header = _ADDRESS.pack(family_of(address.ip), address.length, 0, _SCOPE_UNIVERSE, address.link)
    return header + attribute(2, packed_ip(address.ip)) + attribute(1, packed_ip(address.ip))


def set_route(route: Route) -> Message:
    """Add a route, or replace the one of the same table, prefix and metric."""
    return Message(NEWROUTE, CREATE | REPLACE | ACK, _route_body(route))


def delete_route(route: Route) -> Message:
    """Remove exactly this route."""
    return Message(DELROUTE, ACK, _route_body(route), GONE)


def _route_body(route: Route) -> bytes:
    ip, _, length = route.prefix.partition("/")
    scope = _SCOPE_UNIVERSE if route.via or route.kind != Kind.UNICAST else _SCOPE_LINK
    flags = _ONLINK if route.via else 0
    low = route.table if route.table < 256 else 0
    body = _ROUTE.pack(family_of(ip), int(length), 0, 0, low, _STATIC, scope, route.kind, flags) + u32(15, route.table)
    body += attribute(1, packed_ip(ip)) if int(length) else b""
    body += u32(4, route.link) if route.link else b""
    body += attribute(5, packed_ip(route.via)) if route.via else b""
    return body + (u32(6, route.metric) if route.metric else b"")


def add_rule(rule: Rule) -> Message:
    """Add a policy rule; the same one twice is refused by the kernel."""
    return Message(NEWRULE, CREATE | EXCL | ACK, _rule_body(rule))


def delete_rule(rule: Rule) -> Message:
    """Remove exactly this policy rule."""
    return Message(DELRULE, ACK, _rule_body(rule), GONE)


def _rule_body(rule: Rule) -> bytes:
    family, length = (family_of(rule.source), 8 * len(packed_ip(rule.source))) if rule.source else (socket.AF_INET, 0)
    low = rule.table if rule.table < 256 else 0
    flags = _INVERTED if rule.inverted else 0
    body = _ROUTE.pack(family, 0, length, 0, low, 0, 0, _TO_TABLE, flags) + u32(6, rule.priority) + u32(15, rule.table)
    body += attribute(2, packed_ip(rule.source)) if rule.source else b""
    return body + (u32(10, rule.mark) + u32(16, rule.mask) if rule.mask else b"")


def set_neighbour(neighbour: Neighbour) -> Message:
    """Fix the MAC of an address."""
    return Message(NEWNEIGH, CREATE | REPLACE | ACK, _neighbour_body(neighbour))


def delete_neighbour(neighbour: Neighbour) -> Message:
    """Forget it."""
    return Message(DELNEIGH, ACK, _neighbour_body(neighbour), GONE)


def _neighbour_body(neighbour: Neighbour) -> bytes:
    header = _NEIGHBOUR.pack(family_of(neighbour.ip), neighbour.link, _PERMANENT, 0, 0)
    return header + attribute(1, packed_ip(neighbour.ip)) + attribute(2, packed_mac(neighbour.mac))


def links(netlink: Netlink) -> Iterator[Link]:
    """Every interface of the namespace."""
    for payload in netlink.dump(GETLINK, _LINK.pack(0, 0, 0, 0, 0)):
        _, _, index, flags, _ = _LINK.unpack_from(payload)
        found = table(payload[16:])
        yield Link(
            index,
            _string(found[3]),
            found.get(1, b"").hex(":"),
            _number(found.get(4)),
            _number(found.get(27)),
            _string(found.get(20, b"")),
            bool(flags & _IFF_UP),
        )


def routes(netlink: Netlink, family: int = socket.AF_INET) -> Iterator[Route]:
    """Every route except those that the kernel keeps for local addresses."""
    for payload in netlink.dump(GETROUTE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
        _, length, _, _, low, _, _, kind, _ = _ROUTE.unpack_from(payload)
        found = table(payload[12:])
        number = _number(found.get(15), low)
        if number == LOCAL or kind not in tuple(Kind):
            continue
        ip = _ip(found[1]) if 1 in found else str(ipaddress.ip_address(bytes(4 if family == socket.AF_INET else 16)))
        via = _ip(found[5]) if 5 in found else ""
        link = _number(found.get(4)) if kind == Kind.UNICAST else 0
        yield Route(f"{ip}/{length}", Kind(kind), link, via, number, _number(found.get(6)))


def rules(netlink: Netlink, family: int = socket.AF_INET) -> Iterator[Rule]:
    """Every policy rule."""
    for payload in netlink.dump(GETRULE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
        low = payload[4]
        found = table(payload[12:])
        source = _ip(found[2]) if 2 in found else ""
        mask = _number(found.get(16))
        inverted = bool(_ROUTE.unpack_from(payload)[8] & _INVERTED)
        yield Rule(_number(found.get(6)), _number(found.get(15), low), _number(found.get(10)), mask, source, inverted)


def neighbours(netlink: Netlink, family: int = socket.AF_INET) -> Iterator[Neighbour]:
    """Every permanent neighbour."""
    for payload in netlink.dump(GETNEIGH, _NEIGHBOUR.pack(family, 0, 0, 0, 0)):
        _, index, state, _, _ = _NEIGHBOUR.unpack_from(payload)
        found = table(payload[12:])
        if state & _PERMANENT and 2 in found:
            yield Neighbour(index, _ip(found[1]), found[2].hex(":"))


def addresses(netlink: Netlink, family: int = socket.AF_INET) -> Iterator[Address]:
    """Every address."""
    for payload in netlink.dump(GETADDR, _ADDRESS.pack(family, 0, 0, 0, 0)):
        _, length, _, _, index = _ADDRESS.unpack_from(payload)
        found = table(payload[8:])
        yield Address(index, _ip(found.get(2) or found[1]), length)


def _ip(data: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def _string(data: bytes) -> str:
    return data.rstrip(b"\0").decode()


def _number(data: bytes | None, otherwise: int = 0) -> int:
    return int(struct.unpack_from("=I", data)[0]) if data else otherwise
