"""CreateTags, DeleteTags, DescribeTags, through botocore both ways."""

from typing import Any

import msgspec

from atoll.model.kinds import Vpc
from tests.support.expect import named, pages, refused
from tests.support.inprocess import InProcess


def pairs(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_every_kind_that_exists_here_can_be_tagged(ec2: Any, vpc: str) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    acl = ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]
    table = ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    rule = ec2.describe_security_group_rules()["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    types = {
        vpc: "vpc",
        gateway: "internet-gateway",
        subnet: "subnet",
        acl: "network-acl",
        table: "route-table",
        group: "security-group",
        rule: "security-group-rule",
    }
    ec2.create_tags(Resources=list(types), Tags=pairs(Name="x", Stage="test"))
    found = ec2.describe_tags()["Tags"]
    assert {tag["ResourceId"]: tag["ResourceType"] for tag in found} == types
    assert len(found) == 2 * len(types)
    ec2.delete_tags(Resources=list(types))
    assert ec2.describe_tags()["Tags"] == []


def test_a_key_that_exists_gets_the_new_value(ec2: Any, vpc: str) -> None:
    ec2.create_tags(Resources=[vpc], Tags=pairs(Name="a", Stage="test"))
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "b"}, {"Key": "Empty"}])
    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"] == pairs(Name="b", Stage="test", Empty="")


def test_delete_by_key_and_by_value(ec2: Any, vpc: str) -> None:
    ec2.create_tags(Resources=[vpc], Tags=pairs(a="1", b="2", c="", d="4"))
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a"}, {"Key": "b", "Value": "3"}, {"Key": "d", "Value": "4"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": ""}, {"Key": "c", "Value": ""}])
    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"] == pairs(b="2")


def test_aws_s_own_tags_stay(cloud: InProcess, ec2: Any, vpc: str) -> None:
    (entity,) = cloud.draft().mine(Vpc)
    cloud.put(msgspec.structs.replace(entity, tags=(("aws:cloudformation:stack-name", "s"), ("Name", "x"))))
    ec2.delete_tags(Resources=[vpc])
    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"] == pairs(**{"aws:cloudformation:stack-name": "s"})


def test_what_is_refused(cloud: InProcess, ec2: Any, vpc: str) -> None:
    one = pairs(Name="x")
    refused("InvalidVpcID.NotFound", ec2.create_tags, Resources=[vpc, "vpc-01234567"], Tags=one)
    refused("InvalidID", ec2.create_tags, Resources=["elephant"], Tags=one)
    association = ec2.describe_route_tables()["RouteTables"][0]["Associations"][0]["RouteTableAssociationId"]
    refused("InvalidID", ec2.create_tags, Resources=[association], Tags=one)
    refused("InvalidVpcID.NotFound", cloud.client(region="eu-west-1").create_tags, Resources=[vpc], Tags=one)
    refused("MissingParameter", ec2.create_tags, Resources=[vpc])
    refused("MissingParameter", ec2.create_tags, Tags=one)
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=pairs(**{"aws:x": "y"}))
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=[{"Value": "x"}])
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=one + one)
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=pairs(**{"k" * 129: ""}))
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=pairs(k="v" * 257))
    refused("InvalidParameterValue", ec2.delete_tags, Resources=[vpc], Tags=[{"Value": "x"}])
    refused("InvalidParameterValue", ec2.create_tags, Resources=[f"vpc-{n:08x}" for n in range(1001)], Tags=one)
    refused("DryRunOperation", ec2.create_tags, Resources=[vpc], Tags=one, DryRun=True)
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    refused("TagLimitExceeded", ec2.create_tags, Resources=[vpc], Tags=many)
    assert ec2.describe_tags()["Tags"] == []
    ec2.create_tags(Resources=[vpc], Tags=many[:50])


def test_filters_and_pages(ec2: Any, vpc: str) -> None:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[vpc], Tags=pairs(Name="x", a="1", b="2", c="3"))
    ec2.create_tags(Resources=[subnet], Tags=pairs(Name="y", a="1"))
    for name, value, count in (
        ("key", "Name", 2),
        ("value", "1", 2),
        ("resource-id", vpc, 4),
        ("resource-type", "subnet", 2),
        ("tag:Name", "y", 1),
        ("resource-id", "*", 6),
    ):
        assert len(ec2.describe_tags(Filters=named(name, value))["Tags"]) == count, name
        assert ec2.describe_tags(Filters=named(name, "other"))["Tags"] == [], name
    both = [*named("resource-id", vpc), *named("key", "a")]
    assert ec2.describe_tags(Filters=both)["Tags"] == [
        {"Key": "a", "Value": "1", "ResourceId": vpc, "ResourceType": "vpc"}
    ]
    assert pages(ec2.describe_tags, "Tags", 5) == [5, 1]
    refused("InvalidParameterValue", ec2.describe_tags, MaxResults=4)
    refused("InvalidParameterValue", ec2.describe_tags, Filters=named("colour", "blue"))
