"""Subnets, through botocore both ways; the choice of addresses in drafts."""

from typing import Any

import pytest

from atoll.model.kinds import NetworkInterface, PrivateAddress, Subnet
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import subnets
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess


def make(ec2: Any, vpc: str, cidr: str = "10.0.1.0/24", **params: Any) -> str:
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, **params)["Subnet"]["SubnetId"])


def test_create(ec2: Any, vpc: str) -> None:
    tags = tag_specification("subnet", Name="public")
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.1.7/24", AvailabilityZone="us-east-1b", TagSpecifications=tags
    )["Subnet"]
    id_ = subnet.pop("SubnetId")
    assert subnet == {
        "AvailabilityZone": "us-east-1b",
        "AvailabilityZoneId": "use1-az1",
        "AvailableIpAddressCount": 251,
        "CidrBlock": "10.0.1.0/24",
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": False,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "EnableDns64": False,
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": [],
        "OwnerId": ACCOUNT,
        "State": "available",
        "SubnetArn": f"arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/{id_}",
        "Tags": [{"Key": "Name", "Value": "public"}],
        "VpcId": vpc,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
    }
    ec2.get_waiter("subnet_available").wait(SubnetIds=[id_])
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    assert [one["SubnetId"] for one in acl["Associations"]] == [id_]


