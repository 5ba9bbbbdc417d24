"""Rules that are revoked, modified and described, through botocore both ways."""

from typing import Any

import msgspec
import pytest

from atoll.model.kinds import Vpc
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import InProcess
from tests.unit.ec2.rules import BOTH_PORTS, EVERYWHERE, NULL_PROTOCOL, ids, inbound, make_group, permission, rules


def test_revoke_by_values(ec2: Any, group: str) -> None:
    given = [permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "x"}]), permission("udp")]
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=given)
    unknown = permission(low=80, high=81)
    message = refused(
        "InvalidPermission.NotFound",
        ec2.revoke_security_group_ingress,
        GroupId=group,
        IpPermissions=[permission(), unknown],
    )
    assert message == "The specified rule does not exist in this security group."
    assert len(inbound(ec2, group)) == 2
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission()])
    assert (answer["Return"], answer["UnknownIpPermissions"]) == (True, [])
    assert answer["RevokedSecurityGroupRules"] == [
        {
            "SecurityGroupRuleId": ids(made)[0],
            "GroupId": group,
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "CidrIpv4": "0.0.0.0/0",
            "Description": "x",
        }
    ]
    assert [one["IpProtocol"] for one in inbound(ec2, group)] == ["udp"]


def test_revoke_in_a_default_vpc_tells_what_was_unknown(cloud: InProcess, ec2: Any, vpc: str, group: str) -> None:
    found = cloud.draft().get(Vpc, vpc)
    assert found is not None
    cloud.put(msgspec.structs.replace(found, is_default=True))
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission()])
    given = [permission(), permission("udp", 53, 53)]
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=given)
    assert len(answer["RevokedSecurityGroupRules"]) == 1
    (unknown,) = answer["UnknownIpPermissions"]
    assert (unknown["IpProtocol"], unknown["IpRanges"]) == ("udp", EVERYWHERE)


def test_revoke_what_describe_shows(ec2: Any, vpc: str, group: str) -> None:
    db = make_group(ec2, vpc, "db")
    given = [permission(UserIdGroupPairs=[{"GroupId": db}]), permission("icmp", -1, -1), permission("-1", None)]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=given)
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])
    assert answer["RevokedSecurityGroupRules"][0]["ReferencedGroupId"] == db
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=found["IpPermissionsEgress"])
    assert rules(ec2, group) == []


def test_revoke_by_id(ec2: Any, vpc: str, group: str) -> None:
    db = make_group(ec2, vpc, "db")
    first, second = ids(
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(), permission("udp")])
    )
    revoke = ec2.revoke_security_group_ingress
    for wrong_group, rule in ((db, first), (group, "sgr-01234567")):
        message = refused(
            "InvalidSecurityGroupRuleId.NotFound", revoke, GroupId=wrong_group, SecurityGroupRuleIds=[rule]
        )
        assert message == f"The security group rule ID '{rule}' does not exist"
    refused(
        "InvalidSecurityGroupRuleId.NotFound",
        ec2.revoke_security_group_egress,
        GroupId=group,
        SecurityGroupRuleIds=[first],
    )
    both = {"SecurityGroupRuleIds": [first], "IpPermissions": [permission()]}
    refused("InvalidParameterCombination", revoke, GroupId=group, **both)
    refused("MissingParameter", revoke, GroupId=group)
    answer = revoke(GroupId=group, SecurityGroupRuleIds=[second, second])
    assert ids(answer, "RevokedSecurityGroupRules") == [second]
    assert [one["IpProtocol"] for one in inbound(ec2, group)] == ["tcp"]


def modify(ec2: Any, group: str, **by_id: dict[str, Any]) -> Any:
    updates = [{"SecurityGroupRuleId": id_, "SecurityGroupRule": stated} for id_, stated in by_id.items()]
    return ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=updates)


HTTP: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "0.0.0.0/0"}


def test_modify(ec2: Any, vpc: str, group: str) -> None:
    db = make_group(ec2, vpc, "db")
    given = permission(
        IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "old"}],
        Ipv6Ranges=[{"CidrIpv6": "::/0"}],
        UserIdGroupPairs=[{"GroupId": group}],
    )
    tags = tag_specification("security-group-rule", Name="x")
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[given], TagSpecifications=tags)
    four, six, by_group = ids(made)
    stated: dict[str, dict[str, Any]] = {
        four: {"IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "CidrIpv4": "192.0.2.9/24"},
        six: {"IpProtocol": "-1", "CidrIpv6": "2001:db8::/32", "Description": "new"},
        by_group: {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "ReferencedGroupId": db},
    }
    assert modify(ec2, group, **stated)["Return"] is True
    answer = ec2.describe_security_group_rules(SecurityGroupRuleIds=[four, six, by_group])
    shown = [
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule.get("Description"))
        for rule in answer["SecurityGroupRules"]
    ]
    assert shown == [("udp", 53, 54, None), ("-1", -1, -1, "new"), ("icmp", 8, 0, None)]
    one, two, three = answer["SecurityGroupRules"]
    assert (one["CidrIpv4"], two["CidrIpv6"]) == ("192.0.2.0/24", "2001:db8::/32")
    assert three["ReferencedGroupInfo"]["GroupId"] == db
    assert all(rule["Tags"] == [{"Key": "Name", "Value": "x"}] for rule in answer["SecurityGroupRules"])


