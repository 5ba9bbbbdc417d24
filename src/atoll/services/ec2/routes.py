"""Routes of a table (facts 101-110).

Local routes are the VPC's blocks, not entities. A user may replace a local route's target: then there is an entity.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from atoll.model.kinds import Instance, InternetGateway, NetworkInterface, RouteTable, Subnet, Vpc, VpcRoute
from atoll.model.machines import POWERED
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2.checks import exactly_one, ipv4_block, missing, unbuilt
from atoll.services.ec2.describe import Values
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

RESERVED = Prefix.parse("169.254.168.0/22")
"""AWS's own services answer there (fact 107)."""

TARGETS = ("GatewayId", "InstanceId", "NetworkInterfaceId")


def state(tx: Tx, route: VpcRoute) -> str:
    """ "active", or "blackhole" while its target cannot forward: detached, deleted, or not powered (fact 102)."""
    gateway = tx.get(InternetGateway, route.target)
    if gateway is not None:
        table = tx.get(RouteTable, route.route_table)
        return "active" if table is not None and gateway.vpc == table.vpc else "blackhole"
    interface = tx.get(NetworkInterface, route.target)
    instance = tx.get(Instance, interface.instance) if interface is not None and interface.instance else None
    return "active" if instance is not None and instance.state in POWERED else "blackhole"


def _route_at(tx: Tx, table: RouteTable, destination: Prefix) -> VpcRoute | None:
    return tx.get(VpcRoute, table.id, str(destination))


def _blocks(tx: Tx, table: RouteTable) -> list[Prefix]:
    """The destinations of the table's local routes (fact 16)."""
    vpc = tx.get(Vpc, table.vpc)
    assert vpc is not None, table.vpc
    return [block.prefix for block in vpc.blocks]


def _destination(request: Request) -> Prefix:
    if not request.get("DestinationCidrBlock"):
        raise missing("destinationCidrBlock")
    return ipv4_block(request["DestinationCidrBlock"], "destinationCidrBlock")


class _Target(NamedTuple):
    """Where a route leads: an internet gateway or an ENI, which may have been named by its instance."""

    id: str
    instance: str | None = None


def _target(tx: Tx, table: RouteTable, request: Request) -> _Target:
    name = exactly_one(request, TARGETS)
    find: Mapping[str, Callable[[Tx, str], tuple[_Target, str, str | None]]] = {
        "GatewayId": _gateway,
        "InstanceId": _instance,
        "NetworkInterfaceId": _interface,
    }
    target, noun, vpc = find[name](tx, request[name])
    if vpc != table.vpc:
        raise AwsError(
            "InvalidParameterValue", f"route table {table.id} and {noun} {target.id} belong to different networks"
        )
    return target


def _gateway(tx: Tx, id: str) -> tuple[_Target, str, str | None]:  # noqa: A002 - AWS's word
    if id.startswith(("vgw-", "vpce-")):
        raise unbuilt(f"A route to {id}")
    gateway = tx.own(InternetGateway, id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{id}' does not exist")
    return _Target(id), "network gateway", gateway.vpc


def _instance(tx: Tx, id: str) -> tuple[_Target, str, str | None]:  # noqa: A002 - AWS's word
    """The instance's one ENI (fact 110)."""
    instance = need(tx, Instance, id)
    interfaces = tx.by(NetworkInterface, "instance", instance.id)
    if not interfaces:
        raise AwsError("IncorrectInstanceState", f"The instance '{id}' has no network interface to route to.")
    if len(interfaces) > 1:
        raise AwsError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    return _Target(interfaces[0].id, id), "interface", interfaces[0].vpc


def _interface(tx: Tx, id: str) -> tuple[_Target, str, str | None]:  # noqa: A002 - AWS's word
    interface = need(tx, NetworkInterface, id)
    return _Target(id), "interface", interface.vpc


def _check_inside(tx: Tx, table: RouteTable, destination: Prefix, target: _Target) -> None:
    """Inside the VPC a route may only lead to an ENI, and for a whole subnet at a time (fact 105)."""
    if not any(block.covers(destination) for block in _blocks(tx, table)):
        return
    if target.id.startswith("igw-"):
        raise AwsError(
            "InvalidParameterValue",
            f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface or an instance.",
        )
    if destination in _blocks(tx, table):
        return
    if all(subnet.prefix != destination for subnet in tx.by(Subnet, "vpc", table.vpc)):
        raise AwsError("InvalidParameterValue", "Route destination doesn't match any subnet CIDR blocks.")


def _put(tx: Tx, table: RouteTable, destination: Prefix, target: _Target) -> None:
    tx.put(
        VpcRoute(
            home=table.home,
            route_table=table.id,
            destination=destination,
            target=target.id,
            instance=target.instance,
        )
    )


@operation("CreateRoute", "RouteTableId DestinationCidrBlock GatewayId InstanceId NetworkInterfaceId")
def create_route(tx: Tx, request: Request) -> Response:
    """One destination, one target."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(request)
    target = _target(tx, table, request)
    if RESERVED.covers(destination):
        raise AwsError("InvalidParameterValue", f"The destination CIDR block {destination} is reserved by AWS.")
    _check_inside(tx, table, destination, target)
    if destination in _blocks(tx, table) or _route_at(tx, table, destination):
        raise AwsError("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    if tx.count(VpcRoute, "route_table", table.id) >= tx.limit("routes-per-table"):
        raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    _put(tx, table, destination, target)
    return {"Return": True}


@operation("ReplaceRoute", "RouteTableId DestinationCidrBlock GatewayId InstanceId NetworkInterfaceId LocalTarget")
def replace_route(tx: Tx, request: Request) -> Response:
    """Another target; a local route's target may become an ENI, and local again (fact 106)."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(request)
    known = _route_at(tx, table, destination)
    local = destination in _blocks(tx, table)
    if known is None and not local:
        raise AwsError(
            "InvalidParameterValue",
            f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead.",
        )
    if request.get("LocalTarget") or (local and request.get("GatewayId") == "local"):
        _restore_local(tx, request, known, local=local)
        return {}
    target = _target(tx, table, request)
    _check_inside(tx, table, destination, target)
    _put(tx, table, destination, target)
    return {}


def _restore_local(tx: Tx, request: Request, known: VpcRoute | None, *, local: bool) -> None:
    named = [name for name in TARGETS if request.get(name) and request[name] != "local"]
    if named:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameter localTarget cannot be used with the parameter {named[0][0].lower()}{named[0][1:]}",
        )
    if not local:
        raise AwsError("InvalidParameterValue", "Only a local route can be reset to its default target.")
    if known is not None:
        tx.delete(known)


