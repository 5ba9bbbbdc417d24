"""Internet gateways (facts 77, 78)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Gateway, World


@operation("CreateInternetGateway", "InternetGatewayLimitExceeded")
def create_internet_gateway(world: World, asked: Asked) -> Answer:
    """As many as there may be VPCs."""
    why = Why()
    why.when(len(world.gateways) >= world.quotas["gateways"], "InternetGatewayLimitExceeded")
    why.stop()
    gateway = Gateway(world.new("igw"))
    world.gateways[gateway.id] = gateway
    return {"InternetGateway": {"InternetGatewayId": gateway.id, "Attachments": []}}


@operation("DeleteInternetGateway", "InvalidInternetGatewayID.NotFound", "DependencyViolation")
def delete_internet_gateway(world: World, asked: Asked) -> Answer:
    """Not while it is attached."""
    why = Why()
    gateway = why.find(world.gateways, asked["InternetGatewayId"], "InvalidInternetGatewayID.NotFound")
    if gateway:
        why.when(gateway.vpc is not None, "DependencyViolation")
    why.stop()
    assert gateway
    del world.gateways[gateway.id]
    world.tags.pop(gateway.id, None)
    return {}


@operation(
    "AttachInternetGateway",
    "InvalidInternetGatewayID.NotFound",
    "InvalidVpcID.NotFound",
    "Resource.AlreadyAssociated",
)
def attach_internet_gateway(world: World, asked: Asked) -> Answer:
    """One gateway a VPC, one VPC a gateway."""
    why = Why()
    gateway = why.find(world.gateways, asked["InternetGatewayId"], "InvalidInternetGatewayID.NotFound")
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if gateway:
        why.when(gateway.vpc is not None, "Resource.AlreadyAssociated")
    if vpc:
        why.when(world.gateway_of(vpc.id) is not None, "Resource.AlreadyAssociated")
    why.stop()
    assert gateway
    assert vpc
    gateway.vpc = vpc.id
    return {}


@operation(
    "DetachInternetGateway",
    "InvalidInternetGatewayID.NotFound",
    "InvalidVpcID.NotFound",
    "Gateway.NotAttached",
    "DependencyViolation",
)
def detach_internet_gateway(world: World, asked: Asked) -> Answer:
    """Not while public addresses of the VPC are mapped (fact 29). Its edge table is free again."""
    why = Why()
    gateway = why.find(world.gateways, asked["InternetGatewayId"], "InvalidInternetGatewayID.NotFound")
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if gateway and vpc and not why.when(gateway.vpc != vpc.id, "Gateway.NotAttached"):
        inside = [one for one in world.interfaces.values() if world.subnets[one.subnet].vpc == vpc.id]
        mapped = {one.association.interface for one in world.elastic_ips.values() if one.association}
        why.when(any(one.public or one.id in mapped for one in inside), "DependencyViolation")
    why.stop()
    assert gateway
    gateway.vpc = gateway.table = gateway.table_association = None
    return {}
