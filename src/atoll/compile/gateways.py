"""An attached internet gateway is a mapped link; each public address is a mapping on it and a route of the internet."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.compile.routes import via_of
from atoll.model.kinds import (
    ElasticIp,
    InternetGateway,
    NetworkInterface,
    RouteTable,
    RouteTableAssociation,
    Vpc,
    VpcRoute,
)
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Deliver, Drop, Link, Mapping, Route, Row, ToLink, ToPort, Via
from atoll.records import View


def link(view: View, gateway: InternetGateway) -> Iterable[Row]:
    """The link. What comes in through it is routed by its edge table, if it has one (fact 112)."""
    vpc = view.get(Vpc, gateway.vpc) if gateway.vpc else None
    if vpc is None:
        return
    yield Link(
        id=gateway.id,
        a=vpc.id,
        b=INTERNET,
        arrive_a=_inward(gateway),
        arrive_b=INTERNET,
        mapped=True,
        origin=(gateway.id,),
    )


def arrival(view: View, gateway: InternetGateway) -> Iterable[Row]:
    """The routes of what comes in: the VPC's blocks, and with an edge table that one's routes (fact 112)."""
    vpc = view.get(Vpc, gateway.vpc) if gateway.vpc else None
    if vpc is None:
        return
    origin = (gateway.id, vpc.id)
    local: dict[Prefix, tuple[Via, tuple[str, ...]]] = {block.prefix: (Deliver(), origin) for block in vpc.blocks}
    for prefix, (via, made_by) in {**local, **_edge_routes(view, gateway)}.items():
        if any(block.prefix.covers(prefix) for block in vpc.blocks):  # not what a block that is gone has left
            yield Route(table=_inward(gateway), domain=vpc.id, prefix=prefix, via=via, origin=made_by)


def _inward(gateway: InternetGateway) -> str:
    return f"{gateway.id}/in"


def _edge_routes(view: View, gateway: InternetGateway) -> dict[Prefix, tuple[Via, tuple[str, ...]]]:
    """The user's routes of the table that is associated with the gateway."""
    found: dict[Prefix, tuple[Via, tuple[str, ...]]] = {}
    for association in view.by(RouteTableAssociation, "gateway", gateway.id):
        table = view.get(RouteTable, association.route_table)
        for route in view.by(VpcRoute, "route_table", association.route_table) if table else ():
            if route.destination is not None:
                via = _through(view, via_of(view, association.vpc, route.target))
                found[route.destination] = (via, (association.route_table, route.target))
    return found


def _through(view: View, via: Via) -> Via:
    """What comes in goes through an ENI only while that has a public address (fact 112)."""
    if not isinstance(via, ToPort):
        return via
    interface = view.get(NetworkInterface, via.port)
    automatic = interface is not None and interface.public_ip is not None
    return via if automatic or view.keys(ElasticIp, "interface", via.port) else Drop("no public address")


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


PASSES = (
    of(InternetGateway, link),
    of(InternetGateway, arrival),
    of(ElasticIp, elastic),
    of(NetworkInterface, automatic),
)
