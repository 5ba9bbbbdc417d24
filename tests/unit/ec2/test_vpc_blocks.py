"""Secondary IPv4 blocks of a VPC."""

from typing import Any

import pytest

from tests.support.expect import named, refused
from tests.support.inprocess import InProcess


def block(ec2: Any, vpc: str, cidr: str) -> str:
    """Associate it; the association's id."""
    return str(ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)["CidrBlockAssociation"]["AssociationId"])


def blocks(ec2: Any, vpc: str) -> dict[str, str]:
    (shown,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    return {one["CidrBlock"]: one["CidrBlockState"]["State"] for one in shown["CidrBlockAssociationSet"]}


def local_routes(ec2: Any, vpc: str) -> list[set[str]]:
    """Of each table."""
    tables = ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"]
    return [_local(table["Routes"]) for table in tables]


def _local(routes: list[dict[str, Any]]) -> set[str]:
    return {one["DestinationCidrBlock"] for one in routes if one.get("GatewayId") == "local"}


def test_a_block_is_associating_then_associated(ec2: Any, vpc: str) -> None:
    answer = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.1/16")
    made = answer["CidrBlockAssociation"]
    assert answer["VpcId"] == vpc
    assert (made["CidrBlock"], made["CidrBlockState"]) == ("10.1.0.0/16", {"State": "associating"})
    assert made["AssociationId"].startswith("vpc-cidr-assoc-")
    assert blocks(ec2, vpc) == {"10.0.0.0/16": "associated", "10.1.0.0/16": "associated"}
    (shown,) = ec2.describe_vpcs()["Vpcs"]
    assert shown["CidrBlock"] == "10.0.0.0/16"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cidr-block-association.cidr-block", "10.2.*"),
        ("cidr-block-association.association-id", None),
        ("cidr-block-association.state", "assoc?ated"),
    ],
)
def test_vpcs_are_found_by_a_secondary_block(ec2: Any, vpc: str, name: str, value: str | None) -> None:
    id_ = block(ec2, vpc, "10.2.0.0/16")
    assert len(ec2.describe_vpcs(Filters=named(name, value or id_))["Vpcs"]) == 1
    assert ec2.describe_vpcs(Filters=named("cidr", "10.2.0.0/16"))["Vpcs"] == []


def test_each_block_is_a_local_route_of_every_table(ec2: Any, vpc: str) -> None:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    id_ = block(ec2, vpc, "100.64.0.0/16")
    assert local_routes(ec2, vpc) == [{"10.0.0.0/16", "100.64.0.0/16"}] * 2
    message = refused(
        "InvalidParameterValue", ec2.delete_route, RouteTableId=table, DestinationCidrBlock="100.64.0.0/16"
    )
    assert message == f"cannot remove local route 100.64.0.0/16 in route table {table}"
    ec2.disassociate_vpc_cidr_block(AssociationId=id_)
    assert local_routes(ec2, vpc) == [{"10.0.0.0/16"}] * 2


