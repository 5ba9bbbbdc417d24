"""A load balancer's names: one for all of its healthy zones, and one a zone (facts 169, 180).

They are told to everybody alike, with the nodes' public addresses, or the private ones of an internal load balancer.
"""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.balancing import zones_in_dns
from atoll.model.kinds import BalancerZone, ElasticIp, LoadBalancer, NetworkInterface
from atoll.plan.rows import INTERNET, Name, NameType, Row, Zone
from atoll.records import View


def names(view: View, balancer: LoadBalancer) -> Iterable[Row]:
    """The name of all zones. What lies below it is the load balancer's too."""
    yield Zone(domain=INTERNET, name=balancer.dns_name.lower(), origin=(balancer.arn,))
    for zone in zones_in_dns(view, balancer):
        yield from _name(view, balancer, zone, balancer.dns_name)


def zonal(view: View, zone: BalancerZone) -> Iterable[Row]:
    """The name of one zone, whatever its health."""
    balancer = view.get(LoadBalancer, zone.balancer)
    if balancer is not None:
        yield from _name(view, balancer, zone, f"{zone.zone}.{balancer.dns_name}")


def _name(view: View, balancer: LoadBalancer, zone: BalancerZone, name: str) -> Iterable[Row]:
    address = _address(view, balancer, zone)
    if address is not None:
        yield Name(domain=INTERNET, name=name.lower(), type=NameType.A, value=address, origin=(balancer.arn,))


def _address(view: View, balancer: LoadBalancer, zone: BalancerZone) -> str | None:
    interface = view.get(NetworkInterface, zone.interface)
    if interface is None or balancer.scheme == "internal":
        return interface.primary_ip if interface is not None else None
    elastic = view.get(ElasticIp, zone.allocation) if zone.allocation else None
    return elastic.public_ip if elastic is not None else interface.public_ip


PASSES = (of(LoadBalancer, names), of(BalancerZone, zonal))
