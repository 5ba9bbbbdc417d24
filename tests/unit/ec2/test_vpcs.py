"""VPCs, through botocore both ways."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab


def make(ec2: Any, cidr: str = "10.0.0.0/16", **params: Any) -> str:
    return str(ec2.create_vpc(CidrBlock=cidr, **params)["Vpc"]["VpcId"])


def test_create_shows_a_pending_vpc_and_describe_an_available_one(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.1.1/24")["Vpc"]
    assert vpc["State"] == "pending"
    assert vpc["CidrBlock"] == "10.0.1.0/24"
    assert vpc["OwnerId"] == ACCOUNT
    assert vpc["IsDefault"] is False
    assert vpc["InstanceTenancy"] == "default"
    assert vpc["Ipv6CidrBlockAssociationSet"] == []
    assert vpc["DhcpOptionsId"].startswith("dopt-")
    (block,) = vpc["CidrBlockAssociationSet"]
    assert block["CidrBlock"] == "10.0.1.0/24"
    assert block["CidrBlockState"] == {"State": "associated"}
    assert "Tags" not in vpc
    (described,) = ec2.describe_vpcs()["Vpcs"]
    assert described["State"] == "available"
    assert described["BlockPublicAccessStates"] == {"InternetGatewayBlockMode": "off"}
    assert {key: value for key, value in described.items() if key in vpc} == {**vpc, "State": "available"}


def test_a_vpc_comes_with_table_acl_and_group(ec2: Any) -> None:
    vpc = make(ec2)
    (table,) = ec2.describe_route_tables()["RouteTables"]
    assert table["VpcId"] == vpc
    assert [one["Main"] for one in table["Associations"]] == [True]
    assert "SubnetId" not in table["Associations"][0]
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    assert (acl["VpcId"], acl["IsDefault"]) == (vpc, True)
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    assert (group["GroupName"], group["Description"]) == ("default", "default VPC security group")
    assert group["IpPermissions"][0]["UserIdGroupPairs"] == [{"UserId": ACCOUNT, "GroupId": group["GroupId"]}]
    assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]


def test_no_default_vpc_exists_where_none_is_wanted(ec2: Any) -> None:
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert ec2.describe_vpcs(Filters=filters(is_default="true"))["Vpcs"] == []


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16"])
def test_blocks_that_no_vpc_can_have(ec2: Any, cidr: str) -> None:
    assert refused("InvalidVpc.Range", ec2.create_vpc, CidrBlock=cidr) == f"The CIDR '{cidr}' is invalid."


@pytest.mark.parametrize("cidr", ["10.0.0.0", "10.0.0.0/33", "elephant", "2001:db8::/56"])
def test_blocks_that_are_none(ec2: Any, cidr: str) -> None:
    message = refused("InvalidParameterValue", ec2.create_vpc, CidrBlock=cidr)
    assert message == f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."


def test_what_create_refuses(ec2: Any) -> None:
    refused("MissingParameter", ec2.create_vpc)
    refused("InvalidParameterValue", ec2.create_vpc, CidrBlock="10.0.0.0/16", InstanceTenancy="host")
    refused("UnsupportedOperation", ec2.create_vpc, CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    refused("UnsupportedOperation", ec2.create_vpc, CidrBlock="10.0.0.0/16", Ipv4NetmaskLength=20)
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert make(ec2, AmazonProvidedIpv6CidrBlock=False, InstanceTenancy="dedicated")


def test_dry_run_makes_nothing(ec2: Any) -> None:
    refused("DryRunOperation", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    refused("InvalidVpc.Range", ec2.create_vpc, CidrBlock="10.0.0.0/8", DryRun=True)
    assert ec2.describe_vpcs()["Vpcs"] == []


def test_tags_on_creation(ec2: Any) -> None:
    vpc = make(ec2, TagSpecifications=tag_specification("vpc", Name="lagoon"))
    (found,) = ec2.describe_vpcs(Filters=named("tag:Name", "lagoon"))["Vpcs"]
    assert (found["VpcId"], found["Tags"]) == (vpc, [{"Key": "Name", "Value": "lagoon"}])
    wrong = tag_specification("subnet", Name="x")
    refused("InvalidParameterValue", ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=wrong)


def test_the_quota_is_a_region_s(cloud: InProcess, ec2: Any) -> None:
    for _ in range(5):
        make(ec2)
    message = refused("VpcLimitExceeded", ec2.create_vpc, CidrBlock="10.0.0.0/16")
    assert message == "The maximum number of VPCs has been reached."
    assert make(cloud.client(region="eu-west-1"))
    assert make(cloud.client(account="210987654321"))


def test_ids_of_others_do_not_exist(cloud: InProcess, ec2: Any) -> None:
    vpc = make(ec2)
    for other in (cloud.client(region="eu-west-1"), cloud.client(account="210987654321")):
        assert other.describe_vpcs()["Vpcs"] == []
        assert refused("InvalidVpcID.NotFound", other.delete_vpc, VpcId=vpc) == f"The vpc ID '{vpc}' does not exist"


def test_describe_by_id(ec2: Any) -> None:
    first, second = make(ec2), make(ec2, "10.1.0.0/16")
    found = ec2.describe_vpcs(VpcIds=[second, first, second])["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [second, first]
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[first, "vpc-01234567"])


FOUND = {
    "cidr": "10.1.0.0/16",
    "cidr-block-association.cidr-block": "10.1.*",
    "is-default": "false",
    "isDefault": "false",
    "cidrBlock": "10.1.0.0/16",
    "owner-id": ACCOUNT,
    "state": "available",
}


@pytest.mark.parametrize(("name", "value"), FOUND.items())
def test_filters_by_value(ec2: Any, name: str, value: str) -> None:
    make(ec2, "10.1.0.0/16")
    assert len(ec2.describe_vpcs(Filters=named(name, value))["Vpcs"]) == 1
    assert ec2.describe_vpcs(Filters=named(name, value + "0"))["Vpcs"] == []


def test_filters_by_ids(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]
    make(ec2)
    association = vpc["CidrBlockAssociationSet"][0]["AssociationId"]
    for name, value in {"vpc-id": vpc["VpcId"], "cidr-block-association.association-id": association}.items():
        (found,) = ec2.describe_vpcs(Filters=named(name, value))["Vpcs"]
        assert found["VpcId"] == vpc["VpcId"]
    both = ec2.describe_vpcs(Filters=named("dhcp-options-id", vpc["DhcpOptionsId"]))["Vpcs"]
    assert len(both) == 2
    assert ec2.describe_vpcs(Filters=named("vpc-id", "vpc-01234567"))["Vpcs"] == []
    assert len(ec2.describe_vpcs(Filters=named("vpc-id", "vpc-*"))["Vpcs"]) == 2


def test_unknown_filters_are_errors(ec2: Any) -> None:
    message = refused("InvalidParameterValue", ec2.describe_vpcs, Filters=named("colour", "blue"))
    assert message == "The filter 'colour' is invalid"
    for name in ("cidr-block-association.state", "ipv6-cidr-block-association.state"):
        ec2.describe_vpcs(Filters=named(name, "associated"))


def test_pages(cloud: InProcess) -> None:
    cloud.settings.limits["vpcs-per-region"] = 12
    ec2 = cloud.client()
    for _ in range(12):
        make(ec2)
    assert pages(ec2.describe_vpcs, "Vpcs", 5) == [5, 5, 2]
    refused("InvalidParameterValue", ec2.describe_vpcs, MaxResults=4)
    refused("InvalidParameterValue", ec2.describe_vpcs, MaxResults=1001)
    refused("InvalidNextToken", ec2.describe_vpcs, NextToken="later")


ATTRIBUTES = [
    ("EnableDnsSupport", "enableDnsSupport", True),
    ("EnableDnsHostnames", "enableDnsHostnames", False),
    ("EnableNetworkAddressUsageMetrics", "enableNetworkAddressUsageMetrics", False),
]


@pytest.mark.parametrize(("member", "attribute", "default"), ATTRIBUTES)
def test_attributes(ec2: Any, member: str, attribute: str, default: bool) -> None:
    vpc = make(ec2)

    def value() -> Any:
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        assert answer["VpcId"] == vpc
        return answer[member]["Value"]

    assert value() is default
    ec2.modify_vpc_attribute(VpcId=vpc, **{member: {"Value": not default}})
    assert value() is not default


def test_what_attributes_refuse(ec2: Any) -> None:
    vpc = make(ec2)
    refused("InvalidParameterValue", ec2.describe_vpc_attribute, VpcId=vpc, Attribute="colour")
    refused("MissingParameter", ec2.modify_vpc_attribute, VpcId=vpc)
    both = {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}
    refused("InvalidParameterCombination", ec2.modify_vpc_attribute, VpcId=vpc, **both)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    refused("InvalidParameterValue", ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
    refused("InvalidVpcID.NotFound", ec2.modify_vpc_attribute, VpcId="vpc-01234567", EnableDnsSupport={"Value": True})


def test_delete_leaves_nothing(cloud: InProcess, ec2: Any) -> None:
    vpc = make(ec2)
    table = ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)
    assert cloud.entities() == set()


def test_delete_is_refused_while_something_is_in_it(ec2: Any) -> None:
    vpc = make(ec2)
    holders: list[tuple[Callable[[], str], Callable[[str], Any]]] = [
        (
            lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"],
            lambda id_: ec2.delete_subnet(SubnetId=id_),
        ),
        (
            lambda: ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
            lambda id_: ec2.delete_route_table(RouteTableId=id_),
        ),
        (
            lambda: ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web")["GroupId"],
            lambda id_: ec2.delete_security_group(GroupId=id_),
        ),
    ]
    for hold, release in holders:
        held = hold()
        message = refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
        assert message == f"The vpc '{vpc}' has dependencies and cannot be deleted."
        release(held)
    ec2.delete_vpc(VpcId=vpc)
    refused("InvalidVpcID.NotFound", ec2.delete_vpc, VpcId=vpc)


def test_waiters_finish(ec2: Any) -> None:
    vpc = make(ec2)
    ec2.get_waiter("vpc_exists").wait(VpcIds=[vpc])
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])


def test_a_dedicated_vpc_becomes_a_default_one_and_never_back(ec2: Any) -> None:
    vpc = make(ec2, InstanceTenancy="dedicated")
    change = ec2.modify_vpc_tenancy
    refused("DryRunOperation", change, VpcId=vpc, InstanceTenancy="default", DryRun=True)
    refused("InvalidParameterValue", change, VpcId=vpc, InstanceTenancy="dedicated")
    assert ec2.describe_vpcs()["Vpcs"][0]["InstanceTenancy"] == "dedicated"
    assert change(VpcId=vpc, InstanceTenancy="default")["ReturnValue"] is True
    assert ec2.describe_vpcs()["Vpcs"][0]["InstanceTenancy"] == "default"
    refused("InvalidTenancy", change, VpcId=vpc, InstanceTenancy="default")
    refused("MissingParameter", change, VpcId=vpc)
    refused("InvalidVpcID.NotFound", change, VpcId="vpc-01234567", InstanceTenancy="default")
    refused("InvalidVpcId.Malformed", change, VpcId="a-vpc", InstanceTenancy="default")


def test_the_tenancy_of_an_instance(lab: Lab) -> None:
    """Its own, or its VPC's where that is dedicated."""
    vpc = make(lab.ec2, "10.1.0.0/16", InstanceTenancy="dedicated")
    there = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]

    def tenancy(**params: Any) -> str:
        return str(lab.instance(lab.launch(**params))["Placement"]["Tenancy"])

    dedicated, default = {"Placement": {"Tenancy": "dedicated"}}, {"Placement": {"Tenancy": "default"}}
    assert [tenancy(**one) for one in ({}, default, dedicated)] == ["default", "default", "dedicated"]
    assert [tenancy(SubnetId=there, **one) for one in ({}, default, dedicated)] == ["dedicated"] * 3
    data = {"ImageId": lab.image, "InstanceType": "t3.micro", **dedicated}
    made = lab.ec2.create_launch_template(LaunchTemplateName="alone", LaunchTemplateData=data)["LaunchTemplate"]
    assert tenancy(LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"]}) == "dedicated"
    instance = lab.launch(**dedicated)
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    modify = lab.ec2.modify_instance_placement
    assert modify(InstanceId=instance, Tenancy="dedicated")["Return"] is True
    refused("InvalidTenancy", modify, InstanceId=instance, Tenancy="default")
    refused("UnsupportedOperation", modify, InstanceId=instance, Tenancy="host")
    assert lab.instance(instance)["Placement"]["Tenancy"] == "dedicated"


def test_instances_keep_the_tenancy_that_they_were_launched_with(lab: Lab) -> None:
    vpc = make(lab.ec2, "10.1.0.0/16", InstanceTenancy="dedicated")
    subnet = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    tenancies = {lab.launch(SubnetId=subnet): "dedicated"}
    lab.ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="default")
    tenancies[lab.launch(SubnetId=subnet)] = "default"
    reservations = lab.ec2.describe_instances()["Reservations"]
    found = [one for reservation in reservations for one in reservation["Instances"]]
    assert {one["InstanceId"]: one["Placement"]["Tenancy"] for one in found} == tenancies
