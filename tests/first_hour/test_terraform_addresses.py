"""aws_eip, aws_eip_association, aws_network_interface and its attachments, call by call.

hashicorp/terraform-provider-aws, internal/service/ec2/: ec2_eip.go@01606926a0c0, vpc_network_interface.go@01c08000ddb1,
find.go@00a35305dc1b.
"""

from typing import Any

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused, tag_specification


def address_of(account: Account, allocation: str) -> dict[str, Any]:
    """findEIPByAllocationID."""
    return dict(only(account.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]))


def interface_of(account: Account, interface: str) -> dict[str, Any]:
    """findNetworkInterfaceByID."""
    found = account.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    return dict(only(found))


def test_an_address_alone(account: Account) -> None:
    """Created with its tags, read with its reverse name, released; then its id is InvalidAllocationID.NotFound."""
    ec2 = account.ec2
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=tag_specification("elastic-ip", Name="nat"))
    allocation = made["AllocationId"]
    shown = address_of(account, allocation)
    assert allocation.startswith("eipalloc-"), "another id would be EC2-Classic's, which is an error"
    assert (shown["Domain"], shown["PublicIpv4Pool"], shown["NetworkBorderGroup"]) == ("vpc", "amazon", "us-east-1")
    assert not {"AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"} & {
        name for name, value in shown.items() if value
    }
    assert shown["Tags"] == [{"Key": "Name", "Value": "nat"}]
    named_ones = ec2.describe_addresses_attribute(AllocationIds=[allocation], Attribute="domain-name")
    assert named_ones["Addresses"] == []
    ec2.release_address(AllocationId=allocation, NetworkBorderGroup=shown["NetworkBorderGroup"])
    refused("InvalidAllocationID.NotFound", ec2.describe_addresses, AllocationIds=[allocation])
    refused("InvalidAllocationID.NotFound", ec2.release_address, AllocationId=allocation)


def test_an_address_of_an_interface(account: Account) -> None:
    """associateEIP: the association is then found by its filter; disassociateEIP takes it away again."""
    ec2, vpc = account.ec2, account.vpc()
    account.gateway(vpc)
    interface = account.interface(account.subnet(vpc))
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    association = ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface)["AssociationId"]
    shown = only(ec2.describe_addresses(Filters=named("association-id", association))["Addresses"])
    private = interface_of(account, interface)["PrivateIpAddress"]
    assert (shown["AllocationId"], shown["NetworkInterfaceId"]) == (allocation, interface)
    assert (shown["PrivateIpAddress"], shown["AssociationId"]) == (private, association)
    of_interface = interface_of(account, interface)["Association"]
    assert (of_interface["AllocationId"], of_interface["PublicIp"]) == (allocation, shown["PublicIp"])
    assert of_interface["IpOwnerId"] == account.id
    ec2.disassociate_address(AssociationId=association)
    assert ec2.describe_addresses(Filters=named("association-id", association))["Addresses"] == []
    assert "AssociationId" not in address_of(account, allocation)
    gone = "eipassoc-0123456789abcdef0"
    refused("InvalidAssociationID.NotFound", ec2.disassociate_address, AssociationId=gone)


def test_an_address_of_an_instance(account: Account) -> None:
    """`instance = aws_instance...id`: the read shows instance and ENI; terminating frees it and keeps it."""
    ec2, vpc = account.ec2, account.vpc()
    account.gateway(vpc)
    instance = account.launch(SubnetId=account.subnet(vpc))
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    shown = address_of(account, allocation)
    assert shown["InstanceId"] == instance
    assert account.instance(instance)["PublicIpAddress"] == shown["PublicIp"]
    account.terminate(instance)
    assert "AssociationId" not in address_of(account, allocation)


def test_an_interface_from_create_to_destroy(account: Account) -> None:
    """pending -> available; every field that its read sets; deleted, and then NotFound."""
    ec2, vpc = account.ec2, account.vpc()
    subnet, group = account.subnet(vpc), account.group(vpc)
    made = ec2.create_network_interface(
        ClientToken="terraform-20261125",
        SubnetId=subnet,
        Description="db",
        Groups=[group],
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.10", "Primary": True},
            {"PrivateIpAddress": "10.0.1.11"},
        ],
        TagSpecifications=tag_specification("network-interface", Name="db"),
    )["NetworkInterface"]
    interface = made["NetworkInterfaceId"]
    assert made["Status"] == "pending"
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
    shown = interface_of(account, interface)
    assert (shown["Status"], shown["InterfaceType"], shown["OwnerId"]) == ("available", "interface", account.id)
    assert (shown["Description"], shown["SourceDestCheck"], shown["SubnetId"]) == ("db", False, subnet)
    assert [one["PrivateIpAddress"] for one in shown["PrivateIpAddresses"]] == ["10.0.1.10", "10.0.1.11"]
    assert [one["GroupId"] for one in shown["Groups"]] == [group]
    assert (shown["Ipv6Addresses"], shown.get("Ipv4Prefixes", []), shown.get("Ipv6Prefixes", [])) == ([], [], [])
    assert shown["TagSet"] == [{"Key": "Name", "Value": "db"}]
    assert len(shown["MacAddress"].split(":")) == 6
    assert "Attachment" not in shown
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.11"])
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=2)
    assert len(interface_of(account, interface)["PrivateIpAddresses"]) == 3
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, NetworkInterfaceIds=[interface])
    refused("InvalidNetworkInterfaceID.NotFound", ec2.delete_network_interface, NetworkInterfaceId=interface)


def test_an_interface_is_attached_and_detached(account: Account) -> None:
    """Both are waited for by the attachment's own filter: `attached`, then nothing; detached by force."""
    ec2, vpc = account.ec2, account.vpc()
    subnet = account.subnet(vpc)
    instance, interface = account.launch(SubnetId=subnet), account.interface(subnet)
    attachment = ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=1)
    asked = named("attachment.attachment-id", attachment["AttachmentId"])
    shown = only(ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"])["Attachment"]
    assert (shown["Status"], shown["InstanceId"], shown["DeviceIndex"]) == ("attached", instance, 1)
    ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"], Force=True)
    assert ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"] == []
    gone = {"AttachmentId": attachment["AttachmentId"], "Force": True}
    refused("InvalidAttachmentID.NotFound", ec2.detach_network_interface, **gone)
    assert interface_of(account, interface)["Status"] == "available"


def test_groups_of_an_interface_one_by_one(account: Account) -> None:
    """aws_network_interface_sg_attachment: reads Groups, writes them back with one more, and with one less."""
    ec2, vpc = account.ec2, account.vpc()
    one, two = account.group(vpc, "one"), account.group(vpc, "two")
    interface = account.interface(account.subnet(vpc), Groups=[one])
    modify = ec2.modify_network_interface_attribute
    for groups in ([one, two], [two]):
        modify(NetworkInterfaceId=interface, Groups=groups)
        assert {found["GroupId"] for found in interface_of(account, interface)["Groups"]} == set(groups)
