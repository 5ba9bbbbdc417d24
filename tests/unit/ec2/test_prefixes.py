"""Prefix delegation: blocks of sixteen addresses on an ENI (fact 55)."""

from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.support.expect import named, refused
from tests.support.lab import Lab

BLOCK = "10.0.1.32/28"
NITRO = "m5.large"
"""Three ENIs with ten addresses each."""


def blocks(lab: Lab, interface: str) -> list[str]:
    return [one["Ipv4Prefix"] for one in lab.eni(interface).get("Ipv4Prefixes", [])]


def free(lab: Lab, subnet: str) -> int:
    (found,) = lab.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    return int(found["AvailableIpAddressCount"])


def test_created_with_blocks(lab: Lab) -> None:
    before = free(lab, lab.subnet)
    interface = lab.interface(Ipv4Prefixes=[{"Ipv4Prefix": BLOCK}])
    shown = lab.eni(interface)
    assert shown["Ipv4Prefixes"] == [{"Ipv4Prefix": BLOCK}]
    assert len(shown["PrivateIpAddresses"]) == 1
    assert free(lab, lab.subnet) == before - 17
    chosen = blocks(lab, lab.interface(Ipv4PrefixCount=2))
    assert len({*chosen, BLOCK}) == 3
    assert all(IPv4Network(one).subnet_of(IPv4Network("10.0.1.0/24")) for one in chosen)
    describe = lab.ec2.describe_network_interfaces
    (found,) = describe(Filters=named("ipv4-prefixes.ipv4-prefix", BLOCK))["NetworkInterfaces"]
    assert found == shown
    assert "Ipv4Prefixes" not in lab.eni(lab.interface())


def test_assign_and_unassign(lab: Lab) -> None:
    interface = lab.interface()
    assign, unassign = lab.ec2.assign_private_ip_addresses, lab.ec2.unassign_private_ip_addresses
    answer = assign(NetworkInterfaceId=interface, Ipv4Prefixes=[BLOCK])
    assert answer["AssignedIpv4Prefixes"] == [{"Ipv4Prefix": BLOCK}]
    (made,) = assign(NetworkInterfaceId=interface, Ipv4PrefixCount=1)["AssignedIpv4Prefixes"]
    assert blocks(lab, interface) == [BLOCK, made["Ipv4Prefix"]]
    assign(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
    assert len(lab.eni(interface)["PrivateIpAddresses"]) == 2
    refused("InvalidParameterValue", unassign, NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.33"])
    unassign(NetworkInterfaceId=interface, Ipv4Prefixes=[BLOCK])
    assert blocks(lab, interface) == [made["Ipv4Prefix"]]
    refused("InvalidParameterValue", unassign, NetworkInterfaceId=interface, Ipv4Prefixes=[BLOCK])
    assert lab.interface(PrivateIpAddress="10.0.1.33")
    lab.ec2.delete_network_interface(NetworkInterfaceId=interface)
    whole = lab.interface(Ipv4Prefixes=[made])
    assert blocks(lab, whole) == [made["Ipv4Prefix"]]


def test_reserved_blocks_come_first_or_never(lab: Lab) -> None:
    subnet = lab.make_subnet("10.0.9.0/26")  # two blocks hold none of its own reserved addresses
    reserve = lab.ec2.create_subnet_cidr_reservation
    reserve(SubnetId=subnet, Cidr="10.0.9.32/28", ReservationType="prefix")
    assert blocks(lab, lab.interface(subnet, Ipv4PrefixCount=1, PrivateIpAddress="10.0.9.4")) == ["10.0.9.32/28"]
    explicit = reserve(SubnetId=subnet, Cidr="10.0.9.16/28", ReservationType="explicit")["SubnetCidrReservation"]
    create = lab.ec2.create_network_interface
    refused("InsufficientCidrBlocks", create, SubnetId=subnet, Ipv4PrefixCount=1)
    lab.ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=explicit["SubnetCidrReservationId"])
    assert blocks(lab, lab.interface(subnet, Ipv4PrefixCount=1, PrivateIpAddress="10.0.9.5")) == ["10.0.9.16/28"]


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidParameterValue", {"Ipv4Prefixes": ["10.0.1.33/28"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["10.0.1.32/27"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["cheese"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["fd00::/28"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["10.0.2.32/28"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["10.0.1.0/28"]}),
        ("InvalidParameterValue", {"Ipv4Prefixes": ["10.0.1.240/28"]}),
        ("InvalidIPAddress.InUse", {"Ipv4Prefixes": ["10.0.1.64/28"]}),
        ("InvalidParameterValue", {"Ipv4PrefixCount": -1}),
        ("InvalidParameterCombination", {"Ipv4PrefixCount": 1, "Ipv4Prefixes": [BLOCK]}),
        ("InvalidParameterCombination", {"Ipv4PrefixCount": 1, "SecondaryPrivateIpAddressCount": 1}),
        ("InvalidParameterCombination", {"Ipv4PrefixCount": 1, "PrivateIpAddresses": ["10.0.1.9"]}),
        ("PrivateIpAddressLimitExceeded", {"Ipv4PrefixCount": 64}),
        ("InsufficientCidrBlocks", {"Ipv4PrefixCount": 14}),
        ("InvalidParameterCombination", {}),
    ],
)
def test_refused_blocks_leave_nothing(lab: Lab, code: str, params: dict[str, Any]) -> None:
    lab.interface(PrivateIpAddress="10.0.1.77")
    interface = lab.interface(PrivateIpAddress="10.0.1.9")
    before = dict(lab.cloud.table.records)
    refused(code, lab.ec2.assign_private_ip_addresses, NetworkInterfaceId=interface, **params)
    assert lab.cloud.table.records == before


