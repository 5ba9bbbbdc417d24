"""Rules that are added to security groups, through botocore both ways; what a call costs."""

from typing import Any

import msgspec
import pytest

from atoll.model.kinds import NetworkInterface, Vpc
from atoll.records import Key, Record
from tests.support.expect import named, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.unit.ec2.rules import (
    BOTH_PORTS,
    EVERYWHERE,
    NO_SOURCE,
    NULL_PROTOCOL,
    inbound,
    make_group,
    permission,
    rules,
)


def test_authorize_answers_the_rules(ec2: Any, group: str) -> None:
    tags = tag_specification("security-group-rule", Name="x")
    answer = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[permission(IpRanges=[{"CidrIp": "192.0.2.1/24", "Description": "them"}])],
        TagSpecifications=tags,
    )
    assert answer["Return"] is True
    (rule,) = answer["SecurityGroupRules"]
    id_ = rule["SecurityGroupRuleId"]
    assert rule == {
        "SecurityGroupRuleId": id_,
        "SecurityGroupRuleArn": f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group-rule/{id_}",
        "GroupId": group,
        "GroupOwnerId": ACCOUNT,
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "CidrIpv4": "192.0.2.0/24",
        "Description": "them",
        "Tags": [{"Key": "Name", "Value": "x"}],
    }
    assert ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"] == [rule]
    assert ec2.describe_security_group_rules(Filters=named("tag:Name", "x"))["SecurityGroupRules"] == [rule]


def test_one_permission_a_protocol_and_range_one_rule_a_source(ec2: Any, vpc: str, group: str) -> None:
    db = make_group(ec2, vpc, "db")
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            permission(
                IpRanges=[{"CidrIp": "10.0.0.0/8"}],
                Ipv6Ranges=[{"CidrIpv6": "2001:db8::1/32", "Description": "six"}],
                UserIdGroupPairs=[{"GroupId": db, "UserId": ACCOUNT, "Description": "db"}],
            ),
            permission("udp"),
        ],
    )
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission()])
    assert inbound(ec2, group) == [
        {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32", "Description": "six"}],
            "UserIdGroupPairs": [{"UserId": ACCOUNT, "GroupId": db, "Description": "db"}],
        },
        {"IpProtocol": "udp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ]
    found = [rule for rule in rules(ec2, group) if not rule["IsEgress"]]
    assert len(found) == 5
    (six,) = (rule for rule in found if "CidrIpv6" in rule)
    assert (six["CidrIpv6"], "CidrIpv4" in six, six["Tags"]) == ("2001:db8::/32", False, [])
    (by_group,) = (rule for rule in found if "ReferencedGroupInfo" in rule)
    assert by_group["ReferencedGroupInfo"] == {"GroupId": db, "UserId": ACCOUNT}


@pytest.mark.parametrize(
    ("protocol", "ports", "shown", "shown_ports"),
    [
        ("TCP", (1, 2), "tcp", (1, 2)),
        ("6", (0, 65535), "tcp", (0, 65535)),
        ("17", (53, 53), "udp", (53, 53)),
        ("1", (8, -1), "icmp", (8, -1)),
        ("icmp", (-1, -1), "icmp", (-1, -1)),
        ("icmpv6", (None, None), "icmpv6", (-1, -1)),
        ("58", (128, 0), "icmpv6", (128, 0)),
        ("-1", (None, None), "-1", (None, None)),
        ("-1", (80, 80), "-1", (None, None)),
        ("50", (80, 80), "50", (None, None)),
    ],
)
def test_protocols_and_ranges(
    ec2: Any, group: str, protocol: str, ports: tuple[int, int], shown: str, shown_ports: tuple[int, int]
) -> None:
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(protocol, *ports)])
    (rule,) = answer["SecurityGroupRules"]
    wanted = tuple(-1 if port is None else port for port in shown_ports)
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == (shown, *wanted)
    (found,) = inbound(ec2, group)
    assert (found["IpProtocol"], found.get("FromPort"), found.get("ToPort")) == (shown, *shown_ports)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(protocol, *ports)])
    assert inbound(ec2, group) == []


