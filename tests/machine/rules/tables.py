"""Route tables and what they are associated with (facts 98 to 101, 111, 112)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.vpcs import local
from tests.machine.rules.world import Gateway, Subnet, Table, World

Holder = Subnet | Gateway


def holders(world: World, table: Table) -> list[Holder]:
    """The subnets and gateways that were given a table."""
    all_: list[Holder] = [*world.subnets.values(), *world.gateways.values()]
    return [one for one in all_ if one.table == table.id]


def is_edge(world: World, table: Table) -> bool:
    """Whether it is a gateway's table."""
    return any(isinstance(one, Gateway) for one in holders(world, table))


def edge_route(world: World, table: Table, to: object, kind: str, target: str) -> bool:
    """Whether a gateway's table may hold a route: local, or to an interface for a whole VPC block or subnet."""
    if target == "local":
        return True
    whole = list(world.vpcs[table.vpc].blocks.values())
    whole += [one.block for one in world.subnets.values() if one.vpc == table.vpc]
    return kind != "GatewayId" and to in whole


@operation("CreateRouteTable", "InvalidVpcID.NotFound", "RouteTableLimitExceeded")
def create_route_table(world: World, asked: Asked) -> Answer:
    """A table with the VPC's local routes (fact 101)."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if vpc:
        beside = sum(one.vpc == vpc.id for one in world.tables.values())
        why.when(beside >= world.quotas["tables"], "RouteTableLimitExceeded")
    why.stop()
    assert vpc
    table = Table(world.new("rtb"), vpc.id, dict(local(one) for one in vpc.blocks.values()))
    world.tables[table.id] = table
    return {"RouteTable": {"RouteTableId": table.id, "VpcId": vpc.id, "Associations": [], "PropagatingVgws": []}}


@operation("DeleteRouteTable", "InvalidRouteTableID.NotFound", "DependencyViolation")
def delete_route_table(world: World, asked: Asked) -> Answer:
    """Not the main one, and none that is associated."""
    why = Why()
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    if table:
        why.when(bool(table.main_association or holders(world, table)), "DependencyViolation")
    why.stop()
    assert table
    del world.tables[table.id]
    world.tags.pop(table.id, None)
    return {}


def _may_be_given(why: Why, world: World, table: Table, holder: Holder) -> None:
    why.when(holder.vpc != table.vpc, "InvalidParameterValue")
    if isinstance(holder, Gateway):
        fits = all(edge_route(world, table, to, one.kind, one.target) for to, one in table.routes.items())
        why.when(table.main_association is not None or not fits, "InvalidParameterValue")


@operation(
    "AssociateRouteTable",
    "InvalidRouteTableID.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidGatewayID.NotFound",
    "InvalidParameterValue",
    "Resource.AlreadyAssociated",
)
def associate_route_table(world: World, asked: Asked) -> Answer:
    """One table a subnet or gateway; the same one again is the same association."""
    why = Why()
    holder: Holder | None
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    if "SubnetId" in asked:
        holder = why.find(world.subnets, asked["SubnetId"], "InvalidSubnetID.NotFound")
    else:
        holder = why.find(world.gateways, asked["GatewayId"], "InvalidGatewayID.NotFound")
    if table and holder:
        why.when(holder.table not in (None, table.id), "Resource.AlreadyAssociated")
        _may_be_given(why, world, table, holder)
    why.stop()
    assert table
    assert holder
    if not holder.table:
        holder.table, holder.table_association = table.id, world.new("rtbassoc")
    return {"AssociationId": holder.table_association, "AssociationState": {"State": "associated"}}


def _holder(world: World, association: str) -> Holder | None:
    all_: list[Holder] = [*world.subnets.values(), *world.gateways.values()]
    return next((one for one in all_ if one.table_association == association), None)


def _as_main(world: World, association: str) -> Table | None:
    return next((one for one in world.tables.values() if one.main_association == association), None)


@operation("DisassociateRouteTable", "InvalidAssociationID.NotFound", "InvalidParameterValue")
def disassociate_route_table(world: World, asked: Asked) -> Answer:
    """A subnet falls back to the main table; the main association stays."""
    why, association = Why(), asked["AssociationId"]
    holder = _holder(world, association)
    main = _as_main(world, association)
    why.when(holder is None and main is None, "InvalidAssociationID.NotFound")
    why.when(main is not None, "InvalidParameterValue")
    why.stop()
    assert holder
    holder.table = holder.table_association = None
    return {}


@operation(
    "ReplaceRouteTableAssociation",
    "InvalidAssociationID.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidParameterValue",
)
def replace_route_table_association(world: World, asked: Asked) -> Answer:
    """Another table for a subnet, a gateway or the whole VPC (fact 98). The association gets a new id."""
    why, association = Why(), asked["AssociationId"]
    holder, main = _holder(world, association), _as_main(world, association)
    why.when(holder is None and main is None, "InvalidAssociationID.NotFound")
    table = why.find(world.tables, asked["RouteTableId"], "InvalidRouteTableID.NotFound")
    if table and holder:
        _may_be_given(why, world, table, holder)
    if table and main:
        why.when(table.vpc != main.vpc or is_edge(world, table), "InvalidParameterValue")
    why.stop()
    assert table
    new = world.new("rtbassoc")
    if holder:
        holder.table, holder.table_association = table.id, new
    else:
        assert main
        main.main_association = None
        table.main_association = new
    return {"NewAssociationId": new}
