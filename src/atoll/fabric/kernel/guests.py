"""The guest's side of an ENI, configured as Amazon Linux does it: once, when something appears. The guest may change it
afterwards.

Index 0 has the default route. Every later ENI has a routing table of its own for what its addresses send, so that
each address answers through its own ENI, and a default route of lesser preference.
"""

import os
from collections.abc import Callable
from pathlib import Path

from atoll.fabric.kernel import names
from atoll.fabric.kernel.objects import GuestAddress
from atoll.linux import netns, rtnl
from atoll.linux.netlink import ROUTE, Message, Netlink

TABLES = 10_000
"""Routing table, policy rule priority and default metric of the ENI with index n: TABLES + n."""


def configure(path: Path, wanted: list[GuestAddress]) -> None:
    """Give addresses, routes and rules to the namespace at `path`; what is there already stays."""
    _send(path, wanted, _configuration)


def clear(path: Path, gone: list[GuestAddress]) -> None:
    """Take addresses and their rules away. Not an error when the guest did so itself."""
    _send(path, gone, _removal)


def raise_link(path: Path, index: int) -> None:
    """Set the guest's end up: what the attachment of an ENI looks like to the guest."""
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        netlink.run([rtnl.link_up(names.device(index))])


def change_link(path: Path, index: int, mtu: int, mac: str) -> None:
    """Give the guest's end another MTU, and another MAC unless it is empty."""
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        netlink.run([rtnl.set_named(names.device(index), mtu, mac)])


def open_descriptor(path: Path) -> int:
    """A descriptor of a namespace, for netlink messages that name one; the caller closes it."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


Batch = Callable[[GuestAddress, int], list[Message]]


def _send(path: Path, addresses: list[GuestAddress], messages_for: Batch) -> None:
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        indices = {link.name: link.number for link in rtnl.links(netlink)}
        batch: list[Message] = []
        for address in sorted(addresses, key=lambda one: (one.index, not one.primary)):
            link = indices.get(names.device(address.index))
            if link is not None:
                batch += messages_for(address, link)
        if batch:
            netlink.run(batch)


def _configuration(address: GuestAddress, link: int) -> list[Message]:
    length = int(address.prefix.partition("/")[2])
    batch = [rtnl.add_address(rtnl.Address(link, address.ip, length))]
    if address.primary:
        batch.append(rtnl.set_neighbour(rtnl.Neighbour(link, address.gateway, names.ROUTER_MAC)))
        batch.append(rtnl.set_route(_default(address, link, rtnl.MAIN)))
    if address.index:
        table = TABLES + address.index
        batch.append(rtnl.set_route(rtnl.Route(address.prefix, link=link, table=table)))
        batch.append(rtnl.set_route(_default(address, link, table)))
        rule = rtnl.Rule(table, table, source=address.ip)
        batch += [rtnl.delete_rule(rule), rtnl.add_rule(rule)]
    return batch


def _default(address: GuestAddress, link: int, table: int) -> rtnl.Route:
    metric = TABLES + address.index if address.index and table == rtnl.MAIN else 0
    return rtnl.Route("0.0.0.0/0", link=link, via=address.gateway, table=table, metric=metric)


def _removal(address: GuestAddress, link: int) -> list[Message]:
    length = int(address.prefix.partition("/")[2])
    batch = [rtnl.delete_address(rtnl.Address(link, address.ip, length))]
    if address.index:
        table = TABLES + address.index
        batch.append(rtnl.delete_rule(rtnl.Rule(table, table, source=address.ip)))
    return batch
