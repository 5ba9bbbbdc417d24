"""An attached internet gateway is a mapped link; each public address is a mapping on it and a route of the internet."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import ElasticIp, InternetGateway, NetworkInterface, Vpc
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Deliver, Link, Mapping, Route, Row, ToLink
from atoll.records import View


def link(view: View, gateway: InternetGateway) -> Iterable[Row]:
    """The link, and the table of what comes in through it: the VPC's own blocks and nothing else."""
    vpc = view.get(Vpc, gateway.vpc) if gateway.vpc else None
    if vpc is None:
        return
    inward = f"{gateway.id}/in"
    yield Link(
        id=gateway.id,
        a=vpc.id,
        b=INTERNET,
        arrive_a=inward,
        arrive_b=INTERNET,
        mapped=True,
        origin=(gateway.id,),
    )
    for block in vpc.blocks:
        yield Route(table=inward, domain=vpc.id, prefix=block.prefix, via=Deliver(), origin=(gateway.id, vpc.id))


def elastic(view: View, address: ElasticIp) -> Iterable[Row]:
    """An associated Elastic IP, through whichever gateway its VPC has."""
    interface = view.get(NetworkInterface, address.interface) if address.interface else None
    if interface is not None and address.private_ip is not None:
        yield from _public(view, interface, address.private_ip, address.public_ip, address.id)


def automatic(view: View, interface: NetworkInterface) -> Iterable[Row]:
    """The automatic public address, always of the primary private one (fact 71)."""
    if interface.public_ip is not None:
        yield from _public(view, interface, interface.primary_ip, interface.public_ip, interface.id)


def _public(view: View, interface: NetworkInterface, inside: str, outside: str, origin: str) -> Iterable[Row]:
    for _kind, gateway in view.keys(InternetGateway, "vpc", interface.vpc):
        yield Mapping(link=gateway, inside=inside, outside=outside, origin=(origin, interface.id))
        yield Route(
            table=INTERNET,
            domain=INTERNET,
            prefix=Prefix.parse(outside),
            via=ToLink(gateway),
            origin=(origin, gateway),
        )


PASSES = (of(InternetGateway, link), of(ElasticIp, elastic), of(NetworkInterface, automatic))