def test_an_address_of_a_block_is_nobody_elses(lab: Lab) -> None:
    holder, other = lab.interface(Ipv4Prefixes=[{"Ipv4Prefix": BLOCK}]), lab.interface()
    refused("InvalidIPAddress.InUse", lab.interface, PrivateIpAddress="10.0.1.40")
    assign = lab.ec2.assign_private_ip_addresses
    taken = {"NetworkInterfaceId": other, "PrivateIpAddresses": ["10.0.1.40"], "AllowReassignment": True}
    refused("InvalidParameterValue", assign, **taken)
    allocation, _ = lab.elastic_ip()
    bound = {"AllocationId": allocation, "NetworkInterfaceId": holder, "PrivateIpAddress": "10.0.1.40"}
    refused("InvalidParameterValue", lab.ec2.associate_address, **bound)
    tiny = lab.make_subnet("10.0.9.0/28")
    refused("InsufficientCidrBlocks", lab.ec2.create_network_interface, SubnetId=tiny, Ipv4PrefixCount=1)


def test_a_block_counts_as_one_address_of_the_type(lab: Lab) -> None:
    instance = lab.launch(InstanceType=NITRO)
    interface = lab.primary(instance)
    assign = lab.ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=interface, Ipv4PrefixCount=9)
    refused("PrivateIpAddressLimitExceeded", assign, NetworkInterfaceId=interface, Ipv4PrefixCount=1)
    refused("PrivateIpAddressLimitExceeded", assign, NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    modify = lab.ec2.modify_instance_attribute
    refused("PrivateIpAddressLimitExceeded", modify, InstanceId=instance, InstanceType={"Value": "t3.micro"})


def test_nitro_types_alone(lab: Lab) -> None:
    instance = lab.launch(InstanceType="t2.micro")
    assign = lab.ec2.assign_private_ip_addresses
    told = refused("InvalidParameterCombination", assign, NetworkInterfaceId=lab.primary(instance), Ipv4PrefixCount=1)
    assert "t2.micro" in told
    interface = lab.interface(Ipv4PrefixCount=1)
    attach = {"NetworkInterfaceId": interface, "DeviceIndex": 1}
    refused("InvalidParameterCombination", lab.ec2.attach_network_interface, InstanceId=instance, **attach)
    nitro = lab.launch(InstanceType=NITRO)
    lab.ec2.attach_network_interface(InstanceId=nitro, **attach)
    lab.ec2.stop_instances(InstanceIds=[nitro])
    lab.settle()
    modify = lab.ec2.modify_instance_attribute
    refused("InvalidParameterCombination", modify, InstanceId=nitro, InstanceType={"Value": "t2.small"})


def test_at_launch(lab: Lab) -> None:
    nic = {"DeviceIndex": 0, "SubnetId": lab.subnet}
    instance = lab.launch(InstanceType=NITRO, NetworkInterfaces=[nic | {"Ipv4PrefixCount": 2}])
    (shown,) = lab.instance(instance)["NetworkInterfaces"]
    assert [one["Ipv4Prefix"] for one in shown["Ipv4Prefixes"]] == blocks(lab, shown["NetworkInterfaceId"])
    assert len(shown["Ipv4Prefixes"]) == 2
    describe = lab.ec2.describe_instances
    one = shown["Ipv4Prefixes"][0]["Ipv4Prefix"]
    assert describe(Filters=named("network-interface.ipv4-prefixes.ipv4-prefix", one))["Reservations"]
    launch = lab.launch_pending
    refused("InvalidParameterCombination", launch, NetworkInterfaces=[nic | {"Ipv4PrefixCount": 1}])
    several = nic | {"Ipv4Prefixes": [{"Ipv4Prefix": BLOCK}]}
    refused(
        "InvalidParameterCombination", launch, InstanceType=NITRO, MinCount=2, MaxCount=2, NetworkInterfaces=[several]
    )
    refused(
        "InvalidInterface.IpAddressLimitExceeded",
        launch,
        InstanceType=NITRO,
        NetworkInterfaces=[nic | {"Ipv4PrefixCount": 10}],
    )
    refused(
        "MissingParameter", launch, InstanceType=NITRO, NetworkInterfaces=[nic | {"Ipv4Prefixes": [{"Ipv4Prefix": ""}]}]
    )
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    assert free(lab, lab.subnet) == 251
