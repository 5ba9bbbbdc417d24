"""The guest's side of an ENI, configured as Amazon Linux does it: once, when something appears. The guest may change it
afterwards.

Index 0 has the default route, and those to what the VPC itself answers. Every later ENI has a routing table of its own
for what its addresses send, so that each address answers through its own ENI, and a default route of lesser preference.
All of it is taken away with the address: policy rules name no interface and would outlive it, and the pair itself may
wait long to be removed.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from atoll.fabric.kernel import names
from atoll.fabric.kernel.objects import GuestAddress
from atoll.linux import netns, rtnl
from atoll.linux.netlink import ROUTE, Message, Netlink
from atoll.plan.rows import INTERNET
from atoll.plan.services import LINK_LOCAL

TABLES = 10_000
"""Routing table, policy rule priority and default metric of the ENI with index n: TABLES + n."""


def configure(path: Path, wanted: list[GuestAddress]) -> None:
    """Give addresses, routes and rules to the namespace at `path`; what is there already stays."""
    _send(path, wanted, _configuration)


def clear(path: Path, gone: list[GuestAddress]) -> None:
    """Take away all that `configure` gave. Not an error when the guest did so itself, or its interface is gone."""
    _send(path, gone, _removal)


def raise_link(path: Path, index: int) -> None:
    """Set the guest's end up: what the attachment of an ENI looks like to the guest. Returns when it can send."""
    device = names.device(index)
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        netlink.run([rtnl.link_up(device), rtnl.activated(name=device)])


def change_link(path: Path, index: int, mtu: int, mac: str) -> None:
    """Give the guest's end another MTU, and another MAC unless it is empty."""
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        netlink.run([rtnl.set_named(names.device(index), mtu, mac)])


def open_descriptor(path: Path) -> int:
    """A descriptor of a namespace, for netlink messages that name one; the caller closes it."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


Batch = Callable[[GuestAddress, int | None], list[Message]]
"""The messages for an address and the number of its interface, None when the guest has none of that name."""


def _send(path: Path, addresses: list[GuestAddress], messages_for: Batch) -> None:
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        indices = {link.name: link.number for link in rtnl.links(netlink)}
        batch: list[Message] = []
        for address in sorted(addresses, key=lambda one: (one.index, not one.primary)):
            batch += messages_for(address, indices.get(names.device(address.index)))
        if batch:
            netlink.run(batch)


def _configuration(address: GuestAddress, link: int | None) -> list[Message]:
    if link is None:
        return []
    batch = [rtnl.add_address(_address(address, link))]
    if address.primary:
        batch.append(rtnl.set_neighbour(_gateway(address, link)))
        batch.append(_routed(_default(address, link, rtnl.MAIN)))
        for route, neighbour in _services(address, link):
            batch += [rtnl.set_neighbour(neighbour), _routed(route)]
    if address.index:
        batch += [_routed(route) for route in _own_table(address, link)]
        batch += [rtnl.delete_rule(_rule(address)), rtnl.add_rule(_rule(address))]
    return batch


def _routed(route: rtnl.Route) -> Message:
    """A guest that has set its interface down gets no route; that is its own affair, no reason to refuse a change."""
    return rtnl.set_route(route)._replace(forgive=(errno.ENETDOWN,))


def _removal(address: GuestAddress, link: int | None) -> list[Message]:
    batch = [rtnl.delete_rule(_rule(address))] if address.index else []
    if link is None:
        return batch
    if address.primary:
        own = _own_table(address, link) if address.index else ()
        batch += [rtnl.delete_route(route) for route in (*own, _default(address, link, rtnl.MAIN))]
        batch.append(rtnl.delete_neighbour(_gateway(address, link)))
        for route, neighbour in _services(address, link):
            batch += [rtnl.delete_route(route), rtnl.delete_neighbour(neighbour)]
    return [*batch, rtnl.delete_address(_address(address, link))]


def _address(address: GuestAddress, link: int) -> rtnl.Address:
    return rtnl.Address(link, address.ip, int(address.prefix.partition("/")[2]))


def _gateway(address: GuestAddress, link: int) -> rtnl.Neighbour:
    return rtnl.Neighbour(link, address.gateway, names.ROUTER_MAC)


def _services(address: GuestAddress, link: int) -> list[tuple[rtnl.Route, rtnl.Neighbour]]:
    """The link-local routes of eth0 to what its VPC answers; the internet answers nothing."""
    if address.index or address.domain == INTERNET:
        return []
    return [(rtnl.Route(f"{ip}/32", link=link), rtnl.Neighbour(link, ip, names.ROUTER_MAC)) for ip in LINK_LOCAL]


def _own_table(address: GuestAddress, link: int) -> tuple[rtnl.Route, rtnl.Route]:
    table = TABLES + address.index
    return rtnl.Route(address.prefix, link=link, table=table), _default(address, link, table)


def _rule(address: GuestAddress) -> rtnl.Rule:
    table = TABLES + address.index
    return rtnl.Rule(table, table, source=address.ip)


def _default(address: GuestAddress, link: int, table: int) -> rtnl.Route:
    metric = TABLES + address.index if address.index and table == rtnl.MAIN else 0
    return rtnl.Route("0.0.0.0/0", link=link, via=address.gateway, table=table, metric=metric)
