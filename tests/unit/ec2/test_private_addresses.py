"""Secondary private addresses (facts 53, 54)."""

import pytest

from tests.support.expect import refused
from tests.support.lab import Lab


def addresses(lab: Lab, eni: str) -> list[str]:
    return [one["PrivateIpAddress"] for one in lab.eni(eni)["PrivateIpAddresses"]]


def test_assign_by_name_and_by_number(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddress="10.0.1.10")
    answer = lab.ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.12", "10.0.1.11"])
    assert answer["NetworkInterfaceId"] == eni
    assert answer["AssignedPrivateIpAddresses"] == [
        {"PrivateIpAddress": "10.0.1.12"},
        {"PrivateIpAddress": "10.0.1.11"},
    ]
    answer = lab.ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=2)
    chosen = [one["PrivateIpAddress"] for one in answer["AssignedPrivateIpAddresses"]]
    assert addresses(lab, eni) == ["10.0.1.10", "10.0.1.12", "10.0.1.11", *chosen]
    assert [one["Primary"] for one in lab.eni(eni)["PrivateIpAddresses"]] == [True, False, False, False, False]


def test_assigning_what_it_has_changes_nothing(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.12"}])
    before = lab.eni(eni)
    lab.ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.12"])
    assert lab.eni(eni) == before


def test_another_interfaces_address_moves_only_if_allowed_and_with_its_elastic_ip(lab: Lab) -> None:
    old, new = lab.interface(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.12"}]), lab.interface()
    allocation, public = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=old, PrivateIpAddress="10.0.1.12")
    assign = lab.ec2.assign_private_ip_addresses
    refused("Resource.AlreadyAssigned", assign, NetworkInterfaceId=new, PrivateIpAddresses=["10.0.1.12"])
    assert "10.0.1.12" in addresses(lab, old)
    assign(NetworkInterfaceId=new, PrivateIpAddresses=["10.0.1.12"], AllowReassignment=True)
    assert "10.0.1.12" not in addresses(lab, old)
    moved = lab.eni(new)["PrivateIpAddresses"][1]
    assert (moved["PrivateIpAddress"], moved["Association"]["PublicIp"]) == ("10.0.1.12", public)
    assert lab.address(allocation)["NetworkInterfaceId"] == new


def test_a_primary_address_never_moves(lab: Lab) -> None:
    lab.interface(PrivateIpAddress="10.0.1.10")
    refused(
        "InvalidParameterValue",
        lab.ec2.assign_private_ip_addresses,
        NetworkInterfaceId=lab.interface(),
        PrivateIpAddresses=["10.0.1.10"],
        AllowReassignment=True,
    )


def test_all_or_nothing(lab: Lab) -> None:
    eni = lab.interface()
    before = lab.eni(eni)
    for bad in ("10.0.9.9", "10.0.1.255", "cheese"):
        refused(
            "InvalidParameterValue",
            lab.ec2.assign_private_ip_addresses,
            NetworkInterfaceId=eni,
            PrivateIpAddresses=["10.0.1.12", bad],
        )
    assert lab.eni(eni) == before


@pytest.mark.parametrize("params", [{}, {"PrivateIpAddresses": ["10.0.1.12"], "SecondaryPrivateIpAddressCount": 1}])
def test_names_or_a_number(lab: Lab, params: dict[str, object]) -> None:
    assign = lab.ec2.assign_private_ip_addresses
    refused("InvalidParameterCombination", assign, NetworkInterfaceId=lab.interface(), **params)


def test_the_types_limit_holds_once_attached(lab: Lab) -> None:
    alone, eth0 = lab.interface(), lab.primary(lab.launch())  # a t2.micro: two addresses an ENI
    assign = lab.ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=alone, SecondaryPrivateIpAddressCount=5)
    assign(NetworkInterfaceId=eth0, SecondaryPrivateIpAddressCount=1)
    message = refused(
        "PrivateIpAddressLimitExceeded", assign, NetworkInterfaceId=eth0, SecondaryPrivateIpAddressCount=1
    )
    assert message == f"{eth0}: Number of private addresses will exceed limit."


def test_unassign_drops_the_elastic_ip(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.12"}])
    allocation, _ = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni, PrivateIpAddress="10.0.1.12")
    lab.ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.12"])
    assert len(addresses(lab, eni)) == 1
    assert "AssociationId" not in lab.address(allocation)
    lab.interface(PrivateIpAddress="10.0.1.12")


def test_refused_unassignments(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddress="10.0.1.10", PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.12"}])
    unassign = lab.ec2.unassign_private_ip_addresses
    refused("InvalidParameterValue", unassign, NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.12", "10.0.1.10"])
    refused("InvalidParameterValue", unassign, NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.13"])
    refused("MissingParameter", unassign, NetworkInterfaceId=eni)
    assert addresses(lab, eni) == ["10.0.1.10", "10.0.1.12"]
