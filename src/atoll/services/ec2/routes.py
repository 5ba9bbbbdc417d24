"""Routes of a table (facts 101-112).

Local routes are the VPC's blocks, not entities. A user may replace a local route's target: then there is an entity.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from atoll.model.kinds import NetworkInterface, RouteTable, RouteTableAssociation, VpcRoute
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import prefix_lists
from atoll.services.ec2.checks import block, exactly_one, invalid
from atoll.services.ec2.describe import Values
from atoll.services.ec2.lookup import need
from atoll.services.ec2.route_targets import (
    TARGETS,
    Target,
    blocks,
    check_edge,
    check_inside,
    gateway,
    is_edge,
    state,
    target_of,
)
from atoll.services.registry import Request, Response, operation

RESERVED = (Prefix.parse("169.254.168.0/22"), Prefix.parse("fd00:ec2::/32"))
"""AWS's own services answer there (fact 107)."""

DESTINATIONS = {"DestinationCidrBlock": 4, "DestinationIpv6CidrBlock": 6, "DestinationPrefixListId": 0}
WHERE = f"RouteTableId {' '.join(DESTINATIONS)}"


class _Destination(NamedTuple):
    """Where a request's route leads: a block, or a prefix list. `parameter`: how the request said it."""

    parameter: str
    block: Prefix | None = None
    list: str | None = None

    @property
    def text(self) -> str:
        """As messages and keys have it."""
        return self.list or str(self.block)


def _destination(tx: Tx, request: Request) -> _Destination:
    name = exactly_one(request, DESTINATIONS)
    given, parameter = request[name], name[0].lower() + name[1:]
    if not DESTINATIONS[name]:
        return _Destination(parameter, list=prefix_lists.find(tx, given).id)
    prefix = block(given, DESTINATIONS[name])
    if prefix is None:
        raise invalid(given, parameter, "This is not a valid CIDR block.")
    return _Destination(parameter, prefix)


def _route_at(tx: Tx, table: RouteTable, destination: _Destination) -> VpcRoute | None:
    return tx.get(VpcRoute, table.id, destination.text)


def _is_local(tx: Tx, table: RouteTable, destination: _Destination) -> bool:
    return destination.block in blocks(tx, table)


def _counts(tx: Tx, route: VpcRoute, family: int) -> int:
    """What a route counts towards the quota of one family (fact 115)."""
    if route.destination is None:
        return prefix_lists.counts(tx, route.to, family)
    return int(route.destination.family == family)


def fits(tx: Tx, table: RouteTable) -> bool:
    """Whether the table's own routes are within the quota: IPv4 and IPv6 apart, local ones not counted.

    A local route is one whatever its target: a replaced one is a record, but takes no place that it did not have.
    """
    local = set(map(str, blocks(tx, table)))
    mine = [route for route in tx.by(VpcRoute, "route_table", table.id) if route.to not in local]
    most = tx.limit("routes-per-table")
    return all(sum(_counts(tx, route, family) for route in mine) <= most for family in (4, 6))


def _check(tx: Tx, table: RouteTable, destination: _Destination, target: Target) -> None:
    """Whether the table may have such a route."""
    if is_edge(tx.by(RouteTableAssociation, "route_table", table.id)):
        check_edge(tx, table, destination.block, target)
    if destination.block is not None:
        if any(reserved.covers(destination.block) for reserved in RESERVED):
            raise AwsError(
                "InvalidParameterValue", f"The destination CIDR block {destination.text} is reserved by AWS."
            )
        check_inside(tx, table, destination.block, target)


def _put(tx: Tx, table: RouteTable, destination: _Destination, target: Target) -> None:
    tx.put(
        VpcRoute(
            home=table.home,
            route_table=table.id,
            destination=destination.block,
            prefix_list=destination.list,
            target=target.id,
            instance=target.instance,
        )
    )


