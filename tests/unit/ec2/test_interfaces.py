"""Network interfaces: create, delete, describe."""

import pytest

from atoll.model.tx import Settings
from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab


def test_create_answers_pending_and_describe_available(lab: Lab) -> None:
    group = lab.group("web")
    made = lab.ec2.create_network_interface(
        SubnetId=lab.subnet,
        Description="second",
        PrivateIpAddress="10.0.1.50",
        Groups=[group],
        TagSpecifications=tag_specification("network-interface", Name="eth1"),
    )
    shown = made["NetworkInterface"]
    assert made["ClientToken"]  # boto3 makes one
    assert shown["Status"] == "pending"
    described = lab.eni(shown["NetworkInterfaceId"])
    assert described == {**shown, "Status": "available"}
    mac = described["MacAddress"]
    assert {key: value for key, value in described.items() if key not in ("NetworkInterfaceId", "MacAddress")} == {
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az6",
        "Description": "second",
        "Groups": [{"GroupId": group, "GroupName": "web"}],
        "InterfaceType": "interface",
        "Ipv6Addresses": [],
        "Operator": {"Managed": False},
        "OwnerId": ACCOUNT,
        "PrivateIpAddress": "10.0.1.50",
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.1.50"}],
        "RequesterManaged": False,
        "SourceDestCheck": True,
        "Status": "available",
        "SubnetId": lab.subnet,
        "TagSet": [{"Key": "Name", "Value": "eth1"}],
        "VpcId": lab.vpc,
    }
    assert int(mac[:2], 16) & 3 == 2  # locally administered, unicast


def test_names_are_shown_where_the_vpc_gives_names(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddress="10.0.1.9")
    assert "PrivateDnsName" not in lab.eni(eni)
    lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, EnableDnsHostnames={"Value": True})
    assert lab.eni(eni)["PrivateDnsName"] == "ip-10-0-1-9.ec2.internal"
    allocation, public = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni)
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    assert lab.eni(eni)["Association"]["PublicDnsName"] == name


def test_the_default_group_is_worn_when_none_is_named(lab: Lab) -> None:
    assert [one["GroupName"] for one in lab.eni(lab.interface())["Groups"]] == ["default"]


def test_secondary_addresses_by_name(lab: Lab) -> None:
    eni = lab.interface(
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.20"},
            {"PrivateIpAddress": "10.0.1.21", "Primary": True},
            {"PrivateIpAddress": "10.0.1.22", "Primary": False},
        ]
    )
    shown = [(one["PrivateIpAddress"], one["Primary"]) for one in lab.eni(eni)["PrivateIpAddresses"]]
    assert shown == [("10.0.1.21", True), ("10.0.1.20", False), ("10.0.1.22", False)]


def test_secondary_addresses_by_number_count_in_the_subnet(lab: Lab) -> None:
    before = lab.ec2.describe_subnets(SubnetIds=[lab.subnet])["Subnets"][0]["AvailableIpAddressCount"]
    eni = lab.interface(SecondaryPrivateIpAddressCount=3)
    assert len(lab.eni(eni)["PrivateIpAddresses"]) == 4
    after = lab.ec2.describe_subnets(SubnetIds=[lab.subnet])["Subnets"][0]["AvailableIpAddressCount"]
    assert before - after == 4


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidParameterValue", {"PrivateIpAddress": "10.0.9.9"}),
        ("InvalidParameterValue", {"PrivateIpAddress": "10.0.1.2"}),
        ("InvalidIPAddress.InUse", {"PrivateIpAddress": "10.0.1.77"}),
        ("InvalidGroup.NotFound", {"Groups": ["sg-0123456789abcdef0"]}),
        ("InvalidGroupId.Malformed", {"Groups": ["web"]}),
        (
            "InvalidParameterCombination",
            {"PrivateIpAddress": "10.0.1.8", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.9", "Primary": True}]},
        ),
        (
            "InvalidParameterCombination",
            {"SecondaryPrivateIpAddressCount": 1, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.9"}]},
        ),
        ("PrivateIpAddressLimitExceeded", {"SecondaryPrivateIpAddressCount": 64}),
        ("InvalidParameterValue", {"SecondaryPrivateIpAddressCount": -1}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 30}}),
        ("InvalidParameterValue", {"TagSpecifications": tag_specification("instance", Name="x")}),
        ("UnsupportedOperation", {"InterfaceType": "efa"}),
        ("UnsupportedOperation", {"Ipv6AddressCount": 1}),
    ],
)
def test_refused_creations_leave_nothing(lab: Lab, code: str, params: dict[str, object]) -> None:
    lab.interface(PrivateIpAddress="10.0.1.77")
    before = dict(lab.cloud.table.records)
    refused(code, lab.ec2.create_network_interface, SubnetId=lab.subnet, **params)
    assert lab.cloud.table.records == before


