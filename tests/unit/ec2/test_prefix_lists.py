"""Managed prefix lists, through botocore both ways."""

from typing import Any

import pytest

from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION, InProcess
from tests.unit.ec2.rules import make_group

OFFICE = {"Cidr": "192.0.2.0/24", "Description": "the office"}
HOME = {"Cidr": "198.51.100.7/32"}
ASKED: dict[str, Any] = {"PrefixListName": "people", "MaxEntries": 3, "AddressFamily": "IPv4", "Entries": [OFFICE]}
AWS_LISTS = [f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.dynamodb", "com.amazonaws.global.cloudfront."]


@pytest.fixture
def people(ec2: Any) -> str:
    return str(ec2.create_managed_prefix_list(**ASKED)["PrefixList"]["PrefixListId"])


def described(ec2: Any, id_: str) -> dict[str, Any]:
    (found,) = ec2.describe_managed_prefix_lists(PrefixListIds=[id_])["PrefixLists"]
    return dict(found)


def blocks(ec2: Any, id_: str, **params: Any) -> list[str]:
    found = ec2.get_managed_prefix_list_entries(PrefixListId=id_, **params)["Entries"]
    return sorted(entry["Cidr"] for entry in found)


def aws_list(ec2: Any, service: str) -> str:
    (found,) = ec2.describe_managed_prefix_lists(Filters=named("prefix-list-name", f"*{service}*"))["PrefixLists"]
    return str(found["PrefixListId"])


def test_a_list_is_made_and_deleted(ec2: Any) -> None:
    tags = tag_specification("prefix-list", Stage="test")
    made = ec2.create_managed_prefix_list(**ASKED, TagSpecifications=tags, ClientToken="one")["PrefixList"]
    id_ = made["PrefixListId"]
    assert made == {
        "PrefixListId": id_,
        "AddressFamily": "IPv4",
        "State": "create-in-progress",
        "PrefixListArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:prefix-list/{id_}",
        "PrefixListName": "people",
        "MaxEntries": 3,
        "Version": 1,
        "Tags": [{"Key": "Stage", "Value": "test"}],
        "OwnerId": ACCOUNT,
    }
    again = ec2.create_managed_prefix_list(**ASKED, TagSpecifications=tags, ClientToken="one")
    assert again["PrefixList"]["PrefixListId"] == id_
    assert described(ec2, id_) == {**made, "State": "create-complete"}
    assert ec2.get_managed_prefix_list_entries(PrefixListId=id_)["Entries"] == [OFFICE]
    assert ec2.describe_tags(Filters=named("resource-id", id_))["Tags"][0]["ResourceType"] == "prefix-list"
    gone = ec2.delete_managed_prefix_list(PrefixListId=id_)["PrefixList"]
    assert gone["State"] == "delete-in-progress"
    assert refused("InvalidPrefixListID.NotFound", ec2.delete_managed_prefix_list, PrefixListId=id_) == (
        f"The prefix list ID '{id_}' does not exist"
    )
    refused("InvalidPrefixListID.NotFound", ec2.get_managed_prefix_list_entries, PrefixListId=id_)
    refused("InvalidPrefixListId.Malformed", ec2.delete_managed_prefix_list, PrefixListId="people")


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("InvalidParameterValue", {"AddressFamily": "IPv5"}),
        ("InvalidParameterValue", {"MaxEntries": 0}),
        ("InvalidParameterValue", {"MaxEntries": 1001}),
        ("InvalidParameterValue", {"PrefixListName": "com.amazonaws.mine"}),
        ("InvalidParameterValue", {"PrefixListName": "x" * 256}),
        ("InvalidParameterValue", {"AddressFamily": "IPv6"}),
        ("InvalidParameterValue", {"Entries": [{"Cidr": "192.0.2.1"}]}),
        ("InvalidParameterValue", {"Entries": [{"Cidr": "::/0"}]}),
        ("InvalidParameterValue", {"Entries": [OFFICE, {"Cidr": "192.0.2.9/24"}]}),
        ("InvalidParameterValue", {"Entries": [{**OFFICE, "Description": "x" * 256}]}),
        ("InvalidParameterValue", {"Entries": [OFFICE, HOME], "MaxEntries": 1}),
        ("InvalidParameterValue", {"Entries": [{"Cidr": f"10.0.{n}.0/24"} for n in range(101)], "MaxEntries": 200}),
        ("MissingParameter", {"MaxEntries": None}),
        ("MissingParameter", {"PrefixListName": None}),
        ("InvalidParameterValue", {"TagSpecifications": tag_specification("vpc", a="b")}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_lists_that_are_refused(cloud: InProcess, ec2: Any, code: str, changed: dict[str, Any]) -> None:
    asked = {name: value for name, value in (ASKED | changed).items() if value is not None}
    refused(code, ec2.create_managed_prefix_list, **asked)
    assert cloud.entities() == set()


def test_quotas(cloud: InProcess, ec2: Any, vpc: str, people: str) -> None:
    cloud.settings.limits["prefix-lists-per-region"] = 1
    refused("ResourceLimitExceeded", ec2.create_managed_prefix_list, **ASKED)
    cloud.settings.limits["prefix-list-references"] = 1
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": people}]}
    groups = [make_group(ec2, vpc, name) for name in ("one", "two")]
    ec2.authorize_security_group_ingress(GroupId=groups[0], IpPermissions=[permission])
    refused(
        "ResourceLimitExceeded", ec2.authorize_security_group_ingress, GroupId=groups[1], IpPermissions=[permission]
    )


def test_versions(cloud: InProcess, ec2: Any, people: str) -> None:
    modify, get = ec2.modify_managed_prefix_list, ec2.get_managed_prefix_list_entries
    answer = modify(PrefixListId=people, CurrentVersion=1, AddEntries=[HOME])["PrefixList"]
    assert (answer["State"], answer["Version"]) == ("modify-in-progress", 2)
    assert described(ec2, people)["State"] == "modify-complete"
    modify(PrefixListId=people, CurrentVersion=2, RemoveEntries=[{"Cidr": OFFICE["Cidr"]}])
    assert blocks(ec2, people) == [HOME["Cidr"]]
    assert blocks(ec2, people, TargetVersion=2) == [OFFICE["Cidr"], HOME["Cidr"]]
    assert get(PrefixListId=people, TargetVersion=1)["Entries"] == [OFFICE]
    assert refused("PrefixListVersionMismatch", modify, PrefixListId=people, CurrentVersion=2, AddEntries=[OFFICE]) == (
        "The prefix list has the incorrect version number."
    )
    refused("InvalidParameterValue", get, PrefixListId=people, TargetVersion=4)
    refused("InvalidParameterValue", get, PrefixListId=people, TargetVersion=0)
    restored = ec2.restore_managed_prefix_list_version(PrefixListId=people, PreviousVersion=1, CurrentVersion=3)
    assert (restored["PrefixList"]["State"], restored["PrefixList"]["Version"]) == ("restore-in-progress", 4)
    assert described(ec2, people)["State"] == "restore-complete"
    assert get(PrefixListId=people)["Entries"] == [OFFICE]
    restore = ec2.restore_managed_prefix_list_version
    refused("PrefixListVersionMismatch", restore, PrefixListId=people, PreviousVersion=1, CurrentVersion=3)
    refused("InvalidParameterValue", restore, PrefixListId=people, PreviousVersion=9, CurrentVersion=4)
    refused("DryRunOperation", restore, PrefixListId=people, PreviousVersion=1, CurrentVersion=4, DryRun=True)


def test_old_versions_are_forgotten(cloud: InProcess, ec2: Any, people: str) -> None:
    cloud.settings.limits["prefix-list-versions"] = 2
    for _ in range(3):
        ec2.modify_managed_prefix_list(PrefixListId=people, AddEntries=[HOME])
        ec2.modify_managed_prefix_list(PrefixListId=people, RemoveEntries=[HOME])
    assert blocks(ec2, people, TargetVersion=6) == [OFFICE["Cidr"], HOME["Cidr"]]
    refused("InvalidParameterValue", ec2.get_managed_prefix_list_entries, PrefixListId=people, TargetVersion=5)
    kept = [key for key in cloud.entities() if key[0] == "prefix-list-entry"]
    assert len(kept) == 2


def test_a_description_changes_with_its_version(ec2: Any, people: str) -> None:
    ec2.modify_managed_prefix_list(PrefixListId=people, RemoveEntries=[{"Cidr": OFFICE["Cidr"]}])
    ec2.modify_managed_prefix_list(PrefixListId=people, AddEntries=[{**OFFICE, "Description": "elsewhere"}])
    ec2.restore_managed_prefix_list_version(PrefixListId=people, PreviousVersion=1, CurrentVersion=3)
    assert ec2.get_managed_prefix_list_entries(PrefixListId=people)["Entries"] == [OFFICE]
    (second,) = ec2.get_managed_prefix_list_entries(PrefixListId=people, TargetVersion=3)["Entries"]
    assert second["Description"] == "elsewhere"


def test_name_and_size_make_no_version(ec2: Any, people: str) -> None:
    ec2.modify_managed_prefix_list(PrefixListId=people, PrefixListName="staff")
    ec2.modify_managed_prefix_list(PrefixListId=people, MaxEntries=2)
    found = described(ec2, people)
    assert (found["PrefixListName"], found["MaxEntries"], found["Version"]) == ("staff", 2, 1)
    assert found["State"] == "modify-complete"


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("InvalidParameterCombination", {"AddEntries": [HOME], "MaxEntries": 9}),
        ("InvalidParameterValue", {"AddEntries": [OFFICE]}),
        ("InvalidParameterValue", {"RemoveEntries": [HOME]}),
        ("InvalidParameterValue", {"AddEntries": [HOME], "RemoveEntries": [HOME]}),
        ("InvalidParameterValue", {"AddEntries": [{"Cidr": f"10.0.{n}.0/24"} for n in range(3)]}),
        ("InvalidParameterValue", {"MaxEntries": 0}),
        ("InvalidParameterValue", {"PrefixListName": "com.amazonaws.x"}),
        ("MissingParameter", {}),
        ("UnsupportedOperation", {"IpamPrefixListResolverSyncEnabled": True}),
        ("DryRunOperation", {"AddEntries": [HOME], "DryRun": True}),
    ],
)
def test_changes_that_are_refused(ec2: Any, people: str, code: str, asked: dict[str, Any]) -> None:
    before = described(ec2, people)
    refused(code, ec2.modify_managed_prefix_list, PrefixListId=people, **asked)
    assert described(ec2, people) == before
    assert blocks(ec2, people) == [OFFICE["Cidr"]]


