"""Route tables and who uses them (facts 28, 98-101, 111, 112).

A subnet without a table of its own follows the main one.
"""

import msgspec

from atoll.model.kinds import InternetGateway, RouteTable, RouteTableAssociation, Subnet, Vpc, VpcRoute
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import routes
from atoll.services.ec2.checks import exactly_one
from atoll.services.ec2.describe import Filters, candidates, describe, text
from atoll.services.ec2.lookup import need
from atoll.services.ec2.route_targets import Target, check_edge, gateway, is_edge
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

ASSOCIATED = {"State": "associated"}


def create_main(tx: Tx, vpc: Vpc) -> RouteTable:
    """The table of a new VPC, which is its main one."""
    table = RouteTable(id=tx.new_id("rtb"), home=vpc.home, vpc=vpc.id)
    tx.put(table)
    tx.put(_association(tx, table, main=True))
    return table


def _association(
    tx: Tx, table: RouteTable, *, subnet: str | None = None, gateway: str | None = None, main: bool = False
) -> RouteTableAssociation:
    return RouteTableAssociation(
        id=tx.new_id("rtbassoc"),
        home=table.home,
        route_table=table.id,
        vpc=table.vpc,
        subnet=subnet,
        gateway=gateway,
        main=main,
    )


def remove(tx: Tx, table: RouteTable) -> None:
    """Delete a table with its routes and associations."""
    for route in tx.by(VpcRoute, "route_table", table.id):
        tx.delete(route)
    for association in tx.by(RouteTableAssociation, "route_table", table.id):
        tx.delete(association)
    tx.delete(table)