ONE_SOURCE = "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"


@pytest.mark.parametrize(
    ("code", "message", "stated"),
    [
        ("InvalidParameterValue", NULL_PROTOCOL, {"CidrIpv4": "0.0.0.0/0"}),
        ("InvalidParameterValue", BOTH_PORTS, {"IpProtocol": "tcp", "CidrIpv4": "0.0.0.0/0"}),
        ("MissingParameter", ONE_SOURCE, {"IpProtocol": "-1"}),
        ("InvalidParameterCombination", None, {**HTTP, "CidrIpv6": "::/0"}),
        ("InvalidParameterValue", None, {"IpProtocol": "-1", "CidrIpv6": "::/0"}),
        ("InvalidParameterValue", None, {"IpProtocol": "-1", "CidrIpv4": "x"}),
        ("InvalidPrefixListId.NotFound", None, {"IpProtocol": "-1", "PrefixListId": "pl-01234567"}),
        ("InvalidPermission.Duplicate", None, {**HTTP, "IpProtocol": "udp"}),
        ("MissingParameter", None, {}),
    ],
)
def test_what_modify_refuses(ec2: Any, group: str, code: str, message: str | None, stated: dict[str, Any]) -> None:
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(), permission("udp")])
    before = rules(ec2, group)
    said = refused(code, modify, ec2=ec2, group=group, **{ids(made)[0]: stated})
    assert message in (None, said)
    assert rules(ec2, group) == before


def test_modify_names_rules_of_the_group(ec2: Any, vpc: str, group: str) -> None:
    db = make_group(ec2, vpc, "db")
    rule, other = ids(
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(), permission("udp")])
    )
    refused("InvalidSecurityGroupRuleId.NotFound", modify, ec2=ec2, group=db, **{rule: HTTP})
    refused("InvalidSecurityGroupRuleId.NotFound", modify, ec2=ec2, group=group, **{"sgr-01234567": HTTP})
    twice = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": HTTP}] * 2
    refused("InvalidParameterValue", ec2.modify_security_group_rules, GroupId=group, SecurityGroupRules=twice)
    modify(ec2, group, **{rule: HTTP})
    swapped = {rule: {**HTTP, "IpProtocol": "udp"}, other: HTTP}
    modify(ec2, group, **swapped)
    assert [one["IpProtocol"] for one in rules(ec2, group)[1:]] == ["udp", "tcp"]
    same = {rule: HTTP, other: HTTP}
    refused("InvalidPermission.Duplicate", modify, ec2=ec2, group=group, **same)


def test_descriptions(ec2: Any, group: str) -> None:
    tcp, udp = ids(ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(), permission("udp")]))
    (out,) = (rule["SecurityGroupRuleId"] for rule in rules(ec2, group) if rule["IsEgress"])
    update = ec2.update_security_group_rule_descriptions_ingress

    def described(id_: str) -> Any:
        (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
        return rule.get("Description")

    by_value = [permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "web"}])]
    assert update(GroupId=group, IpPermissions=by_value)["Return"] is True
    by_id = [{"SecurityGroupRuleId": udp, "Description": "dns"}]
    update(GroupId=group, SecurityGroupRuleDescriptions=by_id)
    outward = [{"SecurityGroupRuleId": out, "Description": "all"}]
    ec2.update_security_group_rule_descriptions_egress(GroupId=group, SecurityGroupRuleDescriptions=outward)
    assert [described(rule) for rule in (tcp, udp, out)] == ["web", "dns", "all"]
    update(GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": udp}])
    assert described(udp) is None
    refused("InvalidSecurityGroupRuleId.NotFound", update, GroupId=group, SecurityGroupRuleDescriptions=outward)
    refused("InvalidPermission.NotFound", update, GroupId=group, IpPermissions=[permission(low=81, high=81)])
    refused("MissingParameter", update, GroupId=group)
    both = {"IpPermissions": by_value, "SecurityGroupRuleDescriptions": by_id}
    refused("InvalidParameterCombination", update, GroupId=group, **both)
    bad = [{"SecurityGroupRuleId": udp, "Description": "a<b"}]
    refused("InvalidParameterValue", update, GroupId=group, SecurityGroupRuleDescriptions=bad)


def test_describe_rules(ec2: Any, vpc: str, group: str) -> None:
    four = [permission(IpRanges=[{"CidrIp": f"10.0.{number}.0/24"} for number in range(6)])]
    first = ids(ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=four))[0]
    assert len(ec2.describe_security_group_rules()["SecurityGroupRules"]) == 9
    assert len(rules(ec2, group)) == 7
    (one,) = ec2.describe_security_group_rules(Filters=named("security-group-rule-id", first))["SecurityGroupRules"]
    assert one["SecurityGroupRuleId"] == first
    assert rules(ec2, "sg-01234567") == []
    assert len(rules(ec2, "sg-*")) == 9
    message = refused("InvalidGroupId.Malformed", ec2.describe_security_group_rules, Filters=named("group-id", "web"))
    assert message == "The security group ID 'web' is malformed"
    refused(
        "InvalidSecurityGroupRuleId.NotFound",
        ec2.describe_security_group_rules,
        SecurityGroupRuleIds=["sgr-01234567"],
    )
    assert pages(ec2.describe_security_group_rules, "SecurityGroupRules", 5) == [5, 4]