def test_a_group_of_another_vpc_is_refused(lab: Lab) -> None:
    other = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = lab.ec2.create_security_group(GroupName="web", Description="d", VpcId=other)["GroupId"]
    message = refused("InvalidParameter", lab.ec2.create_network_interface, SubnetId=lab.subnet, Groups=[group])
    assert message == f"Security group {group} and subnet {lab.subnet} belong to different networks."


def test_a_sixth_group_is_refused(lab: Lab) -> None:
    groups = [lab.group(f"g{number}") for number in range(6)]
    lab.interface(Groups=groups[:5])
    refused(
        "SecurityGroupsPerInterfaceLimitExceeded",
        lab.ec2.create_network_interface,
        SubnetId=lab.subnet,
        Groups=groups,
    )


def test_unknown_subnets(lab: Lab) -> None:
    create = lab.ec2.create_network_interface
    refused("InvalidSubnetID.NotFound", create, SubnetId="subnet-0123456789abcdef0")
    refused("InvalidSubnetId.Malformed", create, SubnetId="vpc-0123456789abcdef0")


def test_a_full_subnet(lab: Lab) -> None:
    tiny = lab.make_subnet("10.0.3.0/28")
    for _ in range(11):
        lab.interface(tiny)
    refused("InsufficientFreeAddressesInSubnet", lab.ec2.create_network_interface, SubnetId=tiny)


def test_the_regions_quota() -> None:
    lab = Lab(InProcess(settings=Settings(limits={"interfaces-per-region": 1})))
    lab.interface()
    refused("NetworkInterfaceLimitExceeded", lab.ec2.create_network_interface, SubnetId=lab.subnet)


def test_dry_run_and_client_token(lab: Lab) -> None:
    create = lab.ec2.create_network_interface
    refused("DryRunOperation", create, SubnetId=lab.subnet, DryRun=True)
    assert lab.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    first = create(SubnetId=lab.subnet, ClientToken="once")["NetworkInterface"]
    assert create(SubnetId=lab.subnet, ClientToken="once")["NetworkInterface"] == first
    refused("IdempotentParameterMismatch", create, SubnetId=lab.other_zone, ClientToken="once")
    assert len(lab.ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_delete_frees_addresses_and_elastic_ips(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddress="10.0.1.30")
    allocation, _ = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni)
    lab.ec2.delete_network_interface(NetworkInterfaceId=eni)
    refused("InvalidNetworkInterfaceID.NotFound", lab.ec2.describe_network_interfaces, NetworkInterfaceIds=[eni])
    assert "AssociationId" not in lab.address(allocation)
    lab.interface(PrivateIpAddress="10.0.1.30")
    refused("InvalidNetworkInterfaceID.NotFound", lab.ec2.delete_network_interface, NetworkInterfaceId=eni)


def test_delete_of_an_attached_interface(lab: Lab) -> None:
    eni = lab.primary(lab.launch())
    refused("InvalidParameterValue", lab.ec2.delete_network_interface, NetworkInterfaceId=eni)


def test_malformed_ids(lab: Lab) -> None:
    describe = lab.ec2.describe_network_interfaces
    refused("InvalidNetworkInterfaceId.Malformed", describe, NetworkInterfaceIds=["eni-xyz"])


