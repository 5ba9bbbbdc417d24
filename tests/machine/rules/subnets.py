"""Subnets: AWS's user guide, "Subnet sizing"."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Subnet, World

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f")


@operation(
    "CreateSubnet",
    "InvalidVpcID.NotFound",
    "InvalidParameterValue",
    "InvalidSubnet.Range",
    "InvalidSubnet.Conflict",
    "SubnetLimitExceeded",
)
def create_subnet(world: World, asked: Asked) -> Answer:
    """A block within one of the VPC's, /16 to /28, apart from the other subnets (facts 1 to 7)."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    block = why.network(asked["CidrBlock"])
    why.when(asked["AvailabilityZone"] not in ZONES, "InvalidParameterValue")
    if vpc:
        beside = [one for one in world.subnets.values() if one.vpc == vpc.id]
        why.when(len(beside) >= world.quotas["subnets"], "SubnetLimitExceeded")
    if block:
        why.when(not 16 <= block.prefixlen <= 28, "InvalidSubnet.Range")
    if vpc and block:
        why.when(not any(block.subnet_of(one) for one in vpc.blocks.values()), "InvalidSubnet.Range")
        why.when(any(block.overlaps(one.block) for one in beside), "InvalidSubnet.Conflict")
    why.stop()
    assert vpc
    assert block
    acl = world.default_acl(vpc.id)
    subnet = Subnet(world.new("subnet"), vpc.id, block, asked["AvailabilityZone"], acl.id, world.new("aclassoc"))
    world.subnets[subnet.id] = subnet
    return {
        "Subnet": {
            "SubnetId": subnet.id,
            "VpcId": vpc.id,
            "CidrBlock": str(block),
            "AvailabilityZone": subnet.zone,
            "AvailableIpAddressCount": block.num_addresses - 5,
            "MapPublicIpOnLaunch": False,
            "DefaultForAz": False,
            "State": "available",
        }
    }


@operation("DeleteSubnet", "InvalidSubnetID.NotFound", "DependencyViolation")
def delete_subnet(world: World, asked: Asked) -> Answer:
    """Not while an interface lies in it (fact 28); its associations go with it."""
    why = Why()
    subnet = why.find(world.subnets, asked["SubnetId"], "InvalidSubnetID.NotFound")
    if subnet:
        why.when(any(one.subnet == subnet.id for one in world.interfaces.values()), "DependencyViolation")
    why.stop()
    assert subnet
    del world.subnets[subnet.id]
    world.reservations = {id_: one for id_, one in world.reservations.items() if one.subnet != subnet.id}
    world.tags.pop(subnet.id, None)
    return {}


@operation("ModifySubnetAttribute", "InvalidSubnetID.NotFound")
def modify_subnet_attribute(world: World, asked: Asked) -> Answer:
    """Whether instances get public addresses by themselves."""
    why = Why()
    subnet = why.find(world.subnets, asked["SubnetId"], "InvalidSubnetID.NotFound")
    why.stop()
    assert subnet
    subnet.public = asked["MapPublicIpOnLaunch"]["Value"]
    return {}
