"""Kernel objects in the kernel's words: nft elements and rules, routes, rules, links. Pure but for the numbers."""

import socket
from collections.abc import Callable, Mapping

from atoll.fabric.kernel import names, objects, sets
from atoll.fabric.kernel.numbers import Numbers
from atoll.linux import rtnl
from atoll.linux.netlink import Message, attribute
from atoll.linux.nft.expr import Number, Verdict, encoded, host32, verdict_data
from atoll.linux.nft.wire import Element

TABLES = 1000
"""Route table and policy rule priority of table number n: TABLES + n."""
_KERNEL_TABLES = {"": rtnl.MAIN, names.NOWHERE: rtnl.DEFAULT}

Part = str | int
Routing = objects.Route | objects.TableRule | objects.Neighbour | objects.RouterAddress
_LOOPBACK = 1  # its index in every namespace
_VERDICTS = {"drop": Verdict.DROP, "jump": Verdict.JUMP, "goto": Verdict.GOTO}

_ENCODERS: Mapping[str, Callable[[Part, Numbers], bytes]] = {
    "interface": lambda part, _: str(part).encode().ljust(16, b"\0"),
    "ip": lambda part, _: socket.inet_aton(str(part)),
    "protocol": lambda part, _: bytes((int(part), 0, 0, 0)),
    "port": lambda part, _: int(part).to_bytes(2, "big") + b"\0\0",
    "segment": lambda part, numbers: numbers.resolve(Number("segment", str(part))),
    "class": lambda part, numbers: numbers.resolve(Number("class", str(part))),
    "group": lambda part, numbers: numbers.resolve(Number("group", str(part))),
    "slot": lambda part, _: host32(int(part)),
    "table": lambda part, numbers: numbers.resolve(Number("table", str(part))),
}


def element(record: objects.Element, numbers: Numbers) -> Element:
    """The element as it is sent and as the kernel shows it."""
    encoders = [_ENCODERS[field] for field in sets.SHAPE_FIELDS[record.shape]]
    low = b"".join([encode(part, numbers) for encode, part in zip(encoders, record.low, strict=True)])
    high = b"".join([encode(part, numbers) for encode, part in zip(encoders, record.high, strict=False)])
    return Element(low, high, _value(record, numbers))


def _value(record: objects.Element, numbers: Numbers) -> bytes:
    if not record.value:
        return b""
    fields = sets.VALUE_FIELDS.get(record.shape)
    if fields:
        names_, parts = fields.split(), record.value.split(" ") if " " in fields else [record.value]
        return attribute(1, b"".join(_ENCODERS[one](part, numbers) for one, part in zip(names_, parts, strict=True)))
    word, _, chain = record.value.partition(" ")
    return verdict_data(_VERDICTS[word], chain)


def rules(record: objects.Chain, numbers: Numbers) -> list[bytes]:
    """The expression lists of a chain's rules."""
    return [encoded(rule, numbers.resolve) for rule in record.rules]


def route(record: objects.Route, numbers: Numbers) -> rtnl.Route:
    """A route of the main table, or of a numbered one."""
    table = _KERNEL_TABLES.get(record.table) or TABLES + numbers.get("table", record.table)
    link = numbers.get("interface", record.device) if record.device else 0
    return rtnl.Route(record.prefix, record.kind, link, record.via, table, record.metric)


def table_rule(record: objects.TableRule, numbers: Numbers) -> rtnl.Rule:
    """Packets with the table's mark ask the table."""
    number = numbers.get("table", record.table)
    return rtnl.Rule(TABLES + number, TABLES + number, number, names.TABLE_BITS)


def neighbour(record: objects.Neighbour, numbers: Numbers) -> rtnl.Neighbour:
    """A neighbour on an interface."""
    return rtnl.Neighbour(numbers.get("interface", record.device), record.ip, record.mac)


def router_address(record: objects.RouterAddress) -> rtnl.Address:
    """A gateway address lies on the loopback: no interface is the segment's own."""
    return rtnl.Address(_LOOPBACK, record.ip, 32)


def setting(record: Routing, numbers: Numbers) -> Message:
    """The message that adds an object of the routing side, or replaces it."""
    match record:
        case objects.Route():
            return rtnl.set_route(route(record, numbers))
        case objects.TableRule():
            return rtnl.add_rule(table_rule(record, numbers))
        case objects.Neighbour():
            return rtnl.set_neighbour(neighbour(record, numbers))
        case objects.RouterAddress():
            return rtnl.add_address(router_address(record))


def removal(record: Routing, numbers: Numbers) -> Message:
    """The message that removes an object of the routing side."""
    match record:
        case objects.Route():
            return rtnl.delete_route(route(record, numbers))
        case objects.TableRule():
            return rtnl.delete_rule(table_rule(record, numbers))
        case objects.Neighbour():
            return rtnl.delete_neighbour(neighbour(record, numbers))
        case objects.RouterAddress():
            return rtnl.delete_address(router_address(record))


def veth(record: objects.Veth, numbers: Numbers) -> rtnl.Link:
    """The router's end of a port's pair: its group says who is there."""
    group = numbers.get("segment", record.segment) << 16 | numbers.get("class", record.wears)
    index = numbers.get("interface", record.name)
    return rtnl.Link(index, record.name, names.ROUTER_MAC, record.mtu, group, record.port)


def guest_link(record: objects.Veth) -> rtnl.Link:
    """The guest's end."""
    return rtnl.Link(0, names.device(record.index), record.mac, record.mtu)


def trunk(record: objects.Trunk, domain: str, numbers: Numbers) -> rtnl.Link:
    """One end of a link between routers."""
    mac = names.TRUNK_MAC_A if domain == record.a else names.TRUNK_MAC_B
    return rtnl.Link(numbers.get("interface", record.name), record.name, mac, record.mtu, 0, record.id)