def test_pages(lab: Lab) -> None:
    enis = [lab.interface() for _ in range(7)]
    describe = lab.ec2.describe_network_interfaces
    assert pages(describe, "NetworkInterfaces", 5) == [5, 2]
    refused("InvalidParameterValue", describe, MaxResults=4)
    refused("InvalidParameterCombination", describe, MaxResults=5, NetworkInterfaceIds=enis[:1])
    refused("InvalidNextToken", describe, MaxResults=5, NextToken="nonsense")


def test_every_filter_finds_the_one_and_not_the_other(lab: Lab) -> None:
    lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, EnableDnsHostnames={"Value": True})
    group = lab.group("web")
    instance = lab.launch()
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    one = lab.interface(
        Description="one", Groups=[group], TagSpecifications=tag_specification("network-interface", Name="one")
    )
    attachment = lab.ec2.attach_network_interface(NetworkInterfaceId=one, InstanceId=instance, DeviceIndex=1)
    lab.ec2.modify_network_interface_attribute(NetworkInterfaceId=one, SourceDestCheck={"Value": False})
    allocation, public = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=one)["AssociationId"]
    other = lab.interface(lab.other_zone)
    shown = lab.eni(one)
    wanted = {
        "association.allocation-id": allocation,
        "association.association-id": association,
        "association.ip-owner-id": ACCOUNT,
        "association.public-ip": public,
        "association.public-dns-name": shown["Association"]["PublicDnsName"],
        "addresses.association.owner-id": ACCOUNT,
        "addresses.association.public-ip": public,
        "addresses.private-ip-address": shown["PrivateIpAddress"],
        "attachment.attachment-id": attachment["AttachmentId"],
        "attachment.attach-time": "2023-11-14T22:13:20.000Z",
        "attachment.delete-on-termination": "false",
        "attachment.device-index": "1",
        "attachment.instance-id": instance,
        "attachment.instance-owner-id": ACCOUNT,
        "attachment.status": "attached",
        "availability-zone": "us-east-1a",
        "availability-zone-id": "use1-az6",
        "description": "one",
        "group-id": group,
        "group-name": "web",
        "mac-address": shown["MacAddress"],
        "network-interface-id": one,
        "private-dns-name": shown["PrivateDnsName"],
        "private-ip-address": shown["PrivateIpAddress"],
        "source-dest-check": "false",
        "status": "in-use",
        "subnet-id": lab.subnet,
        "tag:Name": "one",
        "tag-key": "Name",
    }
    for name, value in wanted.items():
        found = {eni["NetworkInterfaceId"] for eni in _found(lab, name, value)}
        assert one in found, name
        assert other not in found, name


def test_filters_that_all_pass_and_that_none_does(lab: Lab) -> None:
    eni = lab.interface()
    everything = {
        "addresses.primary": "true",
        "interface-type": "interface",
        "operator.managed": "false",
        "owner-id": ACCOUNT,
        "requester-managed": "false",
        "vpc-id": lab.vpc,
    }
    for name, value in everything.items():
        assert [one["NetworkInterfaceId"] for one in _found(lab, name, value)] == [eni], name
        assert _found(lab, name, "nothing-like-it") == [], name
    for name in ("ipv6-addresses.ipv6-address", "requester-id", "operator.principal"):
        assert _found(lab, name, "*") == [], name
    refused("InvalidParameterValue", lab.ec2.describe_network_interfaces, Filters=filters(colour="red"))


def _found(lab: Lab, name: str, value: str) -> list[dict[str, object]]:
    return list(lab.ec2.describe_network_interfaces(Filters=named(name, value))["NetworkInterfaces"])


def test_the_waiter_finishes(lab: Lab) -> None:
    eni = lab.interface()
    lab.ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni])


def test_accounts_and_regions_see_their_own(lab: Lab) -> None:
    eni = lab.interface()
    elsewhere = lab.cloud.client(region="eu-west-1")
    refused("InvalidNetworkInterfaceID.NotFound", elsewhere.describe_network_interfaces, NetworkInterfaceIds=[eni])
    stranger = lab.cloud.client(account="210987654321")
    assert stranger.describe_network_interfaces()["NetworkInterfaces"] == []
