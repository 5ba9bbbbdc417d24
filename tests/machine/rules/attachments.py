"""Attaching interfaces to instances (facts 38 to 44)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.interfaces import ADDRESSES
from tests.machine.rules.world import Attachment, World

INTERFACES = 2
"""How many interfaces a t2.micro may have."""


@operation(
    "AttachNetworkInterface",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidNetworkInterface.InUse",
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "AttachmentLimitExceeded",
    "IncorrectState",
    "PrivateIpAddressLimitExceeded",
)
def attach_network_interface(world: World, asked: Asked) -> Answer:
    """To an instance of its zone, at a free index; to a running or a stopped one."""
    why, index = Why(), asked["DeviceIndex"]
    found = why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    instance = why.find(world.instances, asked["InstanceId"], "InvalidInstanceID.NotFound")
    if found:
        why.when(found.attachment is not None, "InvalidNetworkInterface.InUse")
    if instance and not why.when(instance.state == "terminated", "IncorrectState"):
        held = world.held(instance.id)
        taken = any(one.attachment and one.attachment.index == index for one in held)
        why.when(taken, "InvalidParameterValue")
        why.when(len(held) >= INTERFACES, "AttachmentLimitExceeded")
        if found:
            why.when(len(found.addresses) > ADDRESSES, "PrivateIpAddressLimitExceeded")
            zones = {world.subnets[found.subnet].zone, world.subnets[held[0].subnet].zone}
            why.when(len(zones) > 1, "InvalidParameterCombination")
    why.stop()
    assert found
    assert instance
    found.attachment = Attachment(world.new("eni-attach"), instance.id, index, delete=False)
    return {"AttachmentId": found.attachment.id}


@operation("DetachNetworkInterface", "InvalidAttachmentID.NotFound", "OperationNotPermitted")
def detach_network_interface(world: World, asked: Asked) -> Answer:
    """Any but eth0; it keeps its addresses (fact 33)."""
    why, id_ = Why(), asked["AttachmentId"]
    found = next((one for one in world.interfaces.values() if one.attachment and one.attachment.id == id_), None)
    why.when(found is None, "InvalidAttachmentID.NotFound")
    if found and found.attachment:
        why.when(found.attachment.index == 0, "OperationNotPermitted")
    why.stop()
    assert found
    found.attachment = None
    return {}
