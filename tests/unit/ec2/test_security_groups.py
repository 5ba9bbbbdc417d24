"""Security groups, through botocore both ways. Their rules: test_security_group_rules."""

from typing import Any

import msgspec
import pytest

from atoll.model.kinds import NetworkInterface, Vpc
from atoll.protocol import AwsError
from atoll.services.ec2 import security_groups, vpcs
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess


def make(ec2: Any, vpc: str, name: str = "web", **params: Any) -> str:
    return str(ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc, **params)["GroupId"])


def make_default(cloud: InProcess, vpc: str) -> None:
    """What CreateDefaultVpc will do; until then no operation can."""
    found = cloud.draft().get(Vpc, vpc)
    assert found is not None
    cloud.put(msgspec.structs.replace(found, is_default=True))


ALL_OUT = {
    "IpProtocol": "-1",
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    "Ipv6Ranges": [],
    "PrefixListIds": [],
    "UserIdGroupPairs": [],
}


def test_create(ec2: Any, vpc: str) -> None:
    tags = tag_specification("security-group", Name="x")
    made = ec2.create_security_group(GroupName="web", Description="the web", VpcId=vpc, TagSpecifications=tags)
    id_ = made["GroupId"]
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/{id_}"
    assert (made["SecurityGroupArn"], made["Tags"]) == (arn, [{"Key": "Name", "Value": "x"}])
    ec2.get_waiter("security_group_exists").wait(GroupIds=[id_])
    (found,) = ec2.describe_security_groups(GroupIds=[id_])["SecurityGroups"]
    assert found == {
        "GroupId": id_,
        "GroupName": "web",
        "Description": "the web",
        "OwnerId": ACCOUNT,
        "VpcId": vpc,
        "SecurityGroupArn": arn,
        "Tags": [{"Key": "Name", "Value": "x"}],
        "IpPermissions": [],
        "IpPermissionsEgress": [ALL_OUT],
    }


def test_names_are_unique_in_the_vpc_whatever_their_case(ec2: Any, vpc: str) -> None:
    make(ec2, vpc, "Web")
    message = refused("InvalidGroup.Duplicate", ec2.create_security_group, GroupName="wEB", Description="d", VpcId=vpc)
    assert message == f"The security group 'wEB' already exists for VPC '{vpc}'"
    make(ec2, str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]), "web")


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidGroup.Reserved", {"GroupName": "Default"}),
        ("InvalidParameterValue", {"GroupName": "sg-web"}),
        ("InvalidParameterValue", {"GroupName": "w" * 256}),
        ("InvalidParameterValue", {"GroupName": "wéb"}),
        ("InvalidParameterValue", {"GroupName": "a<b"}),
        ("MissingParameter", {"GroupName": ""}),
        ("MissingParameter", {"Description": ""}),
        ("InvalidParameterValue", {"Description": "d" * 256}),
        ("InvalidVpcID.NotFound", {"VpcId": "vpc-01234567"}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_what_create_refuses(ec2: Any, vpc: str, code: str, params: dict[str, Any]) -> None:
    given = {"GroupName": "web", "Description": "d", "VpcId": vpc, **params}
    refused(code, ec2.create_security_group, **given)
    assert len(ec2.describe_security_groups()["SecurityGroups"]) == 1


def test_quota(cloud: InProcess, ec2: Any, vpc: str) -> None:
    cloud.settings.limits["security-groups-per-region"] = 2
    make(ec2, vpc)
    refused("SecurityGroupLimitExceeded", ec2.create_security_group, GroupName="db", Description="d", VpcId=vpc)


NO_DEFAULT = "No default VPC for this user"


def test_calls_by_name_need_a_default_vpc(ec2: Any, vpc: str) -> None:
    make(ec2, vpc)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (ec2.create_security_group, {"GroupName": "db", "Description": "d"}),
        (ec2.delete_security_group, {"GroupName": "web"}),
        (ec2.describe_security_groups, {"GroupNames": ["web"]}),
        (ec2.authorize_security_group_ingress, {"GroupName": "web", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
        (ec2.revoke_security_group_ingress, {"GroupName": "web", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
    ]
    for call, params in calls:
        assert refused("VPCIdNotSpecified", call, **params) == NO_DEFAULT


def test_calls_by_name_in_a_default_vpc(cloud: InProcess, ec2: Any, vpc: str) -> None:
    make_default(cloud, vpc)
    made = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    (found,) = ec2.describe_security_groups(GroupNames=["WEB"])["SecurityGroups"]
    assert (found["GroupId"], found["VpcId"]) == (made, vpc)
    both = ec2.describe_security_groups(GroupNames=["web"], GroupIds=[made])["SecurityGroups"]
    assert len(both) == 1
    message = refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupName="db")
    assert message == f"The security group 'db' does not exist in default VPC '{vpc}'"
    ec2.delete_security_group(GroupName="web")
    refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupNames=["web"])


def test_delete(cloud: InProcess, ec2: Any, vpc: str) -> None:
    before = cloud.entities()
    group = make(ec2, vpc)
    own = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=own)
    answer = ec2.delete_security_group(GroupId=group)
    assert (answer["Return"], answer["GroupId"]) == (True, group)
    assert cloud.entities() == before
    assert refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=group) == (
        f"The security group '{group}' does not exist"
    )
    refused("InvalidGroupId.Malformed", ec2.delete_security_group, GroupId="web")
    refused("MissingParameter", ec2.delete_security_group)