def test_a_list_cannot_be_smaller_than_its_entries(ec2: Any, people: str) -> None:
    ec2.modify_managed_prefix_list(PrefixListId=people, AddEntries=[HOME])
    refused("InvalidParameterValue", ec2.modify_managed_prefix_list, PrefixListId=people, MaxEntries=1)


def test_a_list_in_use_stays(ec2: Any, vpc: str, group: str, people: str) -> None:
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": people}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    (main,) = ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    where = {"RouteTableId": main["RouteTableId"], "DestinationPrefixListId": people}
    ec2.create_route(**where, GatewayId=gateway)
    users = [group, main["RouteTableId"]]
    assert ec2.get_managed_prefix_list_associations(PrefixListId=people)["PrefixListAssociations"] == [
        {"ResourceId": user, "ResourceOwner": ACCOUNT} for user in users
    ]
    assert ec2.delete_managed_prefix_list(PrefixListId=people)["PrefixList"]["State"] == "delete-in-progress"
    found = described(ec2, people)
    assert found["State"] == "delete-failed"
    assert all(user in found["StateMessage"] for user in users)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    ec2.delete_route(**where)
    ec2.delete_managed_prefix_list(PrefixListId=people)
    refused("InvalidPrefixListID.NotFound", ec2.describe_managed_prefix_lists, PrefixListIds=[people])