def test_zones(ec2: Any, vpc: str) -> None:
    first = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]
    assert first["AvailabilityZone"] == "us-east-1a"
    by_id = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZoneId="use1-az4")["Subnet"]
    assert by_id["AvailabilityZone"] == "us-east-1d"
    message = refused(
        "InvalidParameterValue", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="eu-west-1a"
    )
    assert message == (
        "Value (eu-west-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the "
        "following availability zones: us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f."
    )
    both = {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az6"}
    refused("InvalidParameterCombination", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.3.0/24", **both)
    refused(
        "InvalidParameterValue", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.3.0/24", AvailabilityZoneId="use1-az9"
    )


@pytest.mark.parametrize("cidr", ["10.1.0.0/24", "10.0.0.0/15", "10.0.0.0/29", "10.0.1.0/32"])
def test_blocks_outside_the_range(ec2: Any, vpc: str, cidr: str) -> None:
    message = refused("InvalidSubnet.Range", ec2.create_subnet, VpcId=vpc, CidrBlock=cidr)
    assert message == f"The CIDR '{cidr}' is invalid."


def test_blocks_must_not_overlap(ec2: Any, vpc: str) -> None:
    make(ec2, vpc, "10.0.1.0/24")
    for cidr in ("10.0.1.0/24", "10.0.0.0/16", "10.0.1.128/28"):
        message = refused("InvalidSubnet.Conflict", ec2.create_subnet, VpcId=vpc, CidrBlock=cidr)
        assert message == f"The CIDR '{cidr}' conflicts with another subnet"
    make(ec2, vpc, "10.0.2.0/28")
    other = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    make(ec2, other, "10.0.1.0/24")


def test_what_create_refuses(ec2: Any, vpc: str) -> None:
    refused("InvalidParameterValue", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0")
    refused("MissingParameter", ec2.create_subnet, VpcId=vpc)
    refused("MissingParameter", ec2.create_subnet, CidrBlock="10.0.1.0/24")
    refused("InvalidVpcID.NotFound", ec2.create_subnet, VpcId="vpc-01234567", CidrBlock="10.0.1.0/24")
    refused("InvalidParameterCombination", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0/24", Ipv6Native=True)
    message = refused("MissingParameter", ec2.create_subnet, VpcId=vpc, Ipv6Native=True)
    assert message == "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."
    refused("UnsupportedOperation", ec2.create_subnet, VpcId=vpc, Ipv6Native=True, Ipv6CidrBlock="2001:db8::/64")
    refused("UnsupportedOperation", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0/24", OutpostArn="arn:aws:x")
    refused("DryRunOperation", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0/24", DryRun=True)
    assert ec2.describe_subnets()["Subnets"] == []


def test_quota(cloud: InProcess, ec2: Any, vpc: str) -> None:
    cloud.settings.limits["subnets-per-vpc"] = 1
    make(ec2, vpc)
    refused("SubnetLimitExceeded", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.2.0/24")


def interface(cloud: InProcess, vpc: str, subnet: str) -> NetworkInterface:
    return NetworkInterface(
        id="eni-00000001",
        home=cloud.draft().home,
        vpc=vpc,
        subnet=subnet,
        zone="us-east-1a",
        mac="02:00:00:00:00:01",
        groups=(),
    )


def test_delete(cloud: InProcess, ec2: Any, vpc: str) -> None:
    before = cloud.entities()
    subnet = make(ec2, vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    eni = interface(cloud, vpc, subnet)
    cloud.put(eni)
    message = refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    assert message == f"The subnet '{subnet}' has dependencies and cannot be deleted."
    cloud.table.apply({eni.key: (eni, None)})
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=table)
    assert cloud.entities() == before
    assert refused("InvalidSubnetID.NotFound", ec2.delete_subnet, SubnetId=subnet) == (
        f"The subnet ID '{subnet}' does not exist"
    )
    refused("InvalidSubnetId.Malformed", ec2.delete_subnet, SubnetId="subnet-x")


def test_modify(ec2: Any, vpc: str) -> None:
    subnet = make(ec2, vpc)
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    (found,) = ec2.describe_subnets()["Subnets"]
    assert found["MapPublicIpOnLaunch"] is True
    assert found["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    assert ec2.describe_subnets()["Subnets"][0]["MapPublicIpOnLaunch"] is False


def test_what_modify_refuses(ec2: Any, vpc: str) -> None:
    subnet = make(ec2, vpc)
    change = ec2.modify_subnet_attribute
    refused("MissingParameter", change, SubnetId=subnet)
    refused("MissingParameter", change, SubnetId=subnet, MapPublicIpOnLaunch={})
    refused("InvalidParameterValue", change, SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="name")
    refused("UnsupportedOperation", change, SubnetId=subnet, EnableLniAtDeviceIndex=1)
    refused("UnsupportedOperation", change, SubnetId=subnet, CustomerOwnedIpv4Pool="ipv4pool-coip-1")
    refused("InvalidSubnetID.NotFound", change, SubnetId="subnet-01234567", MapPublicIpOnLaunch={"Value": True})
    both = {"MapPublicIpOnLaunch": {"Value": True}, "PrivateDnsHostnameTypeOnLaunch": "ip-name"}
    refused("InvalidParameterCombination", change, SubnetId=subnet, **both)


@pytest.mark.parametrize("name", subnets.ALWAYS_OFF)
def test_what_needs_ipv6_or_an_outpost_is_off(ec2: Any, vpc: str, name: str) -> None:
    subnet = make(ec2, vpc)
    before = ec2.describe_subnets()["Subnets"]
    ec2.modify_subnet_attribute(SubnetId=subnet, **{name: {"Value": False}})
    message = refused("UnsupportedOperation", ec2.modify_subnet_attribute, SubnetId=subnet, **{name: {"Value": True}})
    assert message.startswith(f"{name}=true is not built")
    assert ec2.describe_subnets()["Subnets"] == before


FOUND = {
    "availability-zone": "us-east-1b",
    "availabilityZone": "us-east-1b",
    "availability-zone-id": "use1-az1",
    "available-ip-address-count": "11",
    "cidr": "10.0.2.0/28",
    "cidr-block": "10.0.2.0/28",
    "cidrBlock": "10.0.2.0/28",
    "map-public-ip-on-launch": "true",
    "private-dns-name-options-on-launch.hostname-type": "resource-name",
    "subnet-arn": "arn:aws:ec2:*:subnet/subnet-*",
    "state": "available",
    "owner-id": ACCOUNT,
    "default-for-az": "false",
    "ipv6-native": "false",
    "enable-dns64": "false",
}
OF_ALL = ("subnet-arn", "state", "owner-id", "default-for-az", "ipv6-native", "enable-dns64")


@pytest.mark.parametrize(("name", "value"), FOUND.items())
def test_filters(ec2: Any, vpc: str, name: str, value: str) -> None:
    make(ec2, vpc)
    subnet = make(ec2, vpc, "10.0.2.0/28", AvailabilityZone="us-east-1b")
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    found = ec2.describe_subnets(Filters=named(name, value))["Subnets"]
    assert len(found) == (2 if name in OF_ALL else 1)
    assert subnet in [one["SubnetId"] for one in found]
    assert ec2.describe_subnets(Filters=named(name, "other"))["Subnets"] == []


def test_filters_by_vpc_and_pages(ec2: Any, vpc: str) -> None:
    other = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    make(ec2, other)
    mine = [make(ec2, vpc, f"10.0.{number}.0/24") for number in range(6)]
    found = ec2.describe_subnets(Filters=named("vpc-id", vpc, vpc))["Subnets"]
    assert [subnet["SubnetId"] for subnet in found] == mine
    assert len(ec2.describe_subnets(Filters=named("vpc-id", vpc, other))["Subnets"]) == 7
    assert pages(ec2.describe_subnets, "Subnets", 5, Filters=named("vpc-id", vpc)) == [5, 1]
    (one,) = ec2.describe_subnets(SubnetIds=[mine[2]])["Subnets"]
    assert one["CidrBlock"] == "10.0.2.0/24"


def in_draft(cloud: InProcess, ec2: Any, vpc: str, cidr: str = "10.0.1.0/28") -> tuple[Tx, Subnet]:
    tx = cloud.draft()
    subnet = make(ec2, vpc, cidr)
    found = tx.get(Subnet, subnet)
    assert found is not None
    return tx, found


def take(tx: Tx, subnet: Subnet, ip: str) -> None:
    tx.put(
        PrivateAddress(
            home=subnet.home, subnet=subnet.id, vpc=subnet.vpc, ip=ip, interface="eni-1", primary=True, slot=0
        )
    )


def test_every_address_but_the_reserved_ones_is_allocated_once(cloud: InProcess, ec2: Any, vpc: str) -> None:
    tx, subnet = in_draft(cloud, ec2, vpc)
    allocated = []
    for _ in range(11):
        allocated.append(subnets.allocate_ip(tx, subnet))
        take(tx, subnet, allocated[-1])
    assert sorted(allocated, key=lambda ip: int(ip.rpartition(".")[2])) == [f"10.0.1.{last}" for last in range(4, 15)]
    with pytest.raises(AwsError, match="InsufficientFreeAddressesInSubnet"):
        subnets.allocate_ip(tx, subnet)


def test_the_last_free_address_of_a_large_subnet_is_found(cloud: InProcess, ec2: Any, vpc: str) -> None:
    tx, subnet = in_draft(cloud, ec2, vpc, "10.0.16.0/20")
    for offset in range(4, 4095):
        if offset != 77:
            take(tx, subnet, subnet.prefix.address(offset))
    assert subnets.allocate_ip(tx, subnet) == subnet.prefix.address(77)


@pytest.mark.parametrize(
    ("ip", "code", "text"),
    [
        ("10.0.2.4", "InvalidParameterValue", "Address 10.0.2.4 does not fall within the subnet's address range"),
        ("10.0.1.0", "InvalidParameterValue", "Address 10.0.1.0 is in subnet's reserved address range"),
        ("10.0.1.3", "InvalidParameterValue", "Address 10.0.1.3 is in subnet's reserved address range"),
        ("10.0.1.15", "InvalidParameterValue", "Address 10.0.1.15 is in subnet's reserved address range"),
        ("10.0.1.5", "InvalidIPAddress.InUse", "already in use"),
        ("10.0.1", "InvalidParameterValue", "Must be a valid IPv4 address."),
        ("::1", "InvalidParameterValue", "Must be a valid IPv4 address."),
    ],
)
def test_addresses_that_cannot_be_claimed(cloud: InProcess, ec2: Any, vpc: str, ip: str, code: str, text: str) -> None:
    tx, subnet = in_draft(cloud, ec2, vpc)
    take(tx, subnet, "10.0.1.5")
    with pytest.raises(AwsError) as caught:
        subnets.claim_ip(tx, subnet, ip)
    assert caught.value.code == code
    assert text in caught.value.message


def test_addresses_that_can_be_claimed(cloud: InProcess, ec2: Any, vpc: str) -> None:
    tx, subnet = in_draft(cloud, ec2, vpc)
    assert [subnets.claim_ip(tx, subnet, ip) for ip in ("10.0.1.4", "10.0.1.14")] == ["10.0.1.4", "10.0.1.14"]
