"""Instances, as far as networks need them (facts 48, 50, 71, 72, 258 to 260).

A call's answer shows a state on its way (pending, stopping); what is described afterwards is where it leads.
"""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.interfaces import ADDRESSES, PLACED, delete, named, room, worn
from tests.machine.rules.public import refresh
from tests.machine.rules.world import Attachment, Instance, Interface, Volume, World

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


@operation(
    "RunInstances",
    *PLACED,
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidNetworkInterface.InUse",
    "SecurityGroupsPerInstanceLimitExceeded",
    "NetworkInterfaceLimitExceeded",
    "InvalidInterface.IpAddressLimitExceeded",
    "InvalidKeyPair.NotFound",
)
def run_instances(world: World, asked: Asked) -> Answer:
    """One instance with one interface: a new one, or one that there is."""
    why = Why()
    (wanted,) = asked["NetworkInterfaces"]
    names = [one.name for one in world.keys.values()]
    why.when("KeyName" in asked and asked["KeyName"] not in names, "InvalidKeyPair.NotFound")
    found: Interface | None = None
    if "NetworkInterfaceId" in wanted:
        found = why.find(world.interfaces, wanted["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
        if found:
            why.when(found.attachment is not None, "InvalidNetworkInterface.InUse")
            why.when(len(found.addresses) > ADDRESSES, "InvalidInterface.IpAddressLimitExceeded")
        why.stop()
        assert found
    else:
        found = _new(why, world, wanted)
    instance = Instance(world.new("i"), "running", found.subnet, key=asked.get("KeyName"))
    world.instances[instance.id] = instance
    (root,) = asked.get("BlockDeviceMappings", [{"Ebs": {"DeleteOnTermination": True}}])
    volume = Volume(world.new("vol"), instance.id, root["Ebs"]["DeleteOnTermination"])
    world.volumes[volume.id] = volume
    found.attachment = Attachment(world.new("eni-attach"), instance.id, 0, delete="SubnetId" in wanted)
    refresh(world, found)
    eth0 = {
        "NetworkInterfaceId": found.id,
        "SubnetId": found.subnet,
        "PrivateIpAddress": found.addresses[0],
        "Attachment": {
            "AttachmentId": found.attachment.id,
            "DeviceIndex": 0,
            "DeleteOnTermination": found.attachment.delete,
        },
    }
    told = {"InstanceId": instance.id, "State": {"Code": 0, "Name": "pending"}, "NetworkInterfaces": [eth0]}
    return {"Instances": [told]}


def _new(why: Why, world: World, wanted: Asked) -> Interface:
    subnet = why.find(world.subnets, wanted["SubnetId"], "InvalidSubnetID.NotFound")
    groups = worn(why, world, subnet, wanted.get("Groups"), "SecurityGroupsPerInstanceLimitExceeded")
    why.when(len(world.interfaces) >= world.quotas["interfaces"], "NetworkInterfaceLimitExceeded")
    primary = wanted.get("PrivateIpAddress")
    if subnet:
        room(why, world, subnet, 1)
        if primary:
            named(why, world, subnet, primary)
    why.stop()
    assert subnet
    made = Interface(world.new("eni"), subnet.id, [primary or world.new("private")], groups)
    made.wants_public = wanted.get("AssociatePublicIpAddress", subnet.public)
    world.interfaces[made.id] = made
    return made


def _change(instance: Instance, told: str, state: str) -> Answer:
    """What StartInstances, StopInstances and TerminateInstances say of one instance."""
    change = {
        "InstanceId": instance.id,
        "PreviousState": {"Code": CODES[instance.state], "Name": instance.state},
        "CurrentState": {"Code": CODES[told], "Name": told},
    }
    instance.state = state
    return change


@operation("StopInstances", "InvalidInstanceID.NotFound", "IncorrectInstanceState")
def stop_instances(world: World, asked: Asked) -> Answer:
    """It keeps everything but its automatic public address."""
    why, (id_,) = Why(), asked["InstanceIds"]
    instance = why.find(world.instances, id_, "InvalidInstanceID.NotFound")
    if instance:
        why.when(instance.state == "terminated", "IncorrectInstanceState")
    why.stop()
    assert instance
    told = "stopping" if instance.state == "running" else "stopped"
    for one in world.held(instance.id):
        one.public = None
    return {"StoppingInstances": [_change(instance, told, "stopped")]}


@operation("StartInstances", "InvalidInstanceID.NotFound", "IncorrectInstanceState")
def start_instances(world: World, asked: Asked) -> Answer:
    """With a new automatic public address, if it wants one."""
    why, (id_,) = Why(), asked["InstanceIds"]
    instance = why.find(world.instances, id_, "InvalidInstanceID.NotFound")
    if instance:
        why.when(instance.state == "terminated", "IncorrectInstanceState")
    why.stop()
    assert instance
    told = "pending" if instance.state == "stopped" else "running"
    answer: Answer = {"StartingInstances": [_change(instance, told, "running")]}
    for one in world.held(instance.id):
        refresh(world, one)
    return answer


@operation("RebootInstances", "InvalidInstanceID.NotFound", "IncorrectInstanceState")
def reboot_instances(world: World, asked: Asked) -> Answer:
    """A running instance; it keeps everything."""
    why, (id_,) = Why(), asked["InstanceIds"]
    instance = why.find(world.instances, id_, "InvalidInstanceID.NotFound")
    if instance:
        why.when(instance.state != "running", "IncorrectInstanceState")
    why.stop()
    return {}


@operation("TerminateInstances", "InvalidInstanceID.NotFound", "OperationNotPermitted")
def terminate_instances(world: World, asked: Asked) -> Answer:
    """Its interfaces go, or become free; Elastic IPs stay allocated."""
    why, (id_,) = Why(), asked["InstanceIds"]
    instance = why.find(world.instances, id_, "InvalidInstanceID.NotFound")
    if instance:
        why.when(instance.protected and instance.state != "terminated", "OperationNotPermitted")
    why.stop()
    assert instance
    told = "terminated" if instance.state == "terminated" else "shutting-down"
    held = world.held(instance.id)
    answer: Answer = {"TerminatingInstances": [_change(instance, told, "terminated")]}
    for one in held:
        one.public = None
        if one.attachment and one.attachment.delete:
            delete(world, one)
        else:
            one.attachment = None
    for volume in [one for one in world.volumes.values() if one.instance == instance.id]:
        volume.instance = None
        if volume.delete:
            del world.volumes[volume.id]
    return answer


@operation("ModifyInstanceAttribute", "InvalidInstanceID.NotFound", "InvalidInstanceAttributeValue")
def modify_instance_attribute(world: World, asked: Asked) -> Answer:
    """Protection from termination; whether the root volume goes with the instance. A terminated one has none."""
    why = Why()
    instance = why.find(world.instances, asked["InstanceId"], "InvalidInstanceID.NotFound")
    if instance and "BlockDeviceMappings" in asked:
        there = any(one.instance == instance.id for one in world.volumes.values())
        why.when(not there, "InvalidInstanceAttributeValue")
    why.stop()
    assert instance
    if "DisableApiTermination" in asked:
        instance.protected = asked["DisableApiTermination"]["Value"]
    for mapping in asked.get("BlockDeviceMappings", []):
        for volume in [one for one in world.volumes.values() if one.instance == instance.id]:
            volume.delete = mapping["Ebs"]["DeleteOnTermination"]
    return {}
