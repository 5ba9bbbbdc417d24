"""Elastic IPs handed on to another account (fact 70), and their names for reverse look-ups (fact 68)."""

from typing import Any

import pytest

from tests.support.expect import refused, tag_specification
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab

OTHER = "210987654321"
DAY = 86_400


def offer(lab: Lab, allocation: str, account: str = OTHER) -> dict[str, Any]:
    answer = lab.ec2.enable_address_transfer(AllocationId=allocation, TransferAccountId=account)
    return dict(answer["AddressTransfer"])


def transfers(lab: Lab, **params: Any) -> list[dict[str, Any]]:
    return list(lab.ec2.describe_address_transfers(**params)["AddressTransfers"])


def test_offer_and_accept(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    lab.ec2.create_tags(Resources=[allocation], Tags=[{"Key": "Name", "Value": "mine"}])
    made = offer(lab, allocation)
    assert made == {
        "AddressTransferStatus": "pending",
        "AllocationId": allocation,
        "PublicIp": public,
        "TransferAccountId": OTHER,
        "TransferOfferExpirationTimestamp": made["TransferOfferExpirationTimestamp"],
    }
    assert transfers(lab) == transfers(lab, AllocationIds=[allocation]) == [made]
    other = lab.cloud.client(account=OTHER)
    assert other.describe_address_transfers()["AddressTransfers"] == []
    tags = tag_specification("elastic-ip", Of="transfer")
    taken = other.accept_address_transfer(Address=public, TagSpecifications=tags)["AddressTransfer"]
    assert (taken["AddressTransferStatus"], taken["PublicIp"]) == ("accepted", public)
    assert lab.ec2.describe_addresses()["Addresses"] == []
    (address,) = other.describe_addresses()["Addresses"]
    assert (address["PublicIp"], address["Tags"]) == (public, [{"Key": "Of", "Value": "transfer"}])
    assert address["AllocationId"] != allocation
    refused("InvalidAddress.NotFound", other.accept_address_transfer, Address=public)
    (shown,) = transfers(lab, AllocationIds=[allocation])
    assert shown["AddressTransferStatus"] == "accepted"
    lab.cloud.now += 3 * DAY
    assert transfers(lab) == []
    other.release_address(AllocationId=address["AllocationId"])
    assert lab.ec2.allocate_address(Address=public)["PublicIp"] == public


def test_what_stands_in_the_way_of_accepting(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=lab.interface())
    offer(lab, allocation)
    other = lab.cloud.client(account=OTHER)
    accept = other.accept_address_transfer
    refused("InvalidTransfer.AddressAssociated", accept, Address=public)
    lab.ec2.disassociate_address(AssociationId=association["AssociationId"])
    lab.ec2.modify_address_attribute(AllocationId=allocation, DomainName="mail.example.com")
    refused("InvalidTransfer.AddressCustomPtrSet", accept, Address=public)
    lab.ec2.reset_address_attribute(AllocationId=allocation, Attribute="domain-name")
    for _ in range(5):
        other.allocate_address()
    refused("AddressLimitExceeded", accept, Address=public)
    other.release_address(AllocationId=other.describe_addresses()["Addresses"][0]["AllocationId"])
    refused("DryRunOperation", accept, Address=public, DryRun=True)
    elsewhere = lab.cloud.client(account=OTHER, region="eu-west-1")
    refused("InvalidAddress.NotFound", elsewhere.accept_address_transfer, Address=public)
    stranger = lab.cloud.client(account="111122223333")
    refused("InvalidAddress.NotFound", stranger.accept_address_transfer, Address=public)
    accept(Address=public)


def test_an_offer_ends(lab: Lab) -> None:
    (first, public), (second, other_public) = lab.elastic_ip(), lab.elastic_ip()
    other = lab.cloud.client(account=OTHER)
    offer(lab, first)
    ended = lab.ec2.disable_address_transfer(AllocationId=first)["AddressTransfer"]
    assert ended["AddressTransferStatus"] == "disabled"
    assert transfers(lab) == []
    refused("InvalidAddress.NotFound", other.accept_address_transfer, Address=public)
    refused("InvalidParameterValue", lab.ec2.disable_address_transfer, AllocationId=first)
    offer(lab, second)
    lab.cloud.now += 7 * DAY
    assert transfers(lab) == []
    refused("InvalidAddress.NotFound", other.accept_address_transfer, Address=other_public)
    offer(lab, second)
    lab.ec2.release_address(AllocationId=second)
    refused("InvalidAddress.NotFound", other.accept_address_transfer, Address=other_public)
    assert transfers(lab) == []


def test_refused_offers(lab: Lab) -> None:
    allocation, _ = lab.elastic_ip()
    enable = lab.ec2.enable_address_transfer
    for account in (ACCOUNT, "me"):
        refused("InvalidParameterValue", enable, AllocationId=allocation, TransferAccountId=account)
    refused("InvalidAllocationID.NotFound", enable, AllocationId="eipalloc-0123456789abcdef0", TransferAccountId=OTHER)
    describe = lab.ec2.describe_address_transfers
    refused("InvalidAllocationID.NotFound", describe, AllocationIds=["eipalloc-0123456789abcdef0"])
    assert transfers(lab, AllocationIds=[allocation]) == []
    refused("InvalidParameterValue", describe, MaxResults=4)


def test_reverse_names(lab: Lab) -> None:
    (allocation, public), _ = lab.elastic_ip(), lab.elastic_ip()
    modify, read = lab.ec2.modify_address_attribute, lab.ec2.describe_addresses_attribute
    changed = modify(AllocationId=allocation, DomainName="mail.example.com")["Address"]
    assert changed["PtrRecordUpdate"] == {"Value": "mail.example.com.", "Status": "PENDING"}
    wanted = [{"AllocationId": allocation, "PublicIp": public, "PtrRecord": "mail.example.com."}]
    assert read(Attribute="domain-name")["Addresses"] == wanted
    assert read(AllocationIds=[allocation])["Addresses"] == wanted
    told = refused("InvalidAddress.Locked", lab.ec2.release_address, AllocationId=allocation)
    assert "ResetAddressAttribute" in told
    lab.ec2.reset_address_attribute(AllocationId=allocation, Attribute="domain-name")
    assert read()["Addresses"] == []
    lab.ec2.release_address(AllocationId=allocation)


@pytest.mark.parametrize("name", ["mail", "-a.example.com", "a..com", f"{'x' * 64}.com", "a b.com"])
def test_refused_names(lab: Lab, name: str) -> None:
    allocation, _ = lab.elastic_ip()
    refused("InvalidParameterValue", lab.ec2.modify_address_attribute, AllocationId=allocation, DomainName=name)
    refused("MissingParameter", lab.ec2.modify_address_attribute, AllocationId=allocation)
    refused("InvalidParameterValue", lab.ec2.reset_address_attribute, AllocationId=allocation, Attribute="colour")
    nobody = {"AllocationId": "eipalloc-0123456789abcdef0", "DomainName": "a.example.com"}
    refused("InvalidAllocationID.NotFound", lab.ec2.modify_address_attribute, **nobody)


def test_nothing_moves_out_of_ec2_classic(lab: Lab) -> None:
    _, public = lab.elastic_ip()
    assert lab.ec2.describe_moving_addresses()["MovingAddressStatuses"] == []
    for call in (lab.ec2.move_address_to_vpc, lab.ec2.restore_address_to_classic):
        assert "EC2-Classic is retired" in refused("InvalidAction", call, PublicIp=public)