@pytest.mark.parametrize(
    ("code", "message", "given"),
    [
        ("InvalidParameterValue", BOTH_PORTS, permission(low=None)),
        ("InvalidParameterValue", "Invalid TCP/UDP port range (2:1)", permission(low=2, high=1)),
        ("InvalidParameterValue", "Invalid TCP/UDP port range (-1:-1)", permission(low=-1, high=-1)),
        ("InvalidParameterValue", "Invalid TCP/UDP port range (0:65536)", permission(low=0, high=65536)),
        ("InvalidParameterValue", None, permission("icmp", None)),
        ("InvalidParameterValue", None, permission("icmp", -1, 0)),
        ("InvalidParameterValue", None, permission("icmp", 256, 0)),
        ("InvalidParameterValue", None, permission("icmpv6", 8, 256)),
        ("InvalidParameterValue", "Invalid value 'igmp' for IP protocol. Unknown protocol.", permission("igmp")),
        ("InvalidParameterValue", None, permission("256")),
        ("InvalidParameterValue", NULL_PROTOCOL, {"FromPort": 1, "ToPort": 1, "IpRanges": EVERYWHERE}),
        ("InvalidParameterValue", "CIDR block 10.0.0.0 is malformed", permission(IpRanges=[{"CidrIp": "10.0.0.0"}])),
        ("InvalidParameterValue", "CIDR block ::/0 is malformed", permission(IpRanges=[{"CidrIp": "::/0"}])),
        ("InvalidParameterValue", None, permission(Ipv6Ranges=[{"CidrIpv6": "0.0.0.0/0"}])),
        ("InvalidParameterValue", None, permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "é"}])),
        ("InvalidParameterValue", None, permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "d" * 256}])),
        (
            "InvalidParameterValue",
            "The same permission must not appear multiple times",
            permission(IpRanges=EVERYWHERE * 2),
        ),
        ("MissingParameter", NO_SOURCE, {"IpProtocol": "-1"}),
        ("MissingParameter", NO_SOURCE, permission(UserIdGroupPairs=[{"UserId": ACCOUNT}])),
        ("InvalidGroup.NotFound", None, permission(UserIdGroupPairs=[{"GroupId": "sg-01234567"}])),
        ("InvalidGroupId.Malformed", None, permission(UserIdGroupPairs=[{"GroupId": "web"}])),
        ("InvalidPrefixListId.NotFound", None, permission(PrefixListIds=[{"PrefixListId": "pl-01234567"}])),
        (
            "UnsupportedOperation",
            None,
            permission(UserIdGroupPairs=[{"GroupId": "sg-01234567", "VpcPeeringConnectionId": "pcx-01234567"}]),
        ),
        (
            "InvalidParameterValue",
            "Invalid value 'web' for groupName. You may not reference Amazon VPC security groups by name. "
            "Please use the corresponding id for this operation.",
            permission(UserIdGroupPairs=[{"GroupName": "web"}]),
        ),
        (
            "InvalidParameterCombination",
            None,
            permission(UserIdGroupPairs=[{"GroupName": "web", "GroupId": "sg-01234567"}]),
        ),
    ],
)
def test_permissions_that_are_refused(
    ec2: Any, group: str, code: str, message: str | None, given: dict[str, Any]
) -> None:
    for authorize in (ec2.authorize_security_group_ingress, ec2.authorize_security_group_egress):
        said = refused(code, authorize, GroupId=group, IpPermissions=[given])
        assert message in (None, said)
    assert len(rules(ec2, group)) == 1


def test_references_stay_in_the_vpc_and_the_account(ec2: Any, group: str) -> None:
    elsewhere = make_group(ec2, str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]), "db")
    message = refused(
        "InvalidGroup.NotFound",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[permission(UserIdGroupPairs=[{"GroupId": elsewhere}])],
    )
    assert message == "You have specified two resources that belong to different networks."
    pair = {"GroupId": group, "UserId": "210987654321"}
    refused(
        "InvalidGroup.NotFound",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[permission(UserIdGroupPairs=[pair])],
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (permission(), "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW"),
        (permission("-1", None), "peer: 0.0.0.0/0, ALL, ALLOW"),
        (permission("icmp", 8, -1), "peer: 0.0.0.0/0, ICMP, type: 8, code: ALL, ALLOW"),
        (permission("47", None), "peer: 0.0.0.0/0, 47, ALLOW"),
    ],
)
def test_what_exists_is_refused_and_nothing_is_added(ec2: Any, group: str, given: Any, words: str) -> None:
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[given])
    again = [permission("udp", 53, 53), given]
    message = refused(
        "InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=again
    )
    assert message == f'the specified rule "{words}" already exists'
    assert len(inbound(ec2, group)) == 1


def test_duplicates_are_told_by_direction_and_whatever_the_description(ec2: Any, group: str) -> None:
    everything = permission("-1", None, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "again"}])
    refused(
        "InvalidPermission.Duplicate",
        ec2.authorize_security_group_egress,
        GroupId=group,
        IpPermissions=[everything],
    )
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[everything])
    by_group = permission(UserIdGroupPairs=[{"GroupId": group}])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[by_group])
    message = refused(
        "InvalidPermission.Duplicate",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[by_group],
    )
    assert f"peer: {group}, TCP" in message


def test_the_flat_form(ec2: Any, group: str) -> None:
    flat = {"GroupId": group, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "CidrIp": "10.0.0.1/8"}
    (made,) = ec2.authorize_security_group_ingress(**flat)["SecurityGroupRules"]
    assert (made["FromPort"], made["ToPort"], made["CidrIpv4"]) == (80, 81, "10.0.0.0/8")
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, **flat)
    revoked = ec2.revoke_security_group_ingress(**flat)["RevokedSecurityGroupRules"]
    assert [rule["SecurityGroupRuleId"] for rule in revoked] == [made["SecurityGroupRuleId"]]


