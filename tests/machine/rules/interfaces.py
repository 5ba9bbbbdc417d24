"""Network interfaces and their private addresses (facts 31, 42, 49 to 54)."""

from ipaddress import IPv4Address
from typing import Any

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.public import let_go
from tests.machine.rules.world import Interface, Subnet, World

ADDRESSES = 2
"""How many addresses an interface of a t2.micro may have."""
UNATTACHED = 64


def worn(why: Why, world: World, subnet: Subnet | None, asked: list[str] | None, limit: str) -> list[str]:
    """The groups that an interface gets: those of its own VPC that are named, or the default one (fact 51)."""
    for id_ in asked or []:
        group = why.find(world.groups, id_, "InvalidGroup.NotFound")
        if group and subnet:
            why.when(group.vpc != subnet.vpc, "InvalidParameter")
    why.when(len(set(asked or [])) > world.quotas["groups_of_interface"], limit)
    if asked:
        return list(dict.fromkeys(asked))
    return [world.default_group(subnet.vpc).id] if subnet else []


def room(why: Why, world: World, subnet: Subnet, count: int) -> None:
    """So many addresses that nobody named must be free, and not reserved."""
    why.when(count > world.assignable(subnet.id), "InsufficientFreeAddressesInSubnet")


def named(why: Why, world: World, subnet: Subnet, address: str) -> None:
    """An address that is named: of the subnet, not one of AWS's five, and free (facts, section 1)."""
    inside = IPv4Address(address) in subnet.block
    why.when(not inside or IPv4Address(address) in world.reserved(subnet.id), "InvalidParameterValue")
    why.when(address in world.taken(subnet.id), "InvalidIPAddress.InUse")


PLACED = (
    "InvalidSubnetID.NotFound",
    "InvalidParameterValue",
    "InvalidIPAddress.InUse",
    "InsufficientFreeAddressesInSubnet",
    "InvalidGroup.NotFound",
    "InvalidParameter",
)


@operation(
    "CreateNetworkInterface", *PLACED, "SecurityGroupsPerInterfaceLimitExceeded", "NetworkInterfaceLimitExceeded"
)
def create_network_interface(world: World, asked: Asked) -> Answer:
    """A primary address and perhaps further ones."""
    why = Why()
    subnet = why.find(world.subnets, asked["SubnetId"], "InvalidSubnetID.NotFound")
    groups = worn(why, world, subnet, asked.get("Groups"), "SecurityGroupsPerInterfaceLimitExceeded")
    why.when(len(world.interfaces) >= world.quotas["interfaces"], "NetworkInterfaceLimitExceeded")
    more, primary = asked.get("SecondaryPrivateIpAddressCount", 0), asked.get("PrivateIpAddress")
    if subnet:
        room(why, world, subnet, more + 1)
        if primary:
            named(why, world, subnet, primary)
    why.stop()
    assert subnet
    addresses = [primary or world.new("private"), *(world.new("private") for _ in range(more))]
    made = Interface(world.new("eni"), subnet.id, addresses, groups, asked.get("Description", ""))
    world.interfaces[made.id] = made
    told: dict[str, Any] = {"NetworkInterfaceId": made.id, "SubnetId": subnet.id, "VpcId": subnet.vpc}
    told |= {"Status": "pending", "AvailabilityZone": subnet.zone, "PrivateIpAddress": addresses[0]}
    return {"NetworkInterface": told}


@operation("DeleteNetworkInterface", "InvalidNetworkInterfaceID.NotFound", "InvalidParameterValue")
def delete_network_interface(world: World, asked: Asked) -> Answer:
    """Not while it is attached."""
    why = Why()
    found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    if found:
        why.when(found.attachment is not None, "InvalidParameterValue")
    why.stop()
    assert found
    delete(world, found)
    return {}


def delete(world: World, gone: Interface) -> None:
    """An interface goes; its Elastic IPs stay allocated."""
    for address in gone.addresses:
        let_go(world, gone, address)
    del world.interfaces[gone.id]
    world.tags.pop(gone.id, None)


@operation(
    "ModifyNetworkInterfaceAttribute",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidParameter",
    "SecurityGroupsPerInterfaceLimitExceeded",
    "InvalidAttachmentID.NotFound",
)
def modify_network_interface_attribute(world: World, asked: Asked) -> Answer:
    """One attribute a call."""
    why = Why()
    found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    subnet = world.subnets[found.subnet] if found else None
    groups = worn(why, world, subnet, asked.get("Groups"), "SecurityGroupsPerInterfaceLimitExceeded")
    if found and "Attachment" in asked:
        held = found.attachment
        why.when(held is None or held.id != asked["Attachment"]["AttachmentId"], "InvalidAttachmentID.NotFound")
    why.stop()
    assert found
    if "Groups" in asked:
        found.groups = groups
    if "SourceDestCheck" in asked:
        found.check = asked["SourceDestCheck"]["Value"]
    if "Description" in asked:
        found.description = asked["Description"]["Value"]
    if "Attachment" in asked and found.attachment:
        found.attachment.delete = asked["Attachment"]["DeleteOnTermination"]
    return {}


@operation(
    "AssignPrivateIpAddresses",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidParameterValue",
    "Resource.AlreadyAssigned",
    "PrivateIpAddressLimitExceeded",
    "InsufficientFreeAddressesInSubnet",
)
def assign_private_ip_addresses(world: World, asked: Asked) -> Answer:
    """A secondary address may be taken from another interface, if the call says so (facts 53, 54)."""
    why = Why()
    found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    count, address = asked.get("SecondaryPrivateIpAddressCount", 0), None
    owner = None
    if found:
        subnet = world.subnets[found.subnet]
        if not count:
            (address,) = asked["PrivateIpAddresses"]
            beside = [one for one in world.interfaces.values() if one.subnet == subnet.id]
            owner = next((one for one in beside if address in one.addresses), None)
            if owner is None:
                named(why, world, subnet, address)
            elif owner is not found:
                primary = why.when(owner.addresses[0] == address, "InvalidParameterValue")
                why.when(not primary and not asked.get("AllowReassignment"), "Resource.AlreadyAssigned")
        else:
            room(why, world, subnet, count)
        limit = ADDRESSES if found.attachment else UNATTACHED
        if owner is not found:
            why.when(len(found.addresses) + (count or 1) > limit, "PrivateIpAddressLimitExceeded")
    why.stop()
    assert found
    if owner is found:
        return {}
    given = [address] if address else [world.new("private") for _ in range(count)]
    if owner and address:
        owner.addresses.remove(address)
        moved = world.mapped(owner, address)
        if moved and moved.association:
            moved.association.interface = found.id
    found.addresses += given
    return {"NetworkInterfaceId": found.id}


@operation("UnassignPrivateIpAddresses", "InvalidNetworkInterfaceID.NotFound", "InvalidParameterValue")
def unassign_private_ip_addresses(world: World, asked: Asked) -> Answer:
    """A secondary address; its Elastic IP stays allocated."""
    why, (address,) = Why(), asked["PrivateIpAddresses"]
    found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    if found:
        why.when(address not in found.addresses[1:], "InvalidParameterValue")
    why.stop()
    assert found
    let_go(world, found, address)
    found.addresses.remove(address)
    return {}