def test_subnets_lie_in_any_block(ec2: Any, vpc: str) -> None:
    refused("InvalidSubnet.Range", ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.1.0/24")
    block(ec2, vpc, "10.1.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]
    assert (subnet["CidrBlock"], subnet["AvailableIpAddressCount"]) == ("10.1.1.0/24", 251)


def test_disassociate(ec2: Any, vpc: str) -> None:
    id_ = block(ec2, vpc, "10.1.0.0/16")
    answer = ec2.disassociate_vpc_cidr_block(AssociationId=id_)
    assert answer["CidrBlockAssociation"]["CidrBlockState"] == {"State": "disassociating"}
    assert answer["CidrBlockAssociation"]["AssociationId"] == id_
    assert blocks(ec2, vpc) == {"10.0.0.0/16": "associated"}
    message = refused("InvalidVpcCidrBlockAssociationID.NotFound", ec2.disassociate_vpc_cidr_block, AssociationId=id_)
    assert message == f"The vpc CIDR block association ID '{id_}' does not exist"


def test_others_cannot_disassociate(cloud: InProcess, ec2: Any, vpc: str) -> None:
    id_ = block(ec2, vpc, "10.1.0.0/16")
    for other in (cloud.client(region="eu-west-1"), cloud.client(account="210987654321")):
        refused("InvalidVpcCidrBlockAssociationID.NotFound", other.disassociate_vpc_cidr_block, AssociationId=id_)


def test_the_primary_block_stays(ec2: Any, vpc: str) -> None:
    (shown,) = ec2.describe_vpcs()["Vpcs"]
    id_ = shown["CidrBlockAssociationSet"][0]["AssociationId"]
    message = refused("OperationNotPermitted", ec2.disassociate_vpc_cidr_block, AssociationId=id_)
    assert message == (
        f"The vpc CIDR block with association ID {id_} may not be disassociated. "
        "It is the primary IPv4 CIDR block of the VPC"
    )


def test_a_block_with_a_subnet_stays(ec2: Any, vpc: str) -> None:
    id_ = block(ec2, vpc, "10.1.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    message = refused("InvalidCidrBlock.InUse", ec2.disassociate_vpc_cidr_block, AssociationId=id_)
    assert message == f"The vpc {vpc} currently has a subnet within CIDR block 10.1.0.0/16"
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=id_)


def test_five_blocks_at_most(cloud: InProcess, ec2: Any, vpc: str) -> None:
    for second in range(1, 5):
        block(ec2, vpc, f"10.{second}.0.0/16")
    message = refused("CidrLimitExceeded", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock="10.9.0.0/16")
    assert message == f"This network {vpc} has met its maximum number of allowed CIDRs: 5"
    cloud.settings.limits["ipv4-blocks-per-vpc"] = 6
    block(ec2, vpc, "10.9.0.0/16")


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.128.0/20", "10.1.5.0/24", "10.1.0.0/16"])
def test_blocks_do_not_overlap(ec2: Any, vpc: str, cidr: str) -> None:
    block(ec2, vpc, "10.1.0.0/20")
    refused("InvalidVpc.Range", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock=cidr)


@pytest.mark.parametrize(
    ("primary", "secondary", "allowed"),
    [
        ("10.2.0.0/16", "172.16.0.0/16", False),
        ("10.2.0.0/16", "192.168.1.0/24", False),
        ("10.2.0.0/16", "198.19.0.0/24", False),
        ("10.2.0.0/16", "10.0.0.0/16", True),
        ("10.2.0.0/16", "100.64.0.0/16", True),
        ("10.2.0.0/16", "20.0.0.0/16", True),
        ("10.1.0.0/16", "10.0.0.0/20", False),
        ("10.1.0.0/16", "10.2.0.0/16", True),
        ("10.0.0.0/20", "10.0.16.0/20", False),
        ("172.16.0.0/16", "10.0.0.0/16", False),
        ("172.16.0.0/16", "192.168.0.0/16", False),
        ("172.16.0.0/16", "172.31.0.0/20", False),
        ("172.16.0.0/16", "198.19.0.0/16", False),
        ("172.16.0.0/16", "172.17.0.0/16", True),
        ("172.31.0.0/16", "172.30.0.0/16", True),
        ("192.168.0.0/20", "10.0.0.0/16", False),
        ("192.168.0.0/20", "172.16.0.0/16", False),
        ("192.168.0.0/20", "198.19.0.0/16", False),
        ("192.168.0.0/20", "192.168.16.0/20", True),
        ("198.19.0.0/20", "10.0.0.0/16", False),
        ("198.19.0.0/20", "172.16.0.0/16", False),
        ("198.19.0.0/20", "192.168.0.0/16", False),
        ("198.19.0.0/20", "198.19.16.0/20", True),
        ("198.19.0.0/20", "100.64.0.0/16", True),
        ("100.64.0.0/16", "10.0.0.0/16", False),
        ("100.64.0.0/16", "198.19.0.0/16", False),
        ("100.64.0.0/16", "100.65.0.0/16", True),
        ("20.0.0.0/16", "192.168.0.0/16", False),
        ("20.0.0.0/16", "198.19.0.0/16", False),
        ("20.0.0.0/16", "100.64.0.0/16", True),
        ("10.2.0.0/16", "169.254.0.0/16", False),
    ],
)
def test_the_table_of_restrictions(ec2: Any, primary: str, secondary: str, *, allowed: bool) -> None:
    vpc = ec2.create_vpc(CidrBlock=primary)["Vpc"]["VpcId"]
    if allowed:
        block(ec2, vpc, secondary)
        return
    message = refused("InvalidVpc.Range", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock=secondary)
    assert message.startswith(f"The CIDR '{secondary}' is ")


def test_a_low_secondary_block_restricts_as_well(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    block(ec2, vpc, "10.1.0.0/16")
    refused("InvalidVpc.Range", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock="10.0.0.0/24")


@pytest.mark.parametrize(
    ("cidr", "allowed"), [("10.5.0.0/24", False), ("10.5.0.0/16", False), ("10.5.0.0/25", True), ("10.6.0.0/16", True)]
)
def test_a_route_keeps_its_destination_free(ec2: Any, vpc: str, cidr: str, *, allowed: bool) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for destination in ("10.5.0.0/24", "0.0.0.0/0"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, GatewayId=gateway)
    if allowed:
        block(ec2, vpc, cidr)
        return
    message = refused("InvalidVpc.Range", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock=cidr)
    assert "10.5.0.0/24" in message
    assert table in message


def test_a_replaced_local_route_goes_with_its_block(ec2: Any, vpc: str) -> None:
    id_ = block(ec2, vpc, "10.1.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    eni = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    table = ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="10.1.0.0/16", NetworkInterfaceId=eni)
    ec2.disassociate_vpc_cidr_block(AssociationId=id_)
    (shown,) = ec2.describe_route_tables()["RouteTables"]
    assert [one["DestinationCidrBlock"] for one in shown["Routes"]] == ["10.0.0.0/16"]


def test_what_associate_refuses(ec2: Any, vpc: str) -> None:
    associate = ec2.associate_vpc_cidr_block
    refused("MissingParameter", associate, VpcId=vpc)
    refused("UnsupportedOperation", associate, VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    refused("UnsupportedOperation", associate, VpcId=vpc, Ipv6CidrBlock="2001:db8::/56", Ipv6Pool="pool")
    refused("UnsupportedOperation", associate, VpcId=vpc, Ipv4IpamPoolId="ipam-pool-1")
    refused("InvalidParameterValue", associate, VpcId=vpc, CidrBlock="10.1.0.0")
    refused("InvalidVpc.Range", associate, VpcId=vpc, CidrBlock="10.4.0.0/15")
    refused("InvalidVpc.Range", associate, VpcId=vpc, CidrBlock="10.4.0.0/29")
    refused("InvalidVpcID.NotFound", associate, VpcId="vpc-01234567", CidrBlock="10.1.0.0/16")
    assert blocks(ec2, vpc) == {"10.0.0.0/16": "associated"}