def test_a_list_counts_its_size_towards_quotas(cloud: InProcess, ec2: Any, vpc: str, group: str, people: str) -> None:
    (main,) = ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    route = {"RouteTableId": main["RouteTableId"], "GatewayId": gateway}
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": people}]}
    allow = ec2.authorize_security_group_ingress
    cloud.settings.limits |= {"rules-per-security-group": 2, "routes-per-table": 2}
    refused("RulesPerSecurityGroupLimitExceeded", allow, GroupId=group, IpPermissions=[permission])
    refused("RouteLimitExceeded", ec2.create_route, DestinationPrefixListId=people, **route)
    cloud.settings.limits |= {"rules-per-security-group": 3, "routes-per-table": 3}
    allow(GroupId=group, IpPermissions=[permission])
    ec2.create_route(DestinationPrefixListId=people, **route)
    one_more = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    refused("RulesPerSecurityGroupLimitExceeded", allow, GroupId=group, IpPermissions=[one_more])
    refused("RouteLimitExceeded", ec2.create_route, DestinationCidrBlock="0.0.0.0/0", **route)
    ipv6 = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    allow(GroupId=group, IpPermissions=[ipv6])
    ec2.create_route(DestinationIpv6CidrBlock="::/0", **route)
    ec2.modify_managed_prefix_list(PrefixListId=people, MaxEntries=4)
    found = described(ec2, people)
    assert (found["State"], found["MaxEntries"]) == ("modify-failed", 3)
    assert group in found["StateMessage"]
    assert main["RouteTableId"] in found["StateMessage"]
    ec2.modify_managed_prefix_list(PrefixListId=people, MaxEntries=2)
    assert described(ec2, people)["State"] == "modify-complete"
    allow(GroupId=group, IpPermissions=[one_more])