def test_what_the_flat_form_refuses(ec2: Any, group: str) -> None:
    authorize = ec2.authorize_security_group_ingress
    assert refused("MissingParameter", authorize, GroupId=group, IpProtocol="-1") == NO_SOURCE
    assert refused("InvalidParameterValue", authorize, GroupId=group, CidrIp="0.0.0.0/0") == NULL_PROTOCOL
    refused("MissingParameter", authorize, GroupId=group)
    refused("MissingParameter", authorize, IpProtocol="-1", CidrIp="0.0.0.0/0")
    both = {"IpPermissions": [permission()], "CidrIp": "0.0.0.0/0"}
    refused("InvalidParameterCombination", authorize, GroupId=group, **both)
    refused("InvalidParameterCombination", authorize, GroupId=group, GroupName="web", IpPermissions=[permission()])
    refused("InvalidParameterValue", authorize, GroupId=group, SourceSecurityGroupName="web")
    refused("UnsupportedOperation", authorize, GroupId=group, SourceSecurityGroupOwnerId=ACCOUNT)
    flat = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    refused("UnsupportedOperation", ec2.authorize_security_group_egress, GroupId=group, **flat)


def test_a_source_by_name_in_a_default_vpc(cloud: InProcess, ec2: Any, vpc: str, group: str) -> None:
    found = cloud.draft().get(Vpc, vpc)
    assert found is not None
    cloud.put(msgspec.structs.replace(found, is_default=True))
    ec2.authorize_security_group_ingress(GroupName="web", SourceSecurityGroupName="default")
    assert [(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in inbound(ec2, group)] == [
        ("tcp", 0, 65535),
        ("udp", 0, 65535),
        ("icmp", -1, -1),
    ]
    by_name = permission(UserIdGroupPairs=[{"GroupName": "WEB"}])
    ec2.authorize_security_group_ingress(GroupName="web", IpPermissions=[by_name])
    unknown = permission(UserIdGroupPairs=[{"GroupName": "db"}])
    refused("InvalidGroup.NotFound", ec2.authorize_security_group_ingress, GroupName="web", IpPermissions=[unknown])


def test_quotas_count_families_apart_and_references_in_both(cloud: InProcess, ec2: Any, group: str) -> None:
    cloud.settings.limits["rules-per-security-group"] = 2
    authorize = ec2.authorize_security_group_ingress
    four = [permission(IpRanges=[{"CidrIp": f"10.0.{number}.0/24"}]) for number in range(3)]
    six = [permission(Ipv6Ranges=[{"CidrIpv6": f"2001:db8:{number}::/48"}]) for number in range(3)]
    message = refused("RulesPerSecurityGroupLimitExceeded", authorize, GroupId=group, IpPermissions=four)
    assert message == "The maximum number of rules per security group has been reached."
    authorize(GroupId=group, IpPermissions=[*four[:1], *six[:1]])
    authorize(GroupId=group, IpPermissions=[permission(UserIdGroupPairs=[{"GroupId": group}])])
    for one_more in (four[1], six[1]):
        refused("RulesPerSecurityGroupLimitExceeded", authorize, GroupId=group, IpPermissions=[one_more])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=four[:1])


def test_dry_run(ec2: Any, group: str) -> None:
    refused(
        "DryRunOperation",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[permission()],
        DryRun=True,
    )
    assert inbound(ec2, group) == []


class Counted:
    """A table's look-ups, counted."""

    def __init__(self, cloud: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        self.finds = 0
        table, find, members = cloud.table, cloud.table.find, cloud.table.members

        def counted_find(key: Key) -> Record | None:
            self.finds += 1
            return find(key)

        def counted_members(index: Any) -> Any:
            found = list(members(index))
            self.finds += len(found)
            return found

        monkeypatch.setattr(table, "find", counted_find)
        monkeypatch.setattr(table, "members", counted_members)


@pytest.mark.parametrize("operation", ["AuthorizeSecurityGroupIngress", "DeleteSecurityGroup"])
def test_the_cost_does_not_grow_with_interfaces(
    cloud: InProcess, ec2: Any, vpc: str, group: str, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    spare = [make_group(ec2, vpc, f"spare{number}") for number in range(2)]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    costs = []
    for round_, enis in enumerate((10, 500)):
        cloud.put(
            *(
                NetworkInterface(
                    id=f"eni-{number:08x}",
                    home=cloud.draft().home,
                    vpc=vpc,
                    subnet=subnet,
                    zone="us-east-1a",
                    mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                    groups=(group,),
                )
                for number in range(enis)
            )
        )
        params: dict[str, Any] = {"GroupId": spare[round_]}
        if operation.startswith("Authorize"):
            given = permission(UserIdGroupPairs=[{"GroupId": group}])
            params["IpPermissions"] = [given]
        with monkeypatch.context() as patched:
            counted = Counted(cloud, patched)
            cloud.call(operation, **params)
        costs.append(counted.finds)
    assert costs[0] == costs[1] > 0