@operation("DeleteRoute", "RouteTableId DestinationCidrBlock")
def delete_route(tx: Tx, request: Request) -> Response:
    """A local route stays (fact 106)."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(request)
    if destination in _blocks(tx, table):
        raise AwsError("InvalidParameterValue", f"cannot remove local route {destination} in route table {table.id}")
    known = _route_at(tx, table, destination)
    if known is None:
        raise AwsError(
            "InvalidRoute.NotFound",
            f"no route with destination-cidr-block {destination} in route table {table.id}",
        )
    tx.delete(known)
    return {}


def shown_all(tx: Tx, table: RouteTable) -> list[dict[str, Any]]:
    """The table's routes, local ones first; a local route whose target was replaced shows the new target."""
    mine = {route.destination: route for route in tx.by(VpcRoute, "route_table", table.id)}
    first = [
        _shown(tx, mine.pop(block), "CreateRouteTable") if block in mine else _shown_local(block)
        for block in _blocks(tx, table)
    ]
    return first + [_shown(tx, route, "CreateRoute") for route in mine.values()]


def _shown_local(block: Prefix) -> dict[str, Any]:
    return {
        "DestinationCidrBlock": str(block),
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }


def _shown(tx: Tx, route: VpcRoute, origin: str) -> dict[str, Any]:
    interface = tx.get(NetworkInterface, route.target)
    instance = interface.instance if interface is not None else route.instance
    gateway = route.target.startswith("igw-")
    return {
        "DestinationCidrBlock": str(route.destination),
        "GatewayId": route.target if gateway else None,
        "InstanceId": instance,
        "InstanceOwnerId": route.account if instance else None,
        "NetworkInterfaceId": None if gateway else route.target,
        "Origin": origin,
        "State": state(tx, route),
    }


def _of_routes(member: str) -> Values[RouteTable]:
    def values(tx: Tx, table: RouteTable) -> Iterable[str]:
        return [route[member] for route in shown_all(tx, table) if route.get(member)]

    return values


def _none(_tx: Tx, _table: RouteTable) -> Iterable[str]:
    return ()


FILTERS: dict[str, Values[RouteTable]] = {
    "route.destination-cidr-block": _of_routes("DestinationCidrBlock"),
    "route.destination-ipv6-cidr-block": _none,
    "route.destination-prefix-list-id": _none,
    "route.egress-only-internet-gateway-id": _none,
    "route.gateway-id": _of_routes("GatewayId"),
    "route.instance-id": _of_routes("InstanceId"),
    "route.nat-gateway-id": _none,
    "route.origin": _of_routes("Origin"),
    "route.state": _of_routes("State"),
    "route.transit-gateway-id": _none,
    "route.vpc-peering-connection-id": _none,
}
"""Filters of DescribeRouteTables that look at the routes."""