def test_aws_s_own_lists(ec2: Any, group: str, people: str) -> None:
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    assert [one["PrefixListId"] for one in lists[3:]] == [people]
    for one, name in zip(lists, AWS_LISTS, strict=False):
        assert one["PrefixListName"].startswith(name)
        assert (one["OwnerId"], one["State"], one["AddressFamily"]) == ("AWS", "create-complete", "IPv4")
        assert not {"MaxEntries", "Version"} & set(one)
    services = ec2.describe_prefix_lists()["PrefixLists"]
    assert [one["PrefixListId"] for one in services] == [one["PrefixListId"] for one in lists[:3]]
    for one in services:
        assert sorted(one["Cidrs"]) == blocks(ec2, one["PrefixListId"])
    s3 = aws_list(ec2, "s3")
    for call, asked in (
        (ec2.modify_managed_prefix_list, {"PrefixListName": "mine"}),
        (ec2.delete_managed_prefix_list, {}),
        (ec2.restore_managed_prefix_list_version, {"PreviousVersion": 1, "CurrentVersion": 1}),
    ):
        refused("OperationNotPermitted", call, PrefixListId=s3, **asked)


def test_aws_s_lists_have_fixed_weights(cloud: InProcess, ec2: Any, group: str) -> None:
    cloud.settings.limits["rules-per-security-group"] = 54
    allow = ec2.authorize_security_group_ingress
    cloudfront, s3 = (
        [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": aws_list(ec2, service)}]}]
        for service in ("cloudfront", "s3")
    )
    refused("RulesPerSecurityGroupLimitExceeded", allow, GroupId=group, IpPermissions=cloudfront)
    allow(GroupId=group, IpPermissions=s3)
    cloud.settings.limits["rules-per-security-group"] = 56
    allow(GroupId=group, IpPermissions=cloudfront)
    refused(
        "RulesPerSecurityGroupLimitExceeded",
        allow,
        GroupId=group,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )


def test_aws_s_lists_differ_by_region_and_not_by_account(cloud: InProcess, ec2: Any) -> None:
    s3 = aws_list(ec2, "s3")
    assert aws_list(cloud.client(account="111111111111"), "s3") == s3
    elsewhere = cloud.client(region="eu-west-1")
    assert aws_list(elsewhere, "s3") != s3
    refused("InvalidPrefixListID.NotFound", elsewhere.get_managed_prefix_list_entries, PrefixListId=s3)


def test_filters_and_pages(ec2: Any, people: str) -> None:
    for name, value in {"owner-id": ACCOUNT, "prefix-list-id": people, "prefix-list-name": "peo*"}.items():
        found = ec2.describe_managed_prefix_lists(Filters=named(name, value))["PrefixLists"]
        assert [one["PrefixListId"] for one in found] == [people], name
    refused("InvalidParameterValue", ec2.describe_managed_prefix_lists, Filters=named("state", "x"))
    refused("InvalidParameterValue", ec2.describe_prefix_lists, Filters=named("owner-id", "AWS"))
    assert pages(ec2.describe_managed_prefix_lists, "PrefixLists", 3) == [3, 1]
    refused("InvalidParameterValue", ec2.describe_managed_prefix_lists, MaxResults=101)
    ec2.modify_managed_prefix_list(PrefixListId=people, AddEntries=[HOME])
    assert pages(ec2.get_managed_prefix_list_entries, "Entries", 1, PrefixListId=people) == [1, 1]
    refused("InvalidNextToken", ec2.get_managed_prefix_list_entries, PrefixListId=people, NextToken="x")
    refused("InvalidParameterValue", ec2.get_managed_prefix_list_associations, PrefixListId=people, MaxResults=256)


def test_lists_in_rules(ec2: Any, group: str, people: str) -> None:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "PrefixListIds": [{"PrefixListId": people, "Description": "staff"}],
    }
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    (rule,) = answer["SecurityGroupRules"]
    assert (rule["PrefixListId"], rule["Description"]) == (people, "staff")
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert {name: value for name, value in shown.items() if value} == permission
    assert refused(
        "InvalidPermission.Duplicate",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[permission],
    ) == (f'the specified rule "peer: {people}, TCP, from port: 22, to port: 22, ALLOW" already exists')
    found = ec2.describe_security_groups(Filters=named("ip-permission.prefix-list-id", people))["SecurityGroups"]
    assert [one["GroupId"] for one in found] == [group]
    other = ec2.create_managed_prefix_list(**ASKED)["PrefixList"]["PrefixListId"]
    stated = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "PrefixListId": other}
    rules = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": stated}]
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=rules)
    (changed,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])[
        "SecurityGroupRules"
    ]
    assert (changed["PrefixListId"], changed["FromPort"]) == (other, 23)
    permission = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "PrefixListIds": [{"PrefixListId": other}]}
    revoked = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert revoked["RevokedSecurityGroupRules"][0]["PrefixListId"] == other


def test_a_rule_grows_no_larger_than_the_quota_when_its_list_changes(cloud: InProcess, ec2: Any, group: str) -> None:
    small, large = (
        ec2.create_managed_prefix_list(**{**ASKED, "MaxEntries": size})["PrefixList"]["PrefixListId"] for size in (1, 9)
    )
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": small}]}
    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"]
    cloud.settings.limits["rules-per-security-group"] = 8
    stated = [
        {
            "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
            "SecurityGroupRule": {"IpProtocol": "-1", "PrefixListId": large},
        }
    ]
    refused(
        "RulesPerSecurityGroupLimitExceeded",
        ec2.modify_security_group_rules,
        GroupId=group,
        SecurityGroupRules=stated,
    )
