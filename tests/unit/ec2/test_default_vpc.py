"""The default VPC of a region, its subnets, and what brings them back."""

from typing import Any

import pytest

from atoll.model.tx import Settings
from tests.support.expect import filters, named, refused
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab

IMAGE = "ami-12c6146b"
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"]


@pytest.fixture
def cloud() -> InProcess:
    """As a user finds it."""
    return InProcess(settings=Settings())


@pytest.fixture
def vpc(ec2: Any) -> str:
    """The default VPC's id."""
    (found,) = ec2.describe_vpcs(Filters=filters(is_default="true"))["Vpcs"]
    return str(found["VpcId"])


def empty(ec2: Any, vpc: str) -> None:
    """Delete what keeps the VPC."""
    for subnet in ec2.describe_subnets(Filters=named("vpc-id", vpc))["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for gateway in ec2.describe_internet_gateways(Filters=named("attachment.vpc-id", vpc))["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])


def test_the_vpc(ec2: Any, vpc: str) -> None:
    (shown,) = ec2.describe_vpcs()["Vpcs"]
    assert (shown["CidrBlock"], shown["IsDefault"], shown["State"]) == ("172.31.0.0/16", True, "available")
    assert shown["InstanceTenancy"] == "default"
    assert "Tags" not in shown
    for attribute, member in (("enableDnsHostnames", "EnableDnsHostnames"), ("enableDnsSupport", "EnableDnsSupport")):
        assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)[member] == {"Value": True}
    (dhcp,) = ec2.describe_dhcp_options()["DhcpOptions"]
    assert shown["DhcpOptionsId"] == dhcp["DhcpOptionsId"]
    (named_,) = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert named_["AttributeValues"] == [{"AttributeValue": vpc}]


def test_a_public_subnet_in_each_zone(ec2: Any, vpc: str) -> None:
    subnets = ec2.describe_subnets()["Subnets"]
    assert [one["AvailabilityZone"] for one in subnets] == ZONES
    assert [one["CidrBlock"] for one in subnets] == [f"172.31.{16 * place}.0/20" for place in range(6)]
    assert {one["VpcId"] for one in subnets} == {vpc}
    for one in subnets:
        assert (one["DefaultForAz"], one["MapPublicIpOnLaunch"], one["AvailableIpAddressCount"]) == (True, True, 4091)
    assert len(ec2.describe_subnets(Filters=named("default-for-az", "true"))["Subnets"]) == 6
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.96.0/20", AvailabilityZone=ZONES[0])["Subnet"]
    assert (made["DefaultForAz"], made["MapPublicIpOnLaunch"]) == (False, False)


def test_gateway_routes_acl_and_group(ec2: Any, vpc: str) -> None:
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    assert gateway["Attachments"] == [{"State": "available", "VpcId": vpc}]
    (table,) = ec2.describe_route_tables()["RouteTables"]
    assert [one["Main"] for one in table["Associations"]] == [True]
    assert [(one["DestinationCidrBlock"], one["GatewayId"], one["State"]) for one in table["Routes"]] == [
        ("172.31.0.0/16", "local", "active"),
        ("0.0.0.0/0", gateway["InternetGatewayId"], "active"),
    ]
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    assert (acl["IsDefault"], len(acl["Associations"])) == (True, 6)
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    assert (group["GroupName"], group["VpcId"]) == ("default", vpc)


def test_every_account_and_region_has_its_own(cloud: InProcess, vpc: str) -> None:
    for other in (cloud.client(region="eu-central-1"), cloud.client(account="210987654321")):
        (shown,) = other.describe_vpcs()["Vpcs"]
        assert shown["IsDefault"]
        assert shown["VpcId"] != vpc
    assert len(cloud.client(region="eu-central-1").describe_subnets()["Subnets"]) == 3


def test_it_counts_in_the_quotas(ec2: Any, vpc: str) -> None:
    assert vpc
    for _ in range(4):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
        ec2.create_internet_gateway()
    refused("VpcLimitExceeded", ec2.create_vpc, CidrBlock="10.0.0.0/16")
    refused("InternetGatewayLimitExceeded", ec2.create_internet_gateway)