def test_what_is_used_cannot_be_deleted(cloud: InProcess, ec2: Any, vpc: str) -> None:
    web, db = make(ec2, vpc, "web"), make(ec2, vpc, "db")
    from_web = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": web}]}]
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=from_web)
    in_use = f"resource {web} has a dependent object"
    assert refused("DependencyViolation", ec2.delete_security_group, GroupId=web) == in_use
    ec2.revoke_security_group_ingress(GroupId=db, IpPermissions=from_web)
    eni = NetworkInterface(
        id="eni-00000001",
        home=cloud.draft().home,
        vpc=vpc,
        subnet="subnet-00000001",
        zone="us-east-1a",
        mac="02:00:00:00:00:01",
        groups=(db, web),
    )
    cloud.put(eni)
    assert refused("DependencyViolation", ec2.delete_security_group, GroupId=web) == in_use
    cloud.put(msgspec.structs.replace(eni, groups=(db,)))
    ec2.delete_security_group(GroupId=web)


def test_the_default_group_stays(ec2: Any, vpc: str) -> None:
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    id_ = group["GroupId"]
    message = refused("CannotDelete", ec2.delete_security_group, GroupId=id_)
    assert message == f'the specified group: "{id_}" name: "default" cannot be deleted by a user'


def test_filters(ec2: Any, vpc: str) -> None:
    other = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    default = ec2.describe_security_groups(Filters=named("vpc-id", vpc))["SecurityGroups"][0]["GroupId"]
    web = make(ec2, vpc, "web")
    rules = [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]},
        {"IpProtocol": "47", "UserIdGroupPairs": [{"GroupId": default}]},
    ]
    ec2.revoke_security_group_egress(
        GroupId=web, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    only_web = {
        "cidr": "192.0.2.0/24",
        "from-port": "80",
        "to-port": "90",
        "ipv6-cidr": "2001:db8::/32",
        "protocol": "tcp",
    }
    for prefix, authorize in (
        ("ip-permission.", ec2.authorize_security_group_ingress),
        ("egress.ip-permission.", ec2.authorize_security_group_egress),
    ):
        for name, value in only_web.items():
            assert ec2.describe_security_groups(Filters=named(prefix + name, value))["SecurityGroups"] == []
        authorize(GroupId=web, IpPermissions=rules)
        for name, value in {**only_web, "protocol": "47", "from-port": "8"}.items():
            found = ec2.describe_security_groups(Filters=named(prefix + name, value))["SecurityGroups"]
            assert [group["GroupId"] for group in found] == [web], prefix + name
        for name, value in {"group-id": default, "group-name": "default", "user-id": ACCOUNT}.items():
            found = ec2.describe_security_groups(Filters=named(prefix + name, value))["SecurityGroups"]
            assert web in [group["GroupId"] for group in found], prefix + name
            assert ec2.describe_security_groups(Filters=named(prefix + name, "other"))["SecurityGroups"] == []
        assert ec2.describe_security_groups(Filters=named(prefix + "prefix-list-id", "*"))["SecurityGroups"] == []
    for name, value, count in (
        ("group-id", web, 1),
        ("group-name", "default", 2),
        ("group-name", "w?b", 1),
        ("description", "d", 1),
        ("owner-id", ACCOUNT, 3),
        ("vpc-id", other, 1),
    ):
        assert len(ec2.describe_security_groups(Filters=named(name, value))["SecurityGroups"]) == count, name
    refused("InvalidParameterValue", ec2.describe_security_groups, Filters=named("colour", "blue"))


def test_pages(ec2: Any, vpc: str) -> None:
    for number in range(6):
        make(ec2, vpc, f"g{number}")
    assert pages(ec2.describe_security_groups, "SecurityGroups", 5) == [5, 2]
    refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=["sg-01234567"])


def test_groups_for_an_interface(cloud: InProcess, ec2: Any, vpc: str) -> None:
    tx = cloud.draft()
    default = vpcs.default_group(tx, vpc).id
    web = make(ec2, vpc)
    assert [group.id for group in security_groups.check_groups(tx, [web, default, web], vpc)] == [web, default]
    other = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    with pytest.raises(AwsError) as caught:
        security_groups.check_groups(tx, [web], other, subnet="subnet-01234567")
    assert caught.value.code == "InvalidParameter"
    assert caught.value.message == (f"Security group {web} and subnet subnet-01234567 belong to different networks.")
    many = [make(ec2, vpc, f"g{number}") for number in range(6)]
    assert len(security_groups.check_groups(tx, many[:5], vpc)) == 5
    with pytest.raises(AwsError, match="SecurityGroupsPerInterfaceLimitExceeded"):
        security_groups.check_groups(tx, many, vpc)
    with pytest.raises(AwsError, match=r"InvalidGroup\.NotFound"):
        security_groups.check_groups(tx, ["sg-01234567"], vpc)
