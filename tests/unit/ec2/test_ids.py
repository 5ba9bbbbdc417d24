"""What each Describe says of an id that is none, and of one that nothing has (fact 252: the casing is AWS's own)."""

from typing import Any

import pytest

from tests.support.expect import refused

KINDS = [
    ("describe_vpcs", "VpcIds", "vpc", "InvalidVpcId.Malformed", "InvalidVpcID.NotFound"),
    ("describe_subnets", "SubnetIds", "subnet", "InvalidSubnetId.Malformed", "InvalidSubnetID.NotFound"),
    (
        "describe_dhcp_options",
        "DhcpOptionsIds",
        "dopt",
        "InvalidDhcpOptionsId.Malformed",
        "InvalidDhcpOptionID.NotFound",
    ),
    (
        "describe_internet_gateways",
        "InternetGatewayIds",
        "igw",
        "InvalidInternetGatewayId.Malformed",
        "InvalidInternetGatewayID.NotFound",
    ),
    (
        "describe_route_tables",
        "RouteTableIds",
        "rtb",
        "InvalidRouteTableId.Malformed",
        "InvalidRouteTableID.NotFound",
    ),
    ("describe_security_groups", "GroupIds", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"),
    (
        "describe_security_group_rules",
        "SecurityGroupRuleIds",
        "sgr",
        "InvalidSecurityGroupRuleId.Malformed",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    (
        "describe_network_acls",
        "NetworkAclIds",
        "acl",
        "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound",
    ),
    (
        "describe_network_interfaces",
        "NetworkInterfaceIds",
        "eni",
        "InvalidNetworkInterfaceId.Malformed",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    (
        "describe_addresses",
        "AllocationIds",
        "eipalloc",
        "InvalidAllocationID.Malformed",
        "InvalidAllocationID.NotFound",
    ),
    ("describe_instances", "InstanceIds", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
    ("describe_volumes", "VolumeIds", "vol", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound"),
    ("describe_snapshots", "SnapshotIds", "snap", "InvalidSnapshotID.Malformed", "InvalidSnapshot.NotFound"),
    ("describe_images", "ImageIds", "ami", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound"),
    (
        "describe_launch_templates",
        "LaunchTemplateIds",
        "lt",
        "InvalidLaunchTemplateId.Malformed",
        "InvalidLaunchTemplateId.NotFound",
    ),
    (
        "describe_prefix_lists",
        "PrefixListIds",
        "pl",
        "InvalidPrefixListId.Malformed",
        "InvalidPrefixListId.NotFound",
    ),
    (
        "describe_network_insights_paths",
        "NetworkInsightsPathIds",
        "nip",
        "InvalidNetworkInsightsPathId.Malformed",
        "InvalidNetworkInsightsPathId.NotFound",
    ),
    (
        "describe_network_insights_analyses",
        "NetworkInsightsAnalysisIds",
        "nia",
        "InvalidNetworkInsightsAnalysisId.Malformed",
        "InvalidNetworkInsightsAnalysisId.NotFound",
    ),
    (
        "describe_network_insights_access_scopes",
        "NetworkInsightsAccessScopeIds",
        "nis",
        "InvalidNetworkInsightsAccessScopeId.Malformed",
        "InvalidNetworkInsightsAccessScopeId.NotFound",
    ),
    (
        "describe_network_insights_access_scope_analyses",
        "NetworkInsightsAccessScopeAnalysisIds",
        "nisa",
        "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed",
        "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
    ),
]


@pytest.mark.parametrize(
    ("operation", "parameter", "prefix", "malformed", "unknown"), KINDS, ids=[kind[0] for kind in KINDS]
)
def test_an_id_of_nothing(ec2: Any, operation: str, parameter: str, prefix: str, malformed: str, unknown: str) -> None:
    describe = getattr(ec2, operation)
    for none in ("x", prefix, f"{prefix}-xyz", f"{prefix}-0123456789abcdef", f"{prefix}-0123456789ABCDEF0", "eni-x"):
        refused(malformed, describe, **{parameter: [none]})
    for id_ in (f"{prefix}-01234567", f"{prefix}-0123456789abcdef0"):
        assert id_ in refused(unknown, describe, **{parameter: [id_]})
    both = refused(unknown, describe, **{parameter: [f"{prefix}-01234567", f"{prefix}-89abcdef"]})
    assert f"{prefix}-01234567" in both


def test_filters_are_two_hundred_of_two_hundred_values(ec2: Any, vpc: str) -> None:
    wanted = [vpc, *(f"vpc-{number:08x}" for number in range(199))]
    many = [{"Name": "vpc-id", "Values": wanted}] * 200
    assert [one["VpcId"] for one in ec2.describe_vpcs(Filters=many)["Vpcs"]] == [vpc]
    refused("FilterLimitExceeded", ec2.describe_vpcs, Filters=[*many, many[0]])
    refused("FilterLimitExceeded", ec2.describe_vpcs, Filters=[{"Name": "vpc-id", "Values": [*wanted, "vpc-1"]}])