def test_a_launch_without_a_subnet_uses_it(cloud: InProcess, vpc: str) -> None:
    lab = Lab(cloud)
    (instance,) = lab.ec2.run_instances(ImageId=lab.image, MinCount=1, MaxCount=1)["Instances"]
    assert (instance["VpcId"], instance["Placement"]["AvailabilityZone"]) == (vpc, ZONES[0])
    lab.settle()
    (running,) = lab.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"]
    assert running["PublicIpAddress"]
    assert running["PublicDnsName"].endswith(".compute-1.amazonaws.com")
    assert [group["GroupName"] for group in running["SecurityGroups"]] == ["default"]
    group = lab.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    assert lab.ec2.describe_security_groups(GroupNames=["web"])["SecurityGroups"][0]["GroupId"] == group
    (elsewhere,) = lab.ec2.run_instances(
        ImageId=lab.image, MinCount=1, MaxCount=1, SecurityGroups=["web"], Placement={"AvailabilityZone": ZONES[2]}
    )["Instances"]
    assert elsewhere["Placement"]["AvailabilityZone"] == ZONES[2]


def test_one_is_enough(ec2: Any, vpc: str) -> None:
    assert vpc
    assert refused("DefaultVpcAlreadyExists", ec2.create_default_vpc) == (
        "A Default VPC already exists for this account in this region."
    )


def test_a_deleted_one_stays_away_until_it_is_made_again(ec2: Any, vpc: str) -> None:
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    empty(ec2, vpc)
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_vpcs()["Vpcs"] == []
    refused("VPCIdNotSpecified", ec2.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1)
    refused("VPCIdNotSpecified", ec2.create_security_group, GroupName="web", Description="d")
    message = refused("DefaultVpcDoesNotExist", ec2.create_default_subnet, AvailabilityZone=ZONES[0])
    assert message == "No default VPC exists for this account in this region."
    refused("DryRunOperation", ec2.create_default_vpc, DryRun=True)
    made = ec2.create_default_vpc()["Vpc"]
    assert (made["State"], made["IsDefault"], made["CidrBlock"]) == ("pending", True, "172.31.0.0/16")
    assert made["VpcId"] != vpc
    assert made["OwnerId"] == ACCOUNT
    assert len(ec2.describe_subnets(Filters=named("vpc-id", made["VpcId"]))["Subnets"]) == 6


def test_the_quota_holds_for_a_new_default_vpc(ec2: Any, vpc: str) -> None:
    empty(ec2, vpc)
    ec2.delete_vpc(VpcId=vpc)
    for _ in range(5):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    refused("VpcLimitExceeded", ec2.create_default_vpc)


def test_default_subnets_come_back_one_a_zone(cloud: InProcess, ec2: Any, vpc: str) -> None:
    second = ec2.describe_subnets(Filters=named("availability-zone", ZONES[1]))["Subnets"][0]["SubnetId"]
    message = refused(
        "DefaultSubnetAlreadyExistsInAvailabilityZone", ec2.create_default_subnet, AvailabilityZone=ZONES[1]
    )
    assert message == f"'{second}' is already the default subnet in us-east-1b."
    ec2.delete_subnet(SubnetId=second)
    ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.16.0/28")
    refused("DryRunOperation", ec2.create_default_subnet, AvailabilityZone=ZONES[1], DryRun=True)
    made = ec2.create_default_subnet(AvailabilityZoneId="use1-az1")["Subnet"]
    assert (made["AvailabilityZone"], made["CidrBlock"]) == (ZONES[1], "172.31.96.0/20")
    assert (made["DefaultForAz"], made["MapPublicIpOnLaunch"], made["VpcId"]) == (True, True, vpc)
    cloud.settings.limits["subnets-per-vpc"] = 7
    ec2.delete_subnet(SubnetId=made["SubnetId"])
    ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.16.16/28")
    refused("SubnetLimitExceeded", ec2.create_default_subnet, AvailabilityZone=ZONES[1])


def test_what_create_default_subnet_refuses(ec2: Any, vpc: str) -> None:
    create = ec2.create_default_subnet
    refused("MissingParameter", create)
    refused("InvalidParameterCombination", create, AvailabilityZone=ZONES[0], AvailabilityZoneId="use1-az6")
    refused("InvalidParameterValue", create, AvailabilityZone="eu-west-1a")
    refused("UnsupportedOperation", create, AvailabilityZone=ZONES[0], Ipv6Native=True)
    first = ec2.describe_subnets(Filters=named("availability-zone", ZONES[0]))["Subnets"][0]["SubnetId"]
    ec2.delete_subnet(SubnetId=first)
    ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.0.0/20")
    for third in range(96, 256, 16):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.31.{third}.0/20")
    refused("InsufficientCidrBlocks", create, AvailabilityZone=ZONES[0])


def test_only_the_first_call_makes_anything(cloud: InProcess, ec2: Any) -> None:
    assert len(cloud.table) == 0
    ec2.describe_vpcs()
    made = set(cloud.table.records)
    ec2.describe_vpcs()
    ec2.describe_subnets()
    assert set(cloud.table.records) == made
