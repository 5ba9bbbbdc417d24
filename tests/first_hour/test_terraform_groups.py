"""aws_security_group, aws_security_group_rule and aws_vpc_security_group_ingress_rule, call by call.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_security_group.go@01606926a0c0,
vpc_security_group_ingress_rule.go@00a322094b4b, find.go@00a35305dc1b, wait.go@011a8eed43ed.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused, tag_specification

ALL = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0}
"""How the provider writes `protocol = "-1"`: with ports that are zero."""

OUT_4 = {**ALL, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
OUT_6 = {**ALL, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def read(account: Account, group: str) -> dict[str, Any]:
    """findSecurityGroupByID."""
    return dict(only(account.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]))


def created(account: Account, vpc: str, name: str = "web") -> str:
    """resourceSecurityGroupCreate up to its first rule: the rule that AWS gives is revoked, in both families."""
    ec2 = account.ec2
    tags = tag_specification("security-group", Name=name)
    made = ec2.create_security_group(
        GroupName=name, Description="Managed by Terraform", VpcId=vpc, TagSpecifications=tags
    )
    group = str(made["GroupId"])
    for _ in range(3):  # ContinuousTargetOccurence: three looks in a row must find it
        assert read(account, group)["GroupId"] == group
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[OUT_4])
    with pytest.raises(ClientError) as refusal:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[OUT_6])
    assert refusal.value.response["Error"]["Code"] == "InvalidPermission.NotFound", "any other is the end of the apply"
    return group


def test_a_new_group_is_emptied_and_read(account: Account) -> None:
    vpc = account.vpc()
    shown = read(account, created(account, vpc))
    assert (shown["IpPermissions"], shown["IpPermissionsEgress"]) == ([], [])
    assert (shown["GroupName"], shown["Description"]) == ("web", "Managed by Terraform")
    assert (shown["OwnerId"], shown["VpcId"]) == (account.id, vpc)
    assert shown["Tags"] == [{"Key": "Name", "Value": "web"}]


def test_its_rules_are_read_as_they_were_written(account: Account) -> None:
    """securityGroupIPPermGather: by protocol and ports, a description a source; itself is `self`, not a group."""
    ec2, vpc = account.ec2, account.vpc()
    group, other = created(account, vpc), created(account, vpc, "db")
    web = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "https"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "https"}],
        "UserIdGroupPairs": [
            {"GroupId": group, "Description": "https"},
            {"GroupId": other, "Description": "https"},
        ],
    }
    ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web, ping])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[OUT_4, OUT_6])
    shown = read(account, group)
    inward = {one["IpProtocol"]: one for one in shown["IpPermissions"]}
    assert (inward["tcp"]["FromPort"], inward["tcp"]["ToPort"]) == (443, 443)
    assert inward["tcp"]["IpRanges"] == web["IpRanges"]
    assert inward["tcp"]["Ipv6Ranges"] == web["Ipv6Ranges"]
    pairs = {one["GroupId"]: one for one in inward["tcp"]["UserIdGroupPairs"]}
    assert set(pairs) == {group, other}
    for one in pairs.values():
        assert (one["UserId"], one["Description"]) == (account.id, "https")
        assert "GroupName" not in one, "the provider would put the name into the state instead of the id"
    assert (inward["icmp"]["FromPort"], inward["icmp"]["ToPort"]) == (8, -1)
    outward = only(shown["IpPermissionsEgress"])
    assert (outward["IpRanges"], outward["Ipv6Ranges"]) == ([{"CidrIp": "0.0.0.0/0"}], [{"CidrIpv6": "::/0"}])
    assert outward["IpProtocol"] == "-1"
    assert "FromPort" not in outward, "the provider reads an absent port as 0, which is what the configuration says"


def test_a_change_revokes_first_then_authorises(account: Account) -> None:
    """updateSecurityGroupRules: all sources of a rule in one permission, description included."""
    ec2, group = account.ec2, created(account, account.vpc())
    old = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "IpRanges": [{"CidrIp": block, "Description": "web"} for block in ("10.0.0.0/16", "192.0.2.0/24")],
    }
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[old])
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[old])
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[old])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[old | {"ToPort": 81}])
    assert only(read(account, group)["IpPermissions"])["ToPort"] == 81
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[old])


def test_destroy_looks_for_lingering_interfaces_first(account: Account) -> None:
    """resourceSecurityGroupDelete: the ENIs of Lambda by description, all of the group by requester; then the group,
    tried again at DependencyViolation; then looks until InvalidGroup.NotFound."""
    ec2, vpc = account.ec2, account.vpc()
    group = created(account, vpc)
    interface = account.interface(account.subnet(vpc), Groups=[group])
    asked = named("group-id", group)
    lambdas = [*asked, *named("description", "AWS Lambda VPC ENI*")]
    assert ec2.describe_network_interfaces(Filters=lambdas)["NetworkInterfaces"] == []
    worn = only(ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"])
    assert not worn.get("RequesterId", "").endswith(":Comprehend")
    refused("DependencyViolation", ec2.delete_security_group, GroupId=group)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_security_group(GroupId=group)
    refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=[group])
    refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=group)


def test_groups_that_refer_to_each_other_need_revoke_rules_on_delete(account: Account) -> None:
    """rulesInSGsTouchingThis, searchAll: every rule of the region is read, those that name the group are revoked."""
    ec2, vpc = account.ec2, account.vpc()
    one, two = created(account, vpc, "one"), created(account, vpc, "two")
    for group, peer in ((one, two), (two, one)):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": peer}]}]
        )
    refused("DependencyViolation", ec2.delete_security_group, GroupId=one)
    rules = [
        rule
        for page in ec2.get_paginator("describe_security_group_rules").paginate()
        for rule in page["SecurityGroupRules"]
        if one in (rule["GroupId"], rule.get("ReferencedGroupInfo", {}).get("GroupId"))
    ]
    assert [rule["IsEgress"] for rule in rules] == [False, False]
    for rule in rules:
        ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    ec2.delete_security_group(GroupId=one)
    ec2.delete_security_group(GroupId=two)


def test_an_ingress_rule_resource(account: Account) -> None:
    """Create takes SecurityGroupRules[0]; read by id; change by ModifySecurityGroupRules; delete by id."""
    ec2, group = account.ec2, created(account, account.vpc())
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "office"}],
    }
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ec2.create_tags(Resources=[rule], Tags=[{"Key": "Name", "Value": "ssh"}])

    def shown() -> dict[str, Any]:
        return dict(only(ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]))

    first = shown()
    assert (first["CidrIpv4"], first["Description"], first["IpProtocol"]) == ("192.0.2.0/24", "office", "tcp")
    assert (first["FromPort"], first["ToPort"], first["IsEgress"], first["GroupId"]) == (22, 22, False, group)
    assert first["Tags"] == [{"Key": "Name", "Value": "ssh"}]
    wanted = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 2222, "CidrIpv4": "192.0.2.0/25"}
    update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}]
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)
    second = shown()
    assert (second["CidrIpv4"], second["ToPort"], second["SecurityGroupRuleId"]) == ("192.0.2.0/25", 2222, rule)
    assert "Description" not in second
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    refused("InvalidSecurityGroupRuleId.NotFound", ec2.describe_security_group_rules, SecurityGroupRuleIds=[rule])


def test_an_all_traffic_rule_resource_shows_ports_of_minus_one(account: Account) -> None:
    """Read: ports of -1 where the plan has none are left out of the state; an egress rule is no ingress rule."""
    ec2, group = account.ec2, created(account, account.vpc())
    permission = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    rule = only(made["SecurityGroupRules"])
    assert (rule["FromPort"], rule["ToPort"], rule["IsEgress"]) == (-1, -1, True)
    listed = ec2.describe_security_group_rules(Filters=named("group-id", group))["SecurityGroupRules"]
    assert only(listed)["SecurityGroupRuleId"] == rule["SecurityGroupRuleId"]


def test_a_rule_by_referenced_group_shows_its_account(account: Account) -> None:
    """flattenReferencedSecurityGroup: an account that is not the provider's own is written before the id."""
    ec2, vpc = account.ec2, account.vpc()
    group, peer = created(account, vpc), created(account, vpc, "peer")
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": peer}]}
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    referenced = made["SecurityGroupRules"][0]["ReferencedGroupInfo"]
    assert referenced["GroupId"] == peer
    assert referenced.get("UserId", account.id) == account.id
