"""Custom network ACLs, their entries and who has which, through botocore both ways."""

from typing import Any

import pytest

from tests.support.expect import named, refused, tag_specification
from tests.support.inprocess import InProcess

STAR = [
    {"RuleNumber": 32767, "Egress": way, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    for way in (True, False)
]
HTTP: dict[str, Any] = {
    "RuleNumber": 100,
    "Egress": False,
    "RuleAction": "allow",
    "Protocol": "6",
    "CidrBlock": "0.0.0.0/0",
    "PortRange": {"From": 80, "To": 80},
}


@pytest.fixture
def acl(ec2: Any, vpc: str) -> str:
    return str(ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])


def described(ec2: Any, acl: str) -> dict[str, Any]:
    (found,) = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    return dict(found)


def own_entries(ec2: Any, acl: str) -> list[dict[str, Any]]:
    return [entry for entry in described(ec2, acl)["Entries"] if entry["RuleNumber"] != 32767]


def test_a_new_acl_is_closed_both_ways(ec2: Any, vpc: str) -> None:
    tags = tag_specification("network-acl", Name="closed")
    answer = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags, ClientToken="one")
    made = answer["NetworkAcl"]
    assert (made["Entries"], made["Associations"], made["IsDefault"]) == (STAR, [], False)
    assert made["Tags"] == [{"Key": "Name", "Value": "closed"}]
    assert answer["ClientToken"] == "one"
    again = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags, ClientToken="one")
    assert again["NetworkAcl"]["NetworkAclId"] == made["NetworkAclId"]
    assert described(ec2, made["NetworkAclId"]) == made
    refused("IdempotentParameterMismatch", ec2.create_network_acl, VpcId=vpc, ClientToken="one")
    ec2.create_tags(Resources=[made["NetworkAclId"]], Tags=[{"Key": "Stage", "Value": "test"}])
    found = ec2.describe_network_acls(Filters=named("tag:Stage", "te*"))["NetworkAcls"]
    assert [one["NetworkAclId"] for one in found] == [made["NetworkAclId"]]


def test_what_making_and_deleting_refuse(cloud: InProcess, ec2: Any, vpc: str, acl: str) -> None:
    refused("InvalidVpcID.NotFound", ec2.create_network_acl, VpcId="vpc-01234567")
    refused("DryRunOperation", ec2.create_network_acl, VpcId=vpc, DryRun=True)
    cloud.settings.limits["network-acls-per-vpc"] = 2
    refused("NetworkAclLimitExceeded", ec2.create_network_acl, VpcId=vpc)
    (default,) = ec2.describe_network_acls(Filters=named("default", "true"))["NetworkAcls"]
    refused("InvalidParameterValue", ec2.delete_network_acl, NetworkAclId=default["NetworkAclId"])
    refused("DryRunOperation", ec2.delete_network_acl, NetworkAclId=acl, DryRun=True)
    ec2.create_network_acl_entry(NetworkAclId=acl, **HTTP)
    ec2.delete_network_acl(NetworkAclId=acl)
    message = refused("InvalidNetworkAclID.NotFound", ec2.delete_network_acl, NetworkAclId=acl)
    assert message == f"The network acl ID '{acl}' does not exist"
    refused("InvalidNetworkAclId.Malformed", ec2.delete_network_acl, NetworkAclId="acl")
    assert not [key for key in cloud.entities() if acl in key]


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ({}, {}),
        ({"Protocol": "tcp"}, {"Protocol": "6"}),
        ({"Protocol": "17", "PortRange": {"From": 0, "To": 65535}}, {}),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}, "PortRange": None}, {}),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}, "PortRange": None}, {}),
        ({"Protocol": "-1", "PortRange": None}, {}),
        ({"Protocol": "-1"}, {"PortRange": None}),
        ({"Protocol": "50", "IcmpTypeCode": {"Type": 8, "Code": 0}}, {"PortRange": None, "IcmpTypeCode": None}),
        ({"CidrBlock": "10.1.2.3/8"}, {"CidrBlock": "10.0.0.0/8"}),
        ({"CidrBlock": None, "Ipv6CidrBlock": "2001:DB8::/32"}, {"Ipv6CidrBlock": "2001:db8::/32"}),
        (
            {
                "CidrBlock": None,
                "Ipv6CidrBlock": "::/0",
                "Protocol": "58",
                "PortRange": None,
                "IcmpTypeCode": {"Type": 128, "Code": 0},
            },
            {},
        ),
        ({"Egress": True, "RuleNumber": 32766, "RuleAction": "deny"}, {}),
        ({"RuleNumber": 1}, {}),
    ],
)
def test_entries_are_kept_and_shown(ec2: Any, acl: str, stated: dict[str, Any], shown: dict[str, Any]) -> None:
    asked = {name: value for name, value in (HTTP | stated).items() if value is not None}
    ec2.create_network_acl_entry(NetworkAclId=acl, **asked)
    wanted = {name: value for name, value in (asked | shown).items() if value is not None}
    assert own_entries(ec2, acl) == [wanted]
    assert refused("NetworkAclEntryAlreadyExists", ec2.create_network_acl_entry, NetworkAclId=acl, **asked) == (
        f"The network acl entry identified by {asked['RuleNumber']} already exists."
    )
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=asked["RuleNumber"], Egress=asked["Egress"])
    assert own_entries(ec2, acl) == []


