"""Elastic IPs: allocate, release, describe, associate, disassociate (facts 61-74)."""

from ipaddress import ip_address, ip_network

import pytest

from atoll.model.kinds import PublicAddress
from atoll.model.tx import Settings
from tests.support.expect import filters, named, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION, InProcess
from tests.support.lab import Lab


def test_allocate_and_describe(lab: Lab) -> None:
    made = lab.ec2.allocate_address(TagSpecifications=tag_specification("elastic-ip", Name="a"))
    assert ip_address(made["PublicIp"]) in ip_network("198.18.0.0/16")
    assert {
        key: value for key, value in made.items() if key not in ("PublicIp", "AllocationId", "ResponseMetadata")
    } == {
        "Domain": "vpc",
        "NetworkBorderGroup": REGION,
        "PublicIpv4Pool": "amazon",
    }
    assert lab.address(made["AllocationId"]) == {
        "AllocationId": made["AllocationId"],
        "Domain": "vpc",
        "NetworkBorderGroup": REGION,
        "PublicIp": made["PublicIp"],
        "PublicIpv4Pool": "amazon",
        "Tags": [{"Key": "Name", "Value": "a"}],
    }


def test_a_named_address_is_recovered_if_it_is_free(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    allocate = lab.ec2.allocate_address
    refused("InvalidAddress.NotFound", allocate, Address=public)
    lab.ec2.release_address(AllocationId=allocation)
    assert allocate(Address=public)["PublicIp"] == public
    refused("InvalidAddress.NotFound", allocate, Address="8.8.8.8")
    refused("InvalidAddress.NotFound", allocate, Address="198.18.0.0")
    refused("InvalidParameterValue", allocate, Address="cheese")


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("UnsupportedOperation", {"Domain": "standard"}),
        ("InvalidParameterValue", {"NetworkBorderGroup": "us-west-2-lax-1"}),
        ("InvalidPublicIpv4PoolID.NotFound", {"PublicIpv4Pool": "ipv4pool-ec2-0123456789abcdef0"}),
        ("UnsupportedOperation", {"CustomerOwnedIpv4Pool": "coip-pool-0123456789abcdef0"}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_refused_allocations(lab: Lab, code: str, params: dict[str, object]) -> None:
    refused(code, lab.ec2.allocate_address, **params)
    assert lab.ec2.describe_addresses()["Addresses"] == []


def test_the_sixth_address_and_an_empty_pool(lab: Lab) -> None:
    for _ in range(5):
        lab.elastic_ip()
    message = refused("AddressLimitExceeded", lab.ec2.allocate_address)
    assert message == "The maximum number of addresses has been reached."
    small = InProcess(settings=Settings(public_pool="198.18.0.0/30")).client()
    given = {small.allocate_address()["PublicIp"] for _ in range(2)}
    assert given == {"198.18.0.1", "198.18.0.2"}
    refused("InsufficientAddressCapacity", small.allocate_address)


def test_describe_by_address_and_by_filter(lab: Lab) -> None:
    instance = lab.launch()
    allocation, public = lab.elastic_ip()
    other, _ = lab.elastic_ip()
    lab.ec2.create_tags(Resources=[allocation], Tags=[{"Key": "Name", "Value": "a"}])
    association = lab.ec2.associate_address(AllocationId=allocation, InstanceId=instance)["AssociationId"]
    shown = lab.address(allocation)
    eni = lab.eni(lab.primary(instance))
    assert {key: value for key, value in shown.items() if key not in ("Tags", "Domain", "PublicIpv4Pool")} == {
        "AllocationId": allocation,
        "AssociationId": association,
        "InstanceId": instance,
        "NetworkBorderGroup": REGION,
        "NetworkInterfaceId": eni["NetworkInterfaceId"],
        "NetworkInterfaceOwnerId": ACCOUNT,
        "PrivateIpAddress": eni["PrivateIpAddress"],
        "PublicIp": public,
    }
    describe = lab.ec2.describe_addresses
    assert [one["AllocationId"] for one in describe(PublicIps=[public])["Addresses"]] == [allocation]
    wanted = {
        "allocation-id": allocation,
        "association-id": association,
        "instance-id": instance,
        "network-interface-id": eni["NetworkInterfaceId"],
        "network-interface-owner-id": ACCOUNT,
        "private-ip-address": eni["PrivateIpAddress"],
        "public-ip": public,
        "tag:Name": "a",
        "tag-key": "Name",
    }
    for name, value in wanted.items():
        found = [one["AllocationId"] for one in describe(Filters=named(name, value))["Addresses"]]
        assert found == [allocation], name
    assert {one["AllocationId"] for one in describe(Filters=filters(network_border_group=REGION))["Addresses"]} == {
        allocation,
        other,
    }
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    refused("InvalidAddress.NotFound", describe, PublicIps=["198.18.99.99"])
    refused("InvalidAllocationID.NotFound", describe, AllocationIds=["eipalloc-0123456789abcdef0"])


def test_release(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    eni = lab.interface()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni)
    release = lab.ec2.release_address
    message = refused("InvalidIPAddress.InUse", release, AllocationId=allocation)
    assert message == f"Address {public} is in use."
    refused("InvalidParameterCombination", release, AllocationId=allocation, PublicIp=public)
    refused("InvalidParameterValue", release, PublicIp=public)
    refused("MissingParameter", release)
    refused("InvalidParameterValue", release, AllocationId=allocation, NetworkBorderGroup="us-west-2-lax-1")
    stranger = lab.cloud.client(account="210987654321")
    refused("AuthFailure", stranger.release_address, AllocationId=allocation)
    lab.ec2.disassociate_address(AssociationId=lab.address(allocation)["AssociationId"])
    release(AllocationId=allocation)
    refused("InvalidAllocationID.NotFound", release, AllocationId=allocation)
    assert lab.cloud.table.get(PublicAddress, public) is None


def test_associate_to_an_available_interface_and_to_a_secondary_address(lab: Lab) -> None:
    eni = lab.interface(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.12"}])
    (first, one), (second, two) = lab.elastic_ip(), lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=first, NetworkInterfaceId=eni)
    lab.ec2.associate_address(AllocationId=second, NetworkInterfaceId=eni, PrivateIpAddress="10.0.1.12")
    shown = [address["Association"]["PublicIp"] for address in lab.eni(eni)["PrivateIpAddresses"]]
    assert shown == [one, two]
    assert lab.eni(eni)["Association"] == {
        "AllocationId": first,
        "AssociationId": lab.address(first)["AssociationId"],
        "IpOwnerId": ACCOUNT,
        "PublicDnsName": "",
        "PublicIp": one,
    }


def test_a_taken_address_moves_unless_that_is_forbidden(lab: Lab) -> None:
    first, second = lab.interface(), lab.interface()
    allocation, _ = lab.elastic_ip()
    associate = lab.ec2.associate_address
    association = associate(AllocationId=allocation, NetworkInterfaceId=first)["AssociationId"]
    message = refused(
        "Resource.AlreadyAssociated",
        associate,
        AllocationId=allocation,
        NetworkInterfaceId=second,
        AllowReassociation=False,
    )
    assert message == f"resource {allocation} is already associated with associate-id {association}"
    again = associate(AllocationId=allocation, NetworkInterfaceId=first, AllowReassociation=False)
    assert again["AssociationId"] == association
    moved = associate(AllocationId=allocation, NetworkInterfaceId=second)["AssociationId"]
    assert moved != association
    assert "Association" not in lab.eni(first)
    assert lab.address(allocation)["NetworkInterfaceId"] == second


def test_the_previous_address_stays_allocated(lab: Lab) -> None:
    eni = lab.interface()
    (first, _), (second, two) = lab.elastic_ip(), lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=first, NetworkInterfaceId=eni)
    lab.ec2.associate_address(AllocationId=second, NetworkInterfaceId=eni, AllowReassociation=False)
    assert lab.eni(eni)["Association"]["PublicIp"] == two
    assert "AssociationId" not in lab.address(first)


def test_without_an_internet_gateway(cloud: InProcess) -> None:
    lab = Lab(cloud, gateway=False)
    allocation, _ = lab.elastic_ip()
    eni = lab.interface()
    message = refused("Gateway.NotAttached", lab.ec2.associate_address, AllocationId=allocation, NetworkInterfaceId=eni)
    assert message == f"Network {lab.vpc} is not attached to any internet gateway"


def test_refused_associations(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    instance, eni = lab.launch(), lab.interface()
    associate = lab.ec2.associate_address
    refused("MissingParameter", associate, NetworkInterfaceId=eni)
    refused("MissingParameter", associate, AllocationId=allocation)
    refused("InvalidParameterCombination", associate, AllocationId=allocation, PublicIp=public, NetworkInterfaceId=eni)
    refused("InvalidParameterCombination", associate, PublicIp=public, InstanceId=instance)
    both = {"InstanceId": instance, "NetworkInterfaceId": eni}
    refused("InvalidParameterCombination", associate, AllocationId=allocation, **both)
    refused(
        "InvalidParameterValue",
        associate,
        AllocationId=allocation,
        NetworkInterfaceId=eni,
        PrivateIpAddress="10.0.1.222",
    )
    refused("InvalidAllocationID.NotFound", associate, AllocationId="eipalloc-0123456789abcdef0", InstanceId=instance)
    lab.ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    message = refused("InvalidInstanceID", associate, AllocationId=allocation, InstanceId=instance)
    assert message.startswith(f"There are multiple interfaces attached to instance '{instance}'.")
    lab.ec2.terminate_instances(InstanceIds=[instance])
    refused("InvalidInstanceID", associate, AllocationId=allocation, InstanceId=instance)
    assert "AssociationId" not in lab.address(allocation)


def test_a_pending_instance_will_do(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    instance = lab.launch_pending()
    lab.ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    assert lab.instance(instance)["PublicIpAddress"] == public


def test_disassociate(lab: Lab) -> None:
    allocation, public = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=lab.interface())[
        "AssociationId"
    ]
    disassociate = lab.ec2.disassociate_address
    refused("InvalidParameterValue", disassociate, PublicIp=public)
    refused("InvalidParameterCombination", disassociate, PublicIp=public, AssociationId=association)
    refused("MissingParameter", disassociate)
    refused("DryRunOperation", disassociate, AssociationId=association, DryRun=True)
    disassociate(AssociationId=association)
    assert "AssociationId" not in lab.address(allocation)
    disassociate(AssociationId=association)
    refused("InvalidAssociationID.NotFound", disassociate, AssociationId="eipassoc-0123456789abcdef0")


def test_an_elastic_ip_takes_the_automatic_addresss_place_and_gives_it_back(lab: Lab) -> None:
    public = lab.make_subnet("10.0.5.0/24", public=True)
    instance = lab.launch(SubnetId=public)
    automatic = lab.instance(instance)["PublicIpAddress"]
    assert lab.eni(lab.primary(instance))["Association"]["IpOwnerId"] == "amazon"
    allocation, elastic = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, InstanceId=instance)["AssociationId"]
    assert lab.instance(instance)["PublicIpAddress"] == elastic
    assert lab.cloud.table.get(PublicAddress, automatic) is None
    lab.ec2.disassociate_address(AssociationId=association)
    assert lab.instance(instance)["PublicIpAddress"] not in (elastic, None)


def test_no_automatic_address_comes_back_beside_another_interface(lab: Lab) -> None:
    instance = lab.launch(SubnetId=lab.make_subnet("10.0.5.0/24", public=True))
    allocation, _ = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, InstanceId=instance)["AssociationId"]
    lab.ec2.attach_network_interface(NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=1)
    lab.ec2.disassociate_address(AssociationId=association)
    assert "PublicIpAddress" not in lab.instance(instance)


def test_no_automatic_address_comes_back_beside_a_secondary_elastic_ip(lab: Lab) -> None:
    instance = lab.launch(SubnetId=lab.make_subnet("10.0.5.0/24", public=True))
    eni = lab.primary(instance)
    lab.ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.5.40"])
    (first, _), (second, _) = lab.elastic_ip(), lab.elastic_ip()
    associate = lab.ec2.associate_address
    association = associate(AllocationId=first, NetworkInterfaceId=eni)["AssociationId"]
    associate(AllocationId=second, NetworkInterfaceId=eni, PrivateIpAddress="10.0.5.40")
    lab.ec2.disassociate_address(AssociationId=association)
    assert "PublicIpAddress" not in lab.instance(instance)
