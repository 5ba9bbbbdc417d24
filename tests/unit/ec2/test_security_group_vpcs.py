"""Groups that are worn in further VPCs, which groups a VPC may use, and what peerings do to references."""

from typing import Any

import msgspec
import pytest

from atoll.model.kinds import Vpc
from tests.support.expect import named, pages, refused
from tests.support.inprocess import ACCOUNT, InProcess
from tests.unit.ec2.rules import make_group, permission


@pytest.fixture
def other(ec2: Any, vpc: str) -> str:
    """A second VPC."""
    del vpc
    return str(ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])


def for_vpc(ec2: Any, vpc: str, **params: Any) -> list[str]:
    found = ec2.get_security_groups_for_vpc(VpcId=vpc, **params)["SecurityGroupForVpcs"]
    return [one["GroupName"] for one in found]


def test_a_group_is_worn_in_a_second_vpc(ec2: Any, vpc: str, other: str, group: str) -> None:
    subnet = ec2.create_subnet(VpcId=other, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    wear = {"SubnetId": subnet, "Groups": [group]}
    refused("InvalidParameter", ec2.create_network_interface, **wear)
    both = {"GroupId": group, "VpcId": other}
    refused("DryRunOperation", ec2.associate_security_group_vpc, **both, DryRun=True)
    assert ec2.associate_security_group_vpc(**both)["State"] == "associating"
    assert ec2.describe_security_group_vpc_associations()["SecurityGroupVpcAssociations"] == [
        {**both, "VpcOwnerId": ACCOUNT, "GroupOwnerId": ACCOUNT, "State": "associated"}
    ]
    interface = ec2.create_network_interface(**wear)["NetworkInterface"]["NetworkInterfaceId"]
    refused("DependencyViolation", ec2.disassociate_security_group_vpc, **both)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    refused("DependencyViolation", ec2.delete_security_group, GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=other)
    assert ec2.disassociate_security_group_vpc(**both)["State"] == "disassociating"
    assert ec2.describe_security_group_vpc_associations()["SecurityGroupVpcAssociations"] == []
    refused("InvalidAssociationID.NotFound", ec2.disassociate_security_group_vpc, **both)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=other)


def test_a_group_of_a_second_vpc_may_be_referred_to_where_it_is_associated(ec2: Any, other: str, group: str) -> None:
    there = make_group(ec2, other, "there")
    rule = permission(UserIdGroupPairs=[{"GroupId": group}])
    refused("InvalidGroup.NotFound", ec2.authorize_security_group_ingress, GroupId=there, IpPermissions=[rule])
    ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    ec2.authorize_security_group_ingress(GroupId=there, IpPermissions=[rule])
    refused("DependencyViolation", ec2.disassociate_security_group_vpc, GroupId=group, VpcId=other)
    ec2.revoke_security_group_ingress(GroupId=there, IpPermissions=[rule])
    ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)


def test_what_associations_refuse(cloud: InProcess, ec2: Any, vpc: str, other: str, group: str) -> None:
    associate = ec2.associate_security_group_vpc
    refused("InvalidGroup.NotFound", associate, GroupId="sg-01234567", VpcId=other)
    refused("InvalidVpcID.NotFound", associate, GroupId=group, VpcId="vpc-01234567")
    refused("Resource.AlreadyAssociated", associate, GroupId=group, VpcId=vpc)
    associate(GroupId=group, VpcId=other)
    refused("Resource.AlreadyAssociated", associate, GroupId=group, VpcId=other)
    (default,) = ec2.describe_security_groups(Filters=named("group-name", "default") + named("vpc-id", vpc))[
        "SecurityGroups"
    ]
    refused("InvalidParameterValue", associate, GroupId=default["GroupId"], VpcId=other)
    found = cloud.draft().own(Vpc, other)
    assert found is not None
    ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)
    cloud.put(msgspec.structs.replace(found, is_default=True))
    refused("InvalidParameterValue", associate, GroupId=group, VpcId=other)


def test_filters_and_pages_of_associations(ec2: Any, vpc: str, other: str, group: str) -> None:
    groups = [group, *(make_group(ec2, vpc, f"g{number}") for number in range(5))]
    for one in groups:
        ec2.associate_security_group_vpc(GroupId=one, VpcId=other)
    describe = ec2.describe_security_group_vpc_associations
    wanted = {"group-id": 1, "group-owner-id": 6, "state": 6, "vpc-id": 6, "vpc-owner-id": 6}
    values = [group, ACCOUNT, "associated", other, ACCOUNT]
    for (name, count), value in zip(wanted.items(), values, strict=True):
        assert len(describe(Filters=named(name, value))["SecurityGroupVpcAssociations"]) == count, name
        assert describe(Filters=named(name, "x"))["SecurityGroupVpcAssociations"] == [], name
    assert pages(describe, "SecurityGroupVpcAssociations", 5) == [5, 1]
    refused("InvalidParameterValue", describe, Filters=named("colour", "x"))


def test_the_groups_that_a_vpc_may_use(ec2: Any, vpc: str, other: str, group: str) -> None:
    assert for_vpc(ec2, vpc) == ["default", "web"]
    assert for_vpc(ec2, other) == ["default"]
    ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    assert for_vpc(ec2, other) == ["default", "web"]
    (found,) = ec2.get_security_groups_for_vpc(VpcId=other, Filters=named("primary-vpc-id", vpc))[
        "SecurityGroupForVpcs"
    ]
    assert found == {
        "Description": "d",
        "GroupName": "web",
        "OwnerId": ACCOUNT,
        "GroupId": group,
        "Tags": [],
        "PrimaryVpcId": vpc,
    }
    for name, value in {"description": "d", "group-id": group, "group-name": "w?b"}.items():
        assert for_vpc(ec2, other, Filters=named(name, value)) == ["web"], name
    assert for_vpc(ec2, vpc, Filters=named("owner-id", ACCOUNT)) == ["default", "web"]
    refused("InvalidVpcID.NotFound", ec2.get_security_groups_for_vpc, VpcId="vpc-01234567")
    refused("InvalidParameterValue", ec2.get_security_groups_for_vpc, VpcId=vpc, MaxResults=4)


def test_without_peerings_nothing_is_stale_and_nothing_refers_from_outside(ec2: Any, vpc: str, group: str) -> None:
    assert ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"] == []
    assert ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"] == []
    refused("InvalidVpcID.NotFound", ec2.describe_stale_security_groups, VpcId="vpc-01234567")
    refused("InvalidParameterValue", ec2.describe_stale_security_groups, VpcId=vpc, MaxResults=256)
    refused("InvalidGroup.NotFound", ec2.describe_security_group_references, GroupId=[group, "sg-01234567"])
    over_a_peering = permission(UserIdGroupPairs=[{"GroupId": group, "VpcPeeringConnectionId": "pcx-01234567"}])
    message = refused(
        "UnsupportedOperation",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[over_a_peering],
    )
    assert "VpcPeeringConnectionId" in message


def test_a_fresh_group_has_no_ipv6_egress_to_revoke(ec2: Any, group: str) -> None:
    """What Terraform's aws_security_group does first: it takes both rules away that AWS may have made."""
    everything = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_egress, GroupId=group, IpPermissions=everything)
