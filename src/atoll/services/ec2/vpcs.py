"""VPCs (facts 1-3, 8, 19, 27-30). A VPC comes with its main route table, default ACL and default group."""

from atoll.model.kinds import (
    InternetGateway,
    NetworkAcl,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
    SecurityGroupVpcAssociation,
    Subnet,
    Vpc,
    VpcBlock,
)
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import network_acls, route_tables, security_groups
from atoll.services.ec2.checks import (
    default_dhcp_options,
    invalid,
    ipv4_block,
    refuse_true,
)
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_if_any
from atoll.services.registry import Request, Response, operation

TENANCIES = ("default", "dedicated")
SIZES = range(16, 29)
UNUSABLE = tuple(map(Prefix.parse, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
"""No host can have an address of these: this network, loopback, link-local, multicast and reserved (RFC 6890)."""


def default_group(tx: Tx, vpc: str) -> SecurityGroup:
    """The VPC's default security group: what an ENI wears when its creator names none (fact 51)."""
    group = tx.only(SecurityGroup, "place", f"{vpc}/default")
    assert group is not None, f"{vpc} has no default group"
    return group


def usable_block(text: str, parameter: str = "cidrBlock") -> Prefix:
    """A block that a VPC can have (facts 1-3, 6)."""
    prefix = ipv4_block(text, parameter)
    if prefix.length not in SIZES or any(prefix.overlaps(bad) for bad in UNUSABLE):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return prefix


@operation("CreateVpc", "CidrBlock InstanceTenancy AmazonProvidedIpv6CidrBlock TagSpecifications")
def create_vpc(tx: Tx, request: Request) -> Response:
    """A VPC and what belongs to it from the start."""
    refuse_true(request, "AmazonProvidedIpv6CidrBlock")
    if not request.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    prefix = usable_block(request["CidrBlock"])
    tenancy = request.get("InstanceTenancy", "default")
    if tenancy not in TENANCIES:
        raise invalid(tenancy, "instanceTenancy", "Specify default or dedicated.")
    check_quota(tx)
    vpc = Vpc(
        id=tx.new_id("vpc"),
        home=tx.home,
        blocks=(new_block(tx, prefix),),
        tenancy=tenancy,
        dhcp_options=default_dhcp_options(tx.home),
        tags=on_creation(tx, request, "vpc"),
    )
    furnish(tx, vpc)
    return {"Vpc": shown(tx, vpc) | {"State": "pending"}}


def check_quota(tx: Tx) -> None:
    """One VPC more may be made; the default one counts."""
    if tx.count(Vpc, "home", tx.home) >= tx.limit("vpcs-per-region"):
        raise AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def new_block(tx: Tx, prefix: Prefix) -> VpcBlock:
    """A block with an association of its own."""
    return VpcBlock(association_id=tx.new_id("vpc-cidr-assoc"), prefix=prefix)


def furnish(tx: Tx, vpc: Vpc) -> RouteTable:
    """Put a new VPC with what belongs to it from the start; its main route table."""
    tx.put(vpc)
    main = route_tables.create_main(tx, vpc)
    network_acls.create_default(tx, vpc)
    security_groups.create_default(tx, vpc)
    return main


@operation("DeleteVpc", "VpcId")
def delete_vpc(tx: Tx, request: Request) -> Response:
    """Its default group, default ACL and main table go with it; anything else keeps it (facts 27, 28)."""
    vpc = need(tx, Vpc, request["VpcId"])
    if _in_use(tx, vpc):
        raise AwsError("DependencyViolation", f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    for group in tx.by(SecurityGroup, "vpc", vpc.id):
        security_groups.remove(tx, group)
    for acl in tx.by(NetworkAcl, "vpc", vpc.id):
        network_acls.remove(tx, acl)
    for table in tx.by(RouteTable, "vpc", vpc.id):
        route_tables.remove(tx, table)
    tx.delete(vpc)
    return {}


def _in_use(tx: Tx, vpc: Vpc) -> bool:
    own = (SecurityGroup, NetworkAcl, RouteTable)  # one of each goes with the VPC
    others = (Subnet, InternetGateway, NetworkInterface, SecurityGroupVpcAssociation)
    return any(tx.count(kind, "vpc", vpc.id) > 1 for kind in own) or any(
        tx.count(kind, "vpc", vpc.id) for kind in others
    )


def _values(vpc: Vpc, field: str) -> list[str]:
    return [str(getattr(block, field)) for block in vpc.blocks]


FILTERS: Filters[Vpc] = {
    "cidr": lambda _tx, vpc: _values(vpc, "prefix")[:1],
    "cidr-block-association.association-id": lambda _tx, vpc: _values(vpc, "association_id"),
    "cidr-block-association.cidr-block": lambda _tx, vpc: _values(vpc, "prefix"),
    "cidr-block-association.state": lambda _tx, vpc: _values(vpc, "state"),
    "dhcp-options-id": lambda _tx, vpc: [vpc.dhcp_options],
    "ipv6-cidr-block-association.association-id": lambda _tx, _vpc: [],
    "ipv6-cidr-block-association.ipv6-cidr-block": lambda _tx, _vpc: [],
    "ipv6-cidr-block-association.ipv6-pool": lambda _tx, _vpc: [],
    "ipv6-cidr-block-association.state": lambda _tx, _vpc: [],
    "is-default": lambda _tx, vpc: ["true" if vpc.is_default else "false"],
    "owner-id": lambda _tx, vpc: [vpc.account],
    "state": lambda _tx, vpc: [vpc.state],
    "vpc-id": lambda _tx, vpc: [vpc.id],
}
ALIASES = {"cidrBlock": "cidr", "cidr-block": "cidr", "dhcpOptionsId": "dhcp-options-id", "isDefault": "is-default"}
"""Older spellings that clients still send (Terraform's aws_vpc asks for isDefault)."""
FILTERS = {**FILTERS, **{alias: FILTERS[name] for alias, name in ALIASES.items()}}


@operation("DescribeVpcs", "VpcIds Filters MaxResults NextToken")
def describe_vpcs(tx: Tx, request: Request) -> Response:
    """The VPCs of this region."""
    found = candidates(tx, Vpc, request, "VpcIds", {"vpc-id": "id"})
    return describe(tx, request, found, FILTERS, "Vpcs", _described)


def _described(tx: Tx, vpc: Vpc) -> Response:
    return shown(tx, vpc) | {"BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"}}


def shown(_tx: Tx, vpc: Vpc) -> Response:
    """As CreateVpc shows it."""
    return {
        "OwnerId": vpc.account,
        "InstanceTenancy": vpc.tenancy,
        "Ipv6CidrBlockAssociationSet": [],
        "CidrBlockAssociationSet": [shown_block(block, block.state) for block in vpc.blocks],
        "IsDefault": vpc.is_default,
        "Tags": tags_if_any(vpc),
        "VpcId": vpc.id,
        "State": vpc.state,
        "CidrBlock": str(vpc.blocks[0].prefix),
        "DhcpOptionsId": vpc.dhcp_options,
    }


def shown_block(block: VpcBlock, state: str) -> Response:
    """A block's association in a state."""
    return {
        "AssociationId": block.association_id,
        "CidrBlock": str(block.prefix),
        "CidrBlockState": {"State": state},
    }
