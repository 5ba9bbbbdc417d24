"""Default network ACLs, through botocore both ways."""

from typing import Any

from atoll.model.kinds import NetworkAcl, NetworkAclEntry
from atoll.packet import Prefix
from tests.support.expect import named, pages, refused
from tests.support.inprocess import ACCOUNT, InProcess


def make_vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def entry(egress: bool, number: int, action: str) -> dict[str, Any]:
    return {
        "CidrBlock": "0.0.0.0/0",
        "Egress": egress,
        "Protocol": "-1",
        "RuleAction": action,
        "RuleNumber": number,
    }


def test_the_default_acl_lets_everything_through(ec2: Any) -> None:
    vpc = make_vpc(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    assert acl["Entries"] == [
        entry(True, 100, "allow"),
        entry(True, 32767, "deny"),
        entry(False, 100, "allow"),
        entry(False, 32767, "deny"),
    ]
    (association,) = acl["Associations"]
    assert association["NetworkAclAssociationId"].startswith("aclassoc-")
    assert (association["NetworkAclId"], association["SubnetId"]) == (acl["NetworkAclId"], subnet)
    assert (acl["VpcId"], acl["OwnerId"], acl["IsDefault"], acl["Tags"]) == (vpc, ACCOUNT, True, [])


def test_filters_and_pages(cloud: InProcess, ec2: Any) -> None:
    cloud.settings.limits["vpcs-per-region"] = 6
    vpc = make_vpc(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    for _ in range(5):
        make_vpc(ec2)
    (mine,) = ec2.describe_network_acls(Filters=named("vpc-id", vpc))["NetworkAcls"]
    association = mine["Associations"][0]["NetworkAclAssociationId"]
    only_mine = {
        "network-acl-id": mine["NetworkAclId"],
        "association.association-id": association,
        "association.network-acl-id": mine["NetworkAclId"],
        "association.subnet-id": subnet,
    }
    for name, value in only_mine.items():
        assert ec2.describe_network_acls(Filters=named(name, value))["NetworkAcls"] == [mine], name
    everyone = {
        "default": "true",
        "owner-id": ACCOUNT,
        "entry.cidr": "0.0.0.0/0",
        "entry.egress": "false",
        "entry.protocol": "-1",
        "entry.rule-action": "deny",
        "entry.rule-number": "32767",
    }
    for name, value in everyone.items():
        assert len(ec2.describe_network_acls(Filters=named(name, value))["NetworkAcls"]) == 6, name
        assert ec2.describe_network_acls(Filters=named(name, "other"))["NetworkAcls"] == [], name
    assert pages(ec2.describe_network_acls, "NetworkAcls", 5) == [5, 1]
    refused("InvalidNetworkAclID.NotFound", ec2.describe_network_acls, NetworkAclIds=["acl-01234567"])


def test_entries_with_ports_types_and_ipv6_are_shown_in_their_members(cloud: InProcess, ec2: Any) -> None:
    make_vpc(ec2)
    (acl,) = cloud.draft().mine(NetworkAcl)
    shared: dict[str, Any] = {"home": acl.home, "acl": acl.id, "egress": False, "allow": True}
    cloud.put(
        NetworkAclEntry(number=1, protocol=6, low=80, high=90, cidr=Prefix.parse("192.0.2.0/24"), **shared),
        NetworkAclEntry(number=2, protocol=1, low=8, high=-1, cidr=Prefix.everything(), **shared),
        NetworkAclEntry(number=3, protocol=17, cidr=Prefix.everything(6), **shared),
    )
    (found,) = ec2.describe_network_acls()["NetworkAcls"]
    tcp, icmp, udp = (one for one in found["Entries"] if one["RuleNumber"] < 100)
    assert tcp == {**entry(False, 1, "allow"), "Protocol": "6", "CidrBlock": "192.0.2.0/24"} | {
        "PortRange": {"From": 80, "To": 90}
    }
    assert icmp == {**entry(False, 2, "allow"), "Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}}
    assert (udp["Ipv6CidrBlock"], "CidrBlock" in udp, "PortRange" in udp) == ("::/0", False, False)
    matching = {
        "entry.port-range.from": "80",
        "entry.port-range.to": "90",
        "entry.icmp.type": "8",
        "entry.icmp.code": "-1",
        "entry.ipv6-cidr": "::/0",
    }
    for name, value in matching.items():
        assert len(ec2.describe_network_acls(Filters=named(name, value))["NetworkAcls"]) == 1, name
        assert ec2.describe_network_acls(Filters=named(name, "7"))["NetworkAcls"] == [], name
