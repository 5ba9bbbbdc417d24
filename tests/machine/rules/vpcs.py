"""VPCs and their blocks: AWS's user guide, "VPC CIDR blocks"."""

from ipaddress import IPv4Network

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Acl, Block, Entry, Group, Match, Route, Table, Vpc, World

WORLD = IPv4Network("0.0.0.0/0")
RFC_1918 = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
BENCHMARK = IPv4Network("198.19.0.0/16")
NEVER = [IPv4Network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")]


def local(block: IPv4Network) -> tuple[IPv4Network, Route]:
    """Each block has a local route in each table of its VPC (fact 16)."""
    return block, Route("GatewayId", "local", "CreateRouteTable")


def _within(to: Block, block: IPv4Network) -> bool:
    return isinstance(to, IPv4Network) and to.subnet_of(block)


def _size(why: Why, block: IPv4Network | None) -> bool:
    return block is not None and not why.when(
        not 16 <= block.prefixlen <= 28 or any(block.overlaps(one) for one in NEVER), "InvalidVpc.Range"
    )


@operation("CreateVpc", "InvalidParameterValue", "InvalidVpc.Range", "VpcLimitExceeded")
def create_vpc(world: World, asked: Asked) -> Answer:
    """A VPC comes with a main table, a default ACL and a default group (facts 98, 116, 140)."""
    why = Why()
    block = why.network(asked["CidrBlock"])
    _size(why, block)
    why.when(len(world.vpcs) >= world.quotas["vpcs"], "VpcLimitExceeded")
    why.stop()
    assert block
    association = world.new("vpc-cidr-assoc")
    vpc = Vpc(world.new("vpc"), {association: block}, next(iter(world.options)))
    world.vpcs[vpc.id] = vpc
    table = Table(world.new("rtb"), vpc.id, dict([local(block)]), world.new("rtbassoc"))
    world.tables[table.id] = table
    acl = Acl(world.new("acl"), vpc.id, default=True)
    for egress in (False, True):
        acl.entries[egress, 100] = Entry("-1", "allow", WORLD)
        acl.entries[egress, 32767] = Entry("-1", "deny", WORLD)
    world.acls[acl.id] = acl
    group = Group(world.new("sg"), vpc.id, "default", "default VPC security group")
    group.rules[world.new("sgr")] = Match(False, "-1", None, group=group.id)
    group.rules[world.new("sgr")] = Match(True, "-1", None, block="0.0.0.0/0")
    world.groups[group.id] = group
    return {
        "Vpc": {
            "VpcId": vpc.id,
            "CidrBlock": str(block),
            "State": "pending",
            "IsDefault": False,
            "InstanceTenancy": "default",
            "CidrBlockAssociationSet": [
                {"AssociationId": association, "CidrBlock": str(block), "CidrBlockState": {"State": "associated"}}
            ],
        }
    }


@operation("DeleteVpc", "InvalidVpcID.NotFound", "DependencyViolation")
def delete_vpc(world: World, asked: Asked) -> Answer:
    """Only what came with the VPC goes with it (fact 27)."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    why.stop()
    assert vpc
    holds = (
        any(one.vpc == vpc.id for one in world.subnets.values())
        or world.gateway_of(vpc.id) is not None
        or any(one.vpc == vpc.id and not one.main_association for one in world.tables.values())
        or any(one.vpc == vpc.id and not one.default for one in world.acls.values())
        or any(one.vpc == vpc.id and one.name != "default" for one in world.groups.values())
    )
    why.when(holds, "DependencyViolation")
    why.stop()
    group = world.default_group(vpc.id)
    gone = [world.main_table(vpc.id).id, world.default_acl(vpc.id).id, group.id, *group.rules, vpc.id]
    for things in (world.tables, world.acls, world.groups, world.vpcs):
        for id_ in gone:
            things.pop(id_, None)
    for id_ in gone:
        world.tags.pop(id_, None)
    return {}


@operation("ModifyVpcAttribute", "InvalidVpcID.NotFound", "InvalidParameterValue")
def modify_vpc_attribute(world: World, asked: Asked) -> Answer:
    """The two switches of DNS: there are host names only where there is DNS (ModifyVpcAttribute's reference)."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if vpc and "EnableDnsHostnames" in asked:
        why.when(asked["EnableDnsHostnames"]["Value"] and not vpc.support, "InvalidParameterValue")
    why.stop()
    assert vpc
    if "EnableDnsSupport" in asked:
        vpc.support = asked["EnableDnsSupport"]["Value"]
    if "EnableDnsHostnames" in asked:
        vpc.hostnames = asked["EnableDnsHostnames"]["Value"]
    return {}


def _restricted(vpc: Vpc, block: IPv4Network) -> bool:
    """The user guide's table of restricted associations (fact 14)."""
    primary = next(iter(vpc.blocks.values()))
    ten, middle, small = RFC_1918
    if primary.subnet_of(ten):
        low = any(one.subnet_of(IPv4Network("10.0.0.0/15")) for one in vpc.blocks.values())
        barred = [middle, small, BENCHMARK, *([IPv4Network("10.0.0.0/16")] if low else [])]
    elif primary.subnet_of(middle):
        barred = [ten, small, IPv4Network("172.31.0.0/16"), BENCHMARK]
    elif primary.subnet_of(small):
        barred = [ten, middle, BENCHMARK]
    elif primary.subnet_of(BENCHMARK):
        barred = RFC_1918
    else:
        barred = [*RFC_1918, BENCHMARK]
    return any(block.overlaps(one) for one in barred)


@operation(
    "AssociateVpcCidrBlock", "InvalidVpcID.NotFound", "InvalidParameterValue", "InvalidVpc.Range", "CidrLimitExceeded"
)
def associate_vpc_cidr_block(world: World, asked: Asked) -> Answer:
    """A further block: apart from the others, allowed beside the primary, and not over a route (facts 9 to 14)."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    block = why.network(asked["CidrBlock"])
    fits = _size(why, block)
    if vpc:
        why.when(len(vpc.blocks) >= world.quotas["blocks"], "CidrLimitExceeded")
    if vpc and block and fits:
        why.when(any(block.overlaps(one) for one in vpc.blocks.values()), "InvalidVpc.Range")
        why.when(_restricted(vpc, block), "InvalidVpc.Range")
        tables = [one for one in world.tables.values() if one.vpc == vpc.id]
        why.when(any(_within(to, block) for one in tables for to in one.routes), "InvalidVpc.Range")
    why.stop()
    assert vpc
    assert block
    association = world.new("vpc-cidr-assoc")
    vpc.blocks[association] = block
    for table in world.tables.values():
        if table.vpc == vpc.id:
            table.routes.update([local(block)])
    told = {"AssociationId": association, "CidrBlock": str(block), "CidrBlockState": {"State": "associating"}}
    return {"VpcId": vpc.id, "CidrBlockAssociation": told}


@operation(
    "DisassociateVpcCidrBlock",
    "InvalidVpcCidrBlockAssociationID.NotFound",
    "OperationNotPermitted",
    "InvalidCidrBlock.InUse",
)
def disassociate_vpc_cidr_block(world: World, asked: Asked) -> Answer:
    """Not the primary, and nothing that a subnet lies in (fact 13)."""
    why, association = Why(), asked["AssociationId"]
    vpc = next((one for one in world.vpcs.values() if association in one.blocks), None)
    why.when(vpc is None, "InvalidVpcCidrBlockAssociationID.NotFound")
    if vpc:
        block = vpc.blocks[association]
        why.when(next(iter(vpc.blocks)) == association, "OperationNotPermitted")
        inside = any(one.vpc == vpc.id and one.block.subnet_of(block) for one in world.subnets.values())
        why.when(inside, "InvalidCidrBlock.InUse")
    why.stop()
    assert vpc
    block = vpc.blocks.pop(association)
    for table in world.tables.values():
        if table.vpc == vpc.id:
            table.routes.pop(block)
    return {"VpcId": vpc.id, "CidrBlockAssociation": {"AssociationId": association, "CidrBlock": str(block)}}