@operation("CreateRoute", f"{WHERE} {' '.join(TARGETS)}")
def create_route(tx: Tx, request: Request) -> Response:
    """One destination, one target."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(tx, request)
    target = target_of(tx, table, request)
    _check(tx, table, destination, target)
    if _is_local(tx, table, destination) or _route_at(tx, table, destination):
        raise AwsError("RouteAlreadyExists", f"The route identified by {destination.text} already exists.")
    if destination.list is not None:
        prefix_lists.check_reference(tx, destination.list)
    _put(tx, table, destination, target)
    if not fits(tx, table):
        raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    return {"Return": True}


@operation("ReplaceRoute", f"{WHERE} {' '.join(TARGETS)} LocalTarget")
def replace_route(tx: Tx, request: Request) -> Response:
    """Another target; a local route's target may become an ENI, and local again (fact 106)."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(tx, request)
    known = _route_at(tx, table, destination)
    local = _is_local(tx, table, destination)
    if known is None and not local:
        raise AwsError(
            "InvalidParameterValue",
            f"There is no route defined for '{destination.text}' in the route table. Use CreateRoute instead.",
        )
    if request.get("LocalTarget") or (local and request.get("GatewayId") == "local"):
        _restore_local(tx, request, known, local=local)
        return {}
    target = target_of(tx, table, request)
    _check(tx, table, destination, target)
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


NOUNS = {
    "destinationCidrBlock": "destination-cidr-block",
    "destinationIpv6CidrBlock": "destination-ipv6-cidr-block",
    "destinationPrefixListId": "destination-prefix-list-id",
}


@operation("DeleteRoute", WHERE)
def delete_route(tx: Tx, request: Request) -> Response:
    """A local route stays (fact 106)."""
    table = need(tx, RouteTable, request["RouteTableId"])
    destination = _destination(tx, request)
    if _is_local(tx, table, destination):
        raise AwsError(
            "InvalidParameterValue", f"cannot remove local route {destination.text} in route table {table.id}"
        )
    known = _route_at(tx, table, destination)
    if known is None:
        raise AwsError(
            "InvalidRoute.NotFound",
            f"no route with {NOUNS[destination.parameter]} {destination.text} in route table {table.id}",
        )
    tx.delete(known)
    return {}


def _propagate(tx: Tx, request: Request) -> Response:
    """Routes are learned from virtual private gateways: there is none here yet, and no other announces any."""
    need(tx, RouteTable, request["RouteTableId"])
    other = gateway(tx, request["GatewayId"])
    raise AwsError("InvalidParameterValue", f"{other.id} is not a virtual private gateway: it propagates no routes.")


@operation("EnableVgwRoutePropagation", "GatewayId RouteTableId")
def enable_vgw_route_propagation(tx: Tx, request: Request) -> Response:
    """No gateway that could."""
    return _propagate(tx, request)


@operation("DisableVgwRoutePropagation", "GatewayId RouteTableId")
def disable_vgw_route_propagation(tx: Tx, request: Request) -> Response:
    """No gateway that could."""
    return _propagate(tx, request)


def shown_all(tx: Tx, table: RouteTable) -> list[dict[str, Any]]:
    """The table's routes, local ones first; a local route whose target was replaced shows the new target."""
    mine = {route.to: route for route in tx.by(VpcRoute, "route_table", table.id)}
    first = [
        _shown(tx, mine.pop(local), "CreateRouteTable") if local in mine else _shown_local(local)
        for local in map(str, blocks(tx, table))
    ]
    return first + [_shown(tx, route, "CreateRoute") for route in mine.values()]


def _shown_local(local: str) -> dict[str, Any]:
    return {
        "DestinationCidrBlock": local,
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }


def _shown(tx: Tx, route: VpcRoute, origin: str) -> dict[str, Any]:
    interface = tx.get(NetworkInterface, route.target)
    instance = interface.instance if interface is not None else route.instance
    target = Target(route.target)
    elsewhere = target.is_gateway or target.is_nat
    family = route.destination.family if route.destination is not None else None
    return {
        "DestinationCidrBlock": route.to if family == 4 else None,
        "DestinationIpv6CidrBlock": route.to if family == 6 else None,
        "DestinationPrefixListId": route.prefix_list,
        "GatewayId": route.target if target.is_gateway else None,
        "InstanceId": instance,
        "InstanceOwnerId": route.account if instance else None,
        "NatGatewayId": route.target if target.is_nat else None,
        "NetworkInterfaceId": None if elsewhere else route.target,
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
    "route.destination-ipv6-cidr-block": _of_routes("DestinationIpv6CidrBlock"),
    "route.destination-prefix-list-id": _of_routes("DestinationPrefixListId"),
    "route.egress-only-internet-gateway-id": _none,
    "route.gateway-id": _of_routes("GatewayId"),
    "route.instance-id": _of_routes("InstanceId"),
    "route.nat-gateway-id": _of_routes("NatGatewayId"),
    "route.origin": _of_routes("Origin"),
    "route.state": _of_routes("State"),
    "route.transit-gateway-id": _none,
    "route.vpc-peering-connection-id": _none,
}
"""Filters of DescribeRouteTables that look at the routes."""
