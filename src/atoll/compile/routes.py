"""Routes: the local ones that every table has, and the user's own, to a block or to all blocks of a prefix list."""

from collections.abc import Iterable

from atoll.compile import prefix_lists
from atoll.compile.passes import of
from atoll.model.kinds import Instance, InternetGateway, NatGateway, NetworkInterface, RouteTable, Vpc, VpcRoute
from atoll.model.machines import POWERED
from atoll.packet import Prefix
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
    via = via_of(view, table.vpc, mine.target)
    for prefix in [mine.destination] if mine.destination else _listed(view, table, mine):
        origin = (table.id, *([mine.prefix_list] if mine.prefix_list else []), mine.target)
        yield Route(table=table.id, domain=table.vpc, prefix=prefix, via=via, origin=origin)


def _listed(view: View, table: RouteTable, mine: VpcRoute) -> Iterable[Prefix]:
    """The blocks for which the list's route is in force: a route to the very block beats it (fact 104).

    Of two lists with the same block AWS picks one and keeps to it: here the lower id. Inside the VPC its local routes
    hold whatever a list says.
    """
    vpc = view.get(Vpc, table.vpc)
    own = [block.prefix for block in vpc.blocks] if vpc else []
    lists = {key[2] for key in view.keys(VpcRoute, "route_table", table.id) if key[2].startswith("pl-")}
    before = [one for one in sorted(lists) if one < mine.to]
    taken = {prefix for one in before for prefix in prefix_lists.blocks(view, table.region, one)}
    for prefix in prefix_lists.blocks(view, table.region, mine.to):
        static = view.keys(VpcRoute, "place", f"{table.id}/{prefix}")
        if not static and prefix not in taken and not any(block.covers(prefix) for block in own):
            yield prefix


def via_of(view: View, vpc: str, target: str) -> Via:
    """Where a route with that target leads."""
    gateway = view.get(InternetGateway, target)
    if gateway is not None:
        return ToLink(target) if gateway.vpc == vpc else Drop()
    translator = view.get(NatGateway, target)
    if translator is not None:
        port = translator.interface if translator.state == "available" else None
        return ToPort(port) if port is not None else Drop()
    interface = view.get(NetworkInterface, target)
    if interface is None or interface.instance is None:
        return Drop()
    instance = view.get(Instance, interface.instance)
    return ToPort(target) if instance is not None and instance.state in POWERED else Drop()


PASSES = (of(RouteTable, local), of(VpcRoute, route))