@operation("CreateRouteTable", "VpcId ClientToken TagSpecifications")
def create_route_table(tx: Tx, request: Request) -> Response:
    """A table with the local routes alone."""
    vpc = need(tx, Vpc, request["VpcId"])
    if tx.count(RouteTable, "vpc", vpc.id) >= tx.limit("route-tables-per-vpc"):
        raise AwsError("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
    tags = on_creation(tx, request, "route-table")
    table = RouteTable(id=tx.new_id("rtb"), home=tx.home, vpc=vpc.id, tags=tags)
    tx.put(table)
    return {"RouteTable": shown(tx, table), "ClientToken": request.get("ClientToken")}


@operation("DeleteRouteTable", "RouteTableId")
def delete_route_table(tx: Tx, request: Request) -> Response:
    """Refused while it is the main one, or a subnet or a gateway uses it (facts 28, 98)."""
    table = need(tx, RouteTable, request["RouteTableId"])
    if tx.count(RouteTableAssociation, "route_table", table.id):
        raise AwsError("DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted.")
    remove(tx, table)
    return {}


@operation("AssociateRouteTable", "RouteTableId SubnetId GatewayId")
def associate_route_table(tx: Tx, request: Request) -> Response:
    """Give a subnet, or what comes in by a gateway, a table of its own.

    The same again answers the same association (fact 100).
    """
    table = need(tx, RouteTable, request["RouteTableId"])
    if exactly_one(request, ("SubnetId", "GatewayId")) == "SubnetId":
        return _associate_subnet(tx, table, need(tx, Subnet, request["SubnetId"]))
    return _associate_gateway(tx, table, gateway(tx, request["GatewayId"]))


def _associate_subnet(tx: Tx, table: RouteTable, subnet: Subnet) -> Response:
    _same_network(table, f"subnet {subnet.id}", subnet.vpc)
    known = tx.only(RouteTableAssociation, "subnet", subnet.id)
    return _associated(tx, table, known or _association(tx, table, subnet=subnet.id))


def _associate_gateway(tx: Tx, table: RouteTable, user: InternetGateway) -> Response:
    _same_network(table, f"network gateway {user.id}", user.vpc)
    _check_edge_table(tx, table)
    known = tx.only(RouteTableAssociation, "gateway", user.id)
    return _associated(tx, table, known or _association(tx, table, gateway=user.id))


def _associated(tx: Tx, table: RouteTable, association: RouteTableAssociation) -> Response:
    if association.route_table != table.id:
        raise AwsError(
            "Resource.AlreadyAssociated",
            f"the specified association for route table {table.id} conflicts with an existing association",
        )
    tx.put(association)
    return {"AssociationId": association.id, "AssociationState": ASSOCIATED}


def _check_edge_table(tx: Tx, table: RouteTable) -> None:
    """A gateway's table is not the main one, and holds nothing that it may not (fact 112)."""
    if any(one.main for one in associations(tx, table)):
        raise AwsError("InvalidParameterValue", f"The main route table {table.id} cannot be associated with a gateway.")
    for route in tx.by(VpcRoute, "route_table", table.id):
        check_edge(tx, table, route.destination, Target(route.target))


def _same_network(table: RouteTable, other: str, vpc: str | None) -> None:
    if table.vpc != vpc:
        raise AwsError("InvalidParameterValue", f"route table {table.id} and {other} belong to different networks")


@operation("DisassociateRouteTable", "AssociationId")
def disassociate_route_table(tx: Tx, request: Request) -> Response:
    """The subnet follows the main table again, or the gateway delivers; the main association stays (fact 98)."""
    association = need(tx, RouteTableAssociation, request["AssociationId"])
    if association.main:
        raise AwsError(
            "InvalidParameterValue", f"cannot disassociate the main route table association {association.id}"
        )
    tx.delete(association)
    return {}


@operation("ReplaceRouteTableAssociation", "AssociationId RouteTableId")
def replace_route_table_association(tx: Tx, request: Request) -> Response:
    """Another table takes the place, of a user's or of the main one; the association gets a new id (fact 98)."""
    old = need(tx, RouteTableAssociation, request["AssociationId"])
    table = need(tx, RouteTable, request["RouteTableId"])
    _same_network(table, f"network {old.vpc}", old.vpc)
    if old.gateway is not None:
        _check_edge_table(tx, table)
    elif old.main and is_edge(associations(tx, table)):
        raise AwsError(
            "InvalidParameterValue", f"The route table {table.id} serves a gateway: it cannot be the main one."
        )
    new = msgspec.structs.replace(old, id=tx.new_id("rtbassoc"), route_table=table.id)
    tx.delete(old)
    tx.put(new)
    return {"NewAssociationId": new.id, "AssociationState": ASSOCIATED}


def associations(tx: Tx, table: RouteTable) -> list[RouteTableAssociation]:
    """Who uses the table."""
    return tx.by(RouteTableAssociation, "route_table", table.id)


FILTERS: Filters[RouteTable] = {
    "association.gateway-id": lambda tx, table: [one.gateway for one in associations(tx, table) if one.gateway],
    "association.main": lambda tx, table: [text(one.main) for one in associations(tx, table)],
    "association.route-table-association-id": lambda tx, table: [one.id for one in associations(tx, table)],
    "association.route-table-id": lambda tx, table: [one.route_table for one in associations(tx, table)],
    "association.subnet-id": lambda tx, table: [one.subnet for one in associations(tx, table) if one.subnet],
    "owner-id": lambda _tx, table: [table.account],
    "route-table-id": lambda _tx, table: [table.id],
    "vpc-id": lambda _tx, table: [table.vpc],
    **routes.FILTERS,
}


@operation("DescribeRouteTables", "RouteTableIds Filters MaxResults NextToken")
def describe_route_tables(tx: Tx, request: Request) -> Response:
    """The route tables of this region."""
    indexed = {"route-table-id": "id", "vpc-id": "vpc"}
    found = candidates(tx, RouteTable, request, "RouteTableIds", indexed)
    return describe(tx, request, found, FILTERS, "RouteTables", shown, most=100)


def shown(tx: Tx, table: RouteTable) -> Response:
    """As Describe shows it (facts 99, 101)."""
    return {
        "Associations": [_shown_association(one) for one in associations(tx, table)],
        "PropagatingVgws": [],
        "RouteTableId": table.id,
        "Routes": routes.shown_all(tx, table),
        "Tags": tags_of(table),
        "VpcId": table.vpc,
        "OwnerId": table.account,
    }


def _shown_association(association: RouteTableAssociation) -> Response:
    return {
        "Main": association.main,
        "RouteTableAssociationId": association.id,
        "RouteTableId": association.route_table,
        "SubnetId": association.subnet,
        "GatewayId": association.gateway,
        "AssociationState": ASSOCIATED,
    }
