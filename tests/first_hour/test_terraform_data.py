"""Data sources: what configurations look up instead of making it.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_data_source.go@01606926a0c0,
vpc_subnet_data_source.go@0783fd09cdfa, ec2_instance_type_data_source.go@01f431114674, find.go@00a35305dc1b.
"""

from typing import Any

import pytest

from tests.first_hour.account import OTHER_ZONE, ZONE, Account, only
from tests.support.expect import filters, named, tag_specification


def test_a_vpc_by_all_that_the_data_source_asks_by(account: Account) -> None:
    """Its attributes become filters: cidr, dhcp-options-id, isDefault, state; tags become tag:KEY."""
    vpc = account.vpc("10.7.0.0/16", TagSpecifications=tag_specification("vpc", Name="main", Stage="test"))
    shown = only(account.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])
    asked = [
        *named("cidr", "10.7.0.0/16"),
        *named("dhcp-options-id", shown["DhcpOptionsId"]),
        *named("state", "available"),
        *named("tag:Name", "main"),
        *named("tag:Stage", "test"),
    ]
    found = only(account.ec2.describe_vpcs(Filters=asked)["Vpcs"])
    assert found["VpcId"] == vpc
    block = only(found["CidrBlockAssociationSet"])
    assert (block["CidrBlock"], block["CidrBlockState"]["State"]) == ("10.7.0.0/16", "associated")
    assert block["AssociationId"].startswith("vpc-cidr-assoc-")


def test_a_subnet_by_all_that_the_data_source_asks_by(account: Account) -> None:
    """data.aws_subnet: availabilityZone, availabilityZoneId, defaultForAz, vpc-id, cidrBlock and state."""
    vpc = account.vpc()
    account.subnet(vpc, "10.0.1.0/24")
    subnet = account.subnet(vpc, "10.0.2.0/24", OTHER_ZONE)
    asked = [
        *named("availabilityZone", OTHER_ZONE),
        *named("availabilityZoneId", "use1-az1"),
        *named("cidrBlock", "10.0.2.0/24"),
        *named("defaultForAz", "false"),
        *named("vpc-id", vpc),
        *named("state", "available"),
    ]
    found = only(account.ec2.describe_subnets(Filters=asked)["Subnets"])
    assert (found["SubnetId"], found["DefaultForAz"], found["AvailableIpAddressCount"]) == (subnet, False, 251)
    assert (found["MapCustomerOwnedIpOnLaunch"], found["Ipv6Native"]) == (False, False)


def test_all_subnets_of_a_vpc_by_tag(account: Account) -> None:
    """data.aws_subnets with a wildcard, the way of most modules."""
    vpc = account.vpc()
    wanted = {
        account.subnet(vpc, f"10.0.{at}.0/24", zone, TagSpecifications=tag_specification("subnet", Name=f"app-{zone}"))
        for at, zone in enumerate((ZONE, OTHER_ZONE))
    }
    account.subnet(vpc, "10.0.9.0/24", TagSpecifications=tag_specification("subnet", Name="db"))
    asked = [*named("vpc-id", vpc), *named("tag:Name", "app-*")]
    assert {one["SubnetId"] for one in account.ec2.describe_subnets(Filters=asked)["Subnets"]} == wanted


def test_instances_by_tag_and_state(account: Account) -> None:
    """data.aws_instances asks for pending and running ones unless told otherwise."""
    instance = account.launch(TagSpecifications=tag_specification("instance", Role="web"))
    asked = [*named("tag:Role", "web"), *named("instance-state-name", "running", "pending")]

    def found() -> list[str]:
        pages = account.ec2.get_paginator("describe_instances").paginate(Filters=asked)
        return [one["InstanceId"] for page in pages for each in page["Reservations"] for one in each["Instances"]]

    assert found() == [instance]
    account.terminate(instance)
    assert found() == []


def test_the_parts_of_an_instance_type(account: Account) -> None:
    """data.aws_ec2_instance_type: without one of these five parts it says that there is no such type."""
    found = only(account.ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"])
    assert {"EbsInfo", "NetworkInfo", "PlacementGroupInfo", "ProcessorInfo", "VCpuInfo"} <= set(found)
    assert found["VCpuInfo"]["DefaultVCpus"] == 2
    assert found["MemoryInfo"]["SizeInMiB"] == 8192
    assert found["NetworkInfo"]["MaximumNetworkInterfaces"] == 3
    assert found["NetworkInfo"]["NetworkCards"][0]["NetworkCardIndex"] == 0
    assert found["ProcessorInfo"]["SupportedArchitectures"] == ["x86_64"]
    assert found["EbsInfo"]["EbsOptimizedInfo"]["MaximumIops"] > 0


@pytest.mark.parametrize("place", ["region", "availability-zone", "availability-zone-id"])
def test_where_a_type_is_offered(account: Account, place: str) -> None:
    """data.aws_ec2_instance_type_offerings, by location and type: the way to a zone that has a type."""
    where: dict[str, Any] = {"region": "us-east-1", "availability-zone": ZONE, "availability-zone-id": "use1-az6"}
    asked = [*named("instance-type", "t3.micro", "t2.micro"), *filters(location=where[place])]
    found = account.ec2.describe_instance_type_offerings(LocationType=place, Filters=asked)["InstanceTypeOfferings"]
    assert {one["InstanceType"] for one in found} == {"t2.micro", "t3.micro"}
    assert {(one["LocationType"], one["Location"]) for one in found} == {(place, where[place])}


def test_aws_s_prefix_lists(account: Account) -> None:
    """data.aws_prefix_list and data.aws_ec2_managed_prefix_list by name; the id then stands in a rule."""
    name = "com.amazonaws.us-east-1.s3"
    managed = only(account.ec2.describe_managed_prefix_lists(Filters=named("prefix-list-name", name))["PrefixLists"])
    plain = only(account.ec2.describe_prefix_lists(Filters=named("prefix-list-name", name))["PrefixLists"])
    assert (managed["PrefixListId"], managed["OwnerId"]) == (plain["PrefixListId"], "AWS")
    assert plain["Cidrs"]
    group = account.group(account.vpc())
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "PrefixListIds": [{"PrefixListId": plain["PrefixListId"]}],
    }
    account.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])


def test_a_group_that_a_look_up_does_not_find(account: Account) -> None:
    """data.aws_security_group: "no matching EC2 Security Group found" needs an empty list, and one name per VPC."""
    asked = [*named("vpc-id", "vpc-0123456789abcdef0"), *named("group-name", "web")]
    assert account.ec2.describe_security_groups(Filters=asked)["SecurityGroups"] == []
