"""Routes: the local ones that every table has, and the user's own."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import Instance, InternetGateway, NetworkInterface, RouteTable, Vpc, VpcRoute
from atoll.model.machines import POWERED
from atoll.plan.rows import Deliver, Drop, Route, Row, ToLink, ToPort, Via
from atoll.records import View


def local(view: View, table: RouteTable) -> Iterable[Row]:
    """One local route a block of the VPC (fact 16), unless the user replaced its target (fact 106)."""
    vpc = view.get(Vpc, table.vpc)
    for block in vpc.blocks if vpc else ():
        if not view.keys(VpcRoute, "place", f"{table.id}/{block.prefix}"):
            yield Route(
                table=table.id, domain=table.vpc, prefix=block.prefix, via=Deliver(), origin=(table.id, table.vpc)
            )


def route(view: View, mine: VpcRoute) -> Iterable[Row]:
    """The user's route; a blackhole while its target cannot forward (fact 102)."""
    table = view.get(RouteTable, mine.route_table)
    if table is None:
        return
    via = _via(view, table.vpc, mine.target)
    yield Route(table=table.id, domain=table.vpc, prefix=mine.destination, via=via, origin=(table.id, mine.target))


def _via(view: View, vpc: str, target: str) -> Via:
    gateway = view.get(InternetGateway, target)
    if gateway is not None:
        return ToLink(target) if gateway.vpc == vpc else Drop()
    interface = view.get(NetworkInterface, target)
    if interface is None or interface.instance is None:
        return Drop()
    instance = view.get(Instance, interface.instance)
    return ToPort(target) if instance is not None and instance.state in POWERED else Drop()


PASSES = (of(RouteTable, local), of(VpcRoute, route))
