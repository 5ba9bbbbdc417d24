"""Routes (facts 102 to 112)."""

from ipaddress import IPv4Network, IPv6Network

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.tables import edge_route, is_edge
from tests.machine.rules.world import Block, Route, Table, World

LINK_LOCAL = IPv4Network("169.254.168.0/22")
SERVICES = IPv6Network("fd00:ec2::/32")
"""AWS's own services answer there: no routes (user guide, route table concepts)."""


def _instance(why: Why, world: World, id_: str) -> str | None:
    """The one interface of an instance that is a target (fact 110)."""
    instance = why.find(world.instances, id_, "InvalidInstanceID.NotFound")
    if instance is None:
        return None
    held = world.held(instance.id)
    broken = why.when(len(held) > 1, "InvalidInstanceID") or why.when(not held, "IncorrectInstanceState")
    return None if broken else held[0].id


def _target(why: Why, world: World, table: Table | None, asked: Asked) -> Route | None:
    """Where the route goes: a gateway that is attached to the table's VPC, or an interface in it."""
    if "GatewayId" in asked:
        gateway = why.find(world.gateways, asked["GatewayId"], "InvalidGatewayID.NotFound")
        if gateway and table:
            why.when(gateway.vpc != table.vpc, "InvalidParameterValue")
        return Route("GatewayId", gateway.id, "CreateRoute") if gateway else None
    if "InstanceId" in asked:
        id_ = _instance(why, world, asked["InstanceId"])
    else:
        found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
        id_ = found.id if found else None
    if id_ and table:
        why.when(world.subnets[world.interfaces[id_].subnet].vpc != table.vpc, "InvalidParameterValue")
    return Route("NetworkInterfaceId", id_, "CreateRoute", asked.get("InstanceId")) if id_ else None


def _destination(why: Why, asked: Asked) -> Block | None:
    """IPv4's or IPv6's; the quotas count them apart."""
    if "DestinationIpv6CidrBlock" in asked:
        return why.network6(asked["DestinationIpv6CidrBlock"])
    return why.network(asked["DestinationCidrBlock"])


def _fits(why: Why, world: World, table: Table, to: Block, route: Route) -> None:
    """What a route's destination asks of its target."""
    if isinstance(to, IPv6Network):
        why.when(to.subnet_of(SERVICES), "InvalidParameterValue")
        why.when(is_edge(world, table), "InvalidParameterValue")  # fact 112: a VPC's block or a subnet's
        return
    why.when(to.subnet_of(LINK_LOCAL), "InvalidParameterValue")
    if any(to.subnet_of(one) for one in world.vpcs[table.vpc].blocks.values()):  # fact 105, 106
        whole = [*world.vpcs[table.vpc].blocks.values()]
        whole += [one.block for one in world.subnets.values() if one.vpc == table.vpc]
        why.when(to not in whole or route.kind == "GatewayId", "InvalidParameterValue")
    if is_edge(world, table):
        why.when(not edge_route(world, table, to, route.kind, route.target), "InvalidParameterValue")


TARGETS = (
    "InvalidGatewayID.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidInstanceID",
    "IncorrectInstanceState",
)


@operation(
    "CreateRoute",
    "InvalidRouteTableID.NotFound",
    "InvalidParameterValue",
    "RouteAlreadyExists",
    "RouteLimitExceeded",
    *TARGETS,
)
def create_route(world: World, asked: Asked) -> Answer:
    """A route to where there is none yet."""
    why = Why()
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    to = _destination(why, asked)
    route = _target(why, world, table, asked)
    if table:
        version = 6 if "DestinationIpv6CidrBlock" in asked else 4
        own = sum(one.origin == "CreateRoute" and each.version == version for each, one in table.routes.items())
        why.when(own >= world.quotas["routes"], "RouteLimitExceeded")
    if table and to and route:
        _fits(why, world, table, to, route)
    if table and to:
        why.when(to in table.routes, "RouteAlreadyExists")
    why.stop()
    assert table
    assert to
    assert route
    table.routes[to] = route
    return {"Return": True}


@operation("ReplaceRoute", "InvalidRouteTableID.NotFound", "InvalidParameterValue", *TARGETS)
def replace_route(world: World, asked: Asked) -> Answer:
    """Another target for a route that there is; a local route may be given an interface, and be restored."""
    why, route = Why(), None
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    to = _destination(why, asked)
    if not asked.get("LocalTarget"):
        route = _target(why, world, table, asked)
    if table and to:
        why.when(to not in table.routes, "InvalidParameterValue")
        is_block = to in world.vpcs[table.vpc].blocks.values()
        why.when(bool(asked.get("LocalTarget")) and not is_block, "InvalidParameterValue")
        if route:
            _fits(why, world, table, to, route)
    why.stop()
    assert table
    assert to
    if route:
        route.origin = table.routes[to].origin
    table.routes[to] = route or Route("GatewayId", "local", "CreateRouteTable")
    return {}


@operation("DeleteRoute", "InvalidRouteTableID.NotFound", "InvalidParameterValue", "InvalidRoute.NotFound")
def delete_route(world: World, asked: Asked) -> Answer:
    """A local route stays (fact 106)."""
    why = Why()
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    to = _destination(why, asked)
    if table and to:
        why.when(to not in table.routes, "InvalidRoute.NotFound")
        why.when(to in world.vpcs[table.vpc].blocks.values(), "InvalidParameterValue")
    why.stop()
    assert table
    assert to
    del table.routes[to]
    return {}