@pytest.mark.parametrize(
    ("code", "stated"),
    [
        ("InvalidParameterValue", {"RuleNumber": 0}),
        ("InvalidParameterValue", {"RuleNumber": 32767}),
        ("InvalidParameterValue", {"RuleAction": "reject"}),
        ("InvalidParameterValue", {"Protocol": "tcpp"}),
        ("InvalidParameterValue", {"Protocol": "256"}),
        ("InvalidParameterValue", {"CidrBlock": "10.0.0.0"}),
        ("InvalidParameterValue", {"CidrBlock": "2001:db8::/32"}),
        ("InvalidParameterValue", {"CidrBlock": None, "Ipv6CidrBlock": "10.0.0.0/8"}),
        ("MissingParameter", {"CidrBlock": None}),
        ("InvalidParameterCombination", {"Ipv6CidrBlock": "::/0"}),
        ("MissingParameter", {"PortRange": None}),
        ("MissingParameter", {"PortRange": {"From": 80}}),
        ("InvalidParameterValue", {"PortRange": {"From": 81, "To": 80}}),
        ("InvalidParameterValue", {"PortRange": {"From": 0, "To": 65536}}),
        ("MissingParameter", {"Protocol": "1"}),
        ("MissingParameter", {"Protocol": "1", "IcmpTypeCode": {"Type": 8}}),
        ("InvalidParameterValue", {"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": 0}}),
        ("InvalidParameterValue", {"Protocol": "1", "IcmpTypeCode": {"Type": 256, "Code": 0}}),
        ("MissingParameter", {"RuleNumber": None}),
        ("MissingParameter", {"Egress": None}),
        ("InvalidNetworkAclID.NotFound", {"NetworkAclId": "acl-01234567"}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_entries_that_are_refused(ec2: Any, acl: str, code: str, stated: dict[str, Any]) -> None:
    asked = {name: value for name, value in ({"NetworkAclId": acl} | HTTP | stated).items() if value is not None}
    refused(code, ec2.create_network_acl_entry, **asked)
    ec2.create_network_acl_entry(NetworkAclId=acl, **HTTP)
    refused(code, ec2.replace_network_acl_entry, **asked)
    assert own_entries(ec2, acl) == [HTTP]


def test_the_two_directions_are_numbered_apart(ec2: Any, acl: str) -> None:
    ec2.create_network_acl_entry(NetworkAclId=acl, **HTTP)
    ec2.create_network_acl_entry(NetworkAclId=acl, **{**HTTP, "Egress": True})
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
    assert own_entries(ec2, acl) == [{**HTTP, "Egress": True}]


def test_an_entry_is_replaced(ec2: Any, acl: str) -> None:
    replace = ec2.replace_network_acl_entry
    refused("InvalidNetworkAclEntry.NotFound", replace, NetworkAclId=acl, **HTTP)
    ec2.create_network_acl_entry(NetworkAclId=acl, **HTTP)
    changed = {**HTTP, "RuleAction": "deny", "Protocol": "17"}
    replace(NetworkAclId=acl, **changed)
    assert own_entries(ec2, acl) == [changed]
    gone = {"NetworkAclId": acl, "RuleNumber": 101, "Egress": False}
    assert refused("InvalidNetworkAclEntry.NotFound", ec2.delete_network_acl_entry, **gone) == (
        f"The network acl {acl} has no ingress entry identified by 101."
    )
    refused("InvalidParameterValue", ec2.delete_network_acl_entry, **{**gone, "RuleNumber": 32767})
    refused("DryRunOperation", ec2.delete_network_acl_entry, **{**gone, "RuleNumber": 100}, DryRun=True)


def test_the_default_acl_s_entries_can_be_changed(ec2: Any, vpc: str) -> None:
    (default,) = ec2.describe_network_acls(Filters=named("vpc-id", vpc))["NetworkAcls"]
    for way in (True, False):
        ec2.delete_network_acl_entry(NetworkAclId=default["NetworkAclId"], RuleNumber=100, Egress=way)
    assert described(ec2, default["NetworkAclId"])["Entries"] == STAR


def test_twenty_entries_a_direction_and_family_with_the_final_refusal(ec2: Any, acl: str) -> None:
    create = ec2.create_network_acl_entry
    ipv6 = {name: value for name, value in HTTP.items() if name != "CidrBlock"} | {"Ipv6CidrBlock": "::/0"}
    for number in range(1, 20):
        create(NetworkAclId=acl, **{**HTTP, "RuleNumber": number})
    refused("NetworkAclEntryLimitExceeded", create, NetworkAclId=acl, **{**HTTP, "RuleNumber": 20})
    create(NetworkAclId=acl, **{**HTTP, "RuleNumber": 20, "Egress": True})
    for number in range(20, 39):
        create(NetworkAclId=acl, **{**ipv6, "RuleNumber": number})
    refused("NetworkAclEntryLimitExceeded", create, NetworkAclId=acl, **{**ipv6, "RuleNumber": 39})
    replace = ec2.replace_network_acl_entry
    refused("NetworkAclEntryLimitExceeded", replace, NetworkAclId=acl, **{**ipv6, "RuleNumber": 1})
    replace(NetworkAclId=acl, **{**HTTP, "RuleNumber": 1, "RuleAction": "deny"})
    assert len(own_entries(ec2, acl)) == 39


def test_associations(ec2: Any, vpc: str, acl: str) -> None:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    (default,) = ec2.describe_network_acls(Filters=named("association.subnet-id", subnet))["NetworkAcls"]
    old = default["Associations"][0]["NetworkAclAssociationId"]
    replace = ec2.replace_network_acl_association
    refused("DryRunOperation", replace, AssociationId=old, NetworkAclId=acl, DryRun=True)
    new = replace(AssociationId=old, NetworkAclId=acl)["NewAssociationId"]
    assert new.startswith("aclassoc-")
    assert new != old
    assert described(ec2, default["NetworkAclId"])["Associations"] == []
    assert described(ec2, acl)["Associations"] == [
        {"NetworkAclAssociationId": new, "NetworkAclId": acl, "SubnetId": subnet}
    ]
    assert replace(AssociationId=new, NetworkAclId=acl)["NewAssociationId"] == new
    assert "has dependencies" in refused("DependencyViolation", ec2.delete_network_acl, NetworkAclId=acl)
    refused("InvalidAssociationID.NotFound", replace, AssociationId=old, NetworkAclId=acl)
    refused("InvalidNetworkAclAssociationId.Malformed", replace, AssociationId="rtbassoc-01234567", NetworkAclId=acl)
    refused("InvalidNetworkAclID.NotFound", replace, AssociationId=new, NetworkAclId="acl-01234567")
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elsewhere = ec2.create_network_acl(VpcId=other)["NetworkAcl"]["NetworkAclId"]
    refused("InvalidParameterValue", replace, AssociationId=new, NetworkAclId=elsewhere)
    ec2.delete_subnet(SubnetId=subnet)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.delete_network_acl(NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)


def test_filters_know_protocols_by_number_and_name(ec2: Any, acl: str) -> None:
    ec2.create_network_acl_entry(NetworkAclId=acl, **HTTP)
    for spoken in ("6", "tcp", "t?p"):
        found = ec2.describe_network_acls(Filters=named("entry.protocol", spoken))["NetworkAcls"]
        assert [one["NetworkAclId"] for one in found] == [acl]
    assert ec2.describe_network_acls(Filters=named("entry.protocol", "udp"))["NetworkAcls"] == []
