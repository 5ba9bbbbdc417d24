"""Internet gateways (facts 28, 29, 77, 78). An attachment's state is "available"."""

import msgspec

from atoll.model.kinds import ElasticIp, InternetGateway, NetworkInterface, RouteTableAssociation, Vpc
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation


def gateway_of(tx: Tx, vpc: str) -> InternetGateway | None:
    """The VPC's internet gateway."""
    return tx.only(InternetGateway, "vpc", vpc)


@operation("CreateInternetGateway", "TagSpecifications")
def create_internet_gateway(tx: Tx, request: Request) -> Response:
    """A gateway, attached to nothing."""
    if tx.count(InternetGateway, "home", tx.home) >= tx.limit("internet-gateways-per-region"):
        raise AwsError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
    tags = on_creation(tx, request, "internet-gateway")
    gateway = InternetGateway(id=tx.new_id("igw"), home=tx.home, tags=tags)
    tx.put(gateway)
    return {"InternetGateway": shown(tx, gateway)}


@operation("AttachInternetGateway", "InternetGatewayId VpcId")
def attach_internet_gateway(tx: Tx, request: Request) -> Response:
    """One gateway a VPC, one VPC a gateway (fact 77)."""
    gateway = need(tx, InternetGateway, request["InternetGatewayId"])
    vpc = need(tx, Vpc, request["VpcId"])
    for taken in (gateway, gateway_of(tx, vpc.id)):
        if taken is not None and taken.vpc is not None:
            raise AwsError(
                "Resource.AlreadyAssociated", f"resource {taken.id} is already attached to network {taken.vpc}"
            )
    tx.put(msgspec.structs.replace(gateway, vpc=vpc.id))
    return {}


@operation("DetachInternetGateway", "InternetGatewayId VpcId")
def detach_internet_gateway(tx: Tx, request: Request) -> Response:
    """Refused while public addresses are mapped in the VPC (fact 29); routes to the gateway become blackholes.

    Its edge table is associated with nothing from then on.
    """
    gateway = need(tx, InternetGateway, request["InternetGatewayId"])
    vpc = need(tx, Vpc, request["VpcId"])
    if gateway.vpc != vpc.id:
        raise AwsError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    if _maps_addresses(tx, vpc):
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc.id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )
    for association in tx.by(RouteTableAssociation, "gateway", gateway.id):
        tx.delete(association)
    tx.put(msgspec.structs.replace(gateway, vpc=None))
    return {}


def _maps_addresses(tx: Tx, vpc: Vpc) -> bool:
    """Whether the VPC has automatic public addresses, or Elastic IPs (of which a region has few)."""
    if tx.count(NetworkInterface, "public_in", vpc.id):
        return True
    bound = (tx.get(NetworkInterface, ip.interface) for ip in tx.mine(ElasticIp) if ip.interface)
    return any(interface is not None and interface.vpc == vpc.id for interface in bound)


@operation("DeleteInternetGateway", "InternetGatewayId")
def delete_internet_gateway(tx: Tx, request: Request) -> Response:
    """Refused while it is attached (fact 28)."""
    gateway = need(tx, InternetGateway, request["InternetGatewayId"])
    if gateway.vpc is not None:
        raise AwsError(
            "DependencyViolation", f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted."
        )
    tx.delete(gateway)
    return {}


FILTERS: Filters[InternetGateway] = {
    "attachment.state": lambda _tx, gateway: ["available"] if gateway.vpc else [],
    "attachment.vpc-id": lambda _tx, gateway: [gateway.vpc] if gateway.vpc else [],
    "internet-gateway-id": lambda _tx, gateway: [gateway.id],
    "owner-id": lambda _tx, gateway: [gateway.account],
}


@operation("DescribeInternetGateways", "InternetGatewayIds Filters MaxResults NextToken")
def describe_internet_gateways(tx: Tx, request: Request) -> Response:
    """The internet gateways of this region."""
    indexed = {"internet-gateway-id": "id", "attachment.vpc-id": "vpc"}
    found = candidates(tx, InternetGateway, request, "InternetGatewayIds", indexed)
    return describe(tx, request, found, FILTERS, "InternetGateways", shown)


def shown(_tx: Tx, gateway: InternetGateway) -> Response:
    """As Describe shows it."""
    return {
        "Attachments": [{"State": "available", "VpcId": gateway.vpc}] if gateway.vpc else [],
        "InternetGatewayId": gateway.id,
        "OwnerId": gateway.account,
        "Tags": tags_of(gateway),
    }
