"""ENIs are ports, with their addresses and the groups that they wear."""

from collections.abc import Iterable

from atoll.compile.filters import filter_of
from atoll.compile.passes import of
from atoll.model.kinds import BalancerZone, LoadBalancer, NatGateway, NetworkInterface, PrivateAddress, Tracking
from atoll.plan.rows import Address, Idle, Port, Row, Wearing
from atoll.records import View


def port(view: View, interface: NetworkInterface) -> Iterable[Row]:
    """The ENI itself. A NAT gateway's is filtered by no group and passes on what is not for itself (fact 87)."""
    if interface.nat_gateway is not None:
        gateway = view.get(NatGateway, interface.nat_gateway)
        works = gateway is not None and gateway.state == "available"
        yield Port(
            id=interface.id,
            segment=interface.subnet,
            mac=interface.mac,
            node=interface.nat_gateway if works else None,
            index=0 if works else None,
            guard=False,
            filtered=False,
            origin=(interface.id, interface.nat_gateway),
        )
        return
    if interface.load_balancer is not None:
        yield from _node_port(view, interface, interface.load_balancer)
        return
    attachment = interface.attachment
    yield Port(
        id=interface.id,
        segment=interface.subnet,
        mac=interface.mac,
        node=attachment.instance if attachment else None,
        index=attachment.index if attachment else None,
        guard=interface.source_dest_check,
        idle=_idle(interface.tracking),
        origin=(interface.id,),
    )
    yield from _wearings(view, interface)


def _node_port(view: View, interface: NetworkInterface, balancer: str) -> Iterable[Row]:
    """A load balancer's node is filtered by its groups, if it was created with some (fact 188)."""
    zone, owner = view.get(BalancerZone, balancer, interface.zone), view.get(LoadBalancer, balancer)
    works = zone is not None and zone.interface == interface.id and owner is not None and owner.state == "active"
    yield Port(
        id=interface.id,
        segment=interface.subnet,
        mac=interface.mac,
        node=zone.node if works and zone is not None else None,
        index=0 if works else None,
        guard=False,
        filtered=bool(interface.groups),
        origin=(interface.id,),
    )
    yield from _wearings(view, interface)


def _wearings(view: View, interface: NetworkInterface) -> Iterable[Row]:
    for slot, group in enumerate(interface.groups):
        worn = filter_of(view, group, interface.vpc)
        yield Wearing(port=interface.id, slot=slot, filter=worn, origin=(interface.id, group))


def _idle(asked: Tracking) -> Idle:
    times = {"tcp": asked.tcp_established, "udp": asked.udp, "stream": asked.udp_stream}
    return Idle(**{name: seconds for name, seconds in times.items() if seconds is not None})


def address(_view: View, mine: PrivateAddress) -> Iterable[Row]:
    """A private address."""
    yield Address(domain=mine.vpc, ip=mine.ip, port=mine.interface, primary=mine.primary, origin=(mine.interface,))


PASSES = (of(NetworkInterface, port), of(PrivateAddress, address))
