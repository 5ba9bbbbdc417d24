"""DescribeInstanceAttribute, ModifyInstanceAttribute, ResetInstanceAttribute."""

import base64
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Instance, NetworkInterface
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import prefixes, root_volumes
from atoll.services.ec2.address_associations import sole_interface
from atoll.services.ec2.attachments import check_interfaces
from atoll.services.ec2.checks import invalid, missing, refuse_members, unbuilt
from atoll.services.ec2.credit_specifications import credits_at_launch
from atoll.services.ec2.image_table import image_of
from atoll.services.ec2.instance_shape import interfaces_of
from atoll.services.ec2.instance_types import description, need_type
from atoll.services.ec2.interface_attributes import the_one, with_groups
from atoll.services.ec2.interface_shape import groups_shape
from atoll.services.ec2.launch import (
    check_architecture,
    check_behavior,
    check_ebs_optimized,
    check_user_data,
    user_data,
)
from atoll.services.ec2.lookup import need
from atoll.services.ec2.placement_groups import wanted_place
from atoll.services.ec2.private_addresses import check_limit
from atoll.services.registry import Request, Response, operation

ATTRIBUTES = (
    "instanceType", "kernel", "ramdisk", "userData", "disableApiTermination", "instanceInitiatedShutdownBehavior",
    "rootDeviceName", "blockDeviceMapping", "productCodes", "sourceDestCheck", "groupSet", "ebsOptimized",
    "sriovNetSupport", "enaSupport", "enclaveOptions", "disableApiStop",
)  # fmt: skip


@operation("DescribeInstanceAttribute", "InstanceId Attribute")
def describe_instance_attribute(tx: Tx, request: Request) -> Response:
    """One attribute, named as AWS names it."""
    name = request["Attribute"]
    if name not in ATTRIBUTES:
        raise invalid(name, "attribute", "Unknown attribute.")
    instance = need(tx, Instance, request["InstanceId"])
    return {"InstanceId": instance.id, **_shown(tx, instance, name)}


def _shown(tx: Tx, instance: Instance, name: str) -> dict[str, Any]:
    image = image_of(instance)
    primary = next(iter(interfaces_of(tx, instance)), None)
    hvm = image is not None and image.virtualization == "hvm"
    shown: dict[str, dict[str, Any]] = {
        "instanceType": {"InstanceType": {"Value": instance.type}},
        "kernel": {"KernelId": {}},
        "ramdisk": {"RamdiskId": {}},
        "userData": {"UserData": _encoded(instance.user_data)},
        "disableApiTermination": {"DisableApiTermination": {"Value": instance.disable_api_termination}},
        "instanceInitiatedShutdownBehavior": {
            "InstanceInitiatedShutdownBehavior": {"Value": instance.shutdown_behavior}
        },
        "rootDeviceName": {"RootDeviceName": {"Value": image.root_device} if image else {}},
        "blockDeviceMapping": {"BlockDeviceMappings": root_volumes.mappings_shape(tx, instance)},
        "productCodes": {"ProductCodes": []},
        "sourceDestCheck": {"SourceDestCheck": {"Value": primary.source_dest_check} if primary else {}},
        "groupSet": {"Groups": groups_shape(tx, primary.groups) if primary else []},
        "ebsOptimized": {"EbsOptimized": {"Value": instance.ebs_optimized}},
        "sriovNetSupport": {"SriovNetSupport": {"Value": "simple"} if hvm else {}},
        "enaSupport": {"EnaSupport": {"Value": hvm}},
        "enclaveOptions": {"EnclaveOptions": {"Enabled": False}},
        "disableApiStop": {"DisableApiStop": {"Value": instance.disable_api_stop}},
    }
    return shown[name]


def _encoded(data: bytes) -> dict[str, str]:
    return {"Value": base64.b64encode(data).decode()} if data else {}


Change = Callable[[Tx, Instance, Any], None]


def _flag(field: str) -> Change:
    def change(tx: Tx, instance: Instance, value: bool) -> None:
        tx.put(replace(instance, **{field: value}))

    return change


def _stopped(instance: Instance, name: str) -> None:
    if instance.state != "stopped":
        raise AwsError(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in the 'stopped' state: its {name} cannot be modified.",
        )


def _type(tx: Tx, instance: Instance, value: str) -> None:
    """The other type must allow what the instance has."""
    _stopped(instance, "instanceType")
    burstable = description(need_type(value))["BurstablePerformanceSupported"]
    changed = replace(
        instance,
        type=value,
        credits=credits_at_launch(tx, value, instance.credits if burstable else None),
        cores=None,
        threads=None,
    )
    interfaces = interfaces_of(tx, instance)
    image = image_of(instance)
    if image is not None:
        check_architecture(image, value)
    check_interfaces(value, len(interfaces))
    check_ebs_optimized(value, wanted=instance.ebs_optimized)
    if instance.placement_group:
        wanted_place(tx, {"GroupId": instance.placement_group}, value)
    tx.put(changed)
    for interface in interfaces:
        check_limit(tx, interface, prefixes.slots_of(tx, interface.id))
        if prefixes.prefixes_of(tx, interface.id):
            prefixes.check_nitro(value)


def _user_data(tx: Tx, instance: Instance, value: bytes) -> None:
    _stopped(instance, "userData")
    tx.put(replace(instance, user_data=check_user_data(value)))


def _behavior(tx: Tx, instance: Instance, value: str) -> None:
    tx.put(replace(instance, shutdown_behavior=check_behavior(value)))


def _ebs_optimized(tx: Tx, instance: Instance, value: bool) -> None:
    _stopped(instance, "ebsOptimized")
    tx.put(replace(instance, ebs_optimized=check_ebs_optimized(instance.type, wanted=value)))


def _source_dest_check(tx: Tx, instance: Instance, value: bool) -> None:
    tx.put(replace(_sole(tx, instance), source_dest_check=value))


def _groups(tx: Tx, instance: Instance, value: list[str]) -> None:
    tx.put(with_groups(tx, _sole(tx, instance), value))


def _mappings(tx: Tx, instance: Instance, value: list[dict[str, Any]]) -> None:
    """Whether the root volume ends with the instance: the one thing of a mapping that can be changed."""
    for mapping in value:
        refuse_members(mapping, ("DeviceName", "Ebs"), "BlockDeviceMappings")
        ebs = mapping.get("Ebs") or {}
        refuse_members(ebs, ("DeleteOnTermination", "VolumeId"), "BlockDeviceMappings.Ebs")
        volume, device = root_volumes.root_of(tx, instance), mapping.get("DeviceName")
        if volume is None or volume.attachment is None or volume.attachment.device != device:
            raise AwsError("InvalidInstanceAttributeValue", f"No device is currently mapped at {device}")
        if ebs.get("VolumeId") not in (None, volume.id):
            raise AwsError("InvalidInstanceAttributeValue", f"The volume at {device} is {volume.id}.")
        if ebs.get("DeleteOnTermination") is None:
            raise missing("BlockDeviceMapping.Ebs.DeleteOnTermination")
        root_volumes.keep(tx, volume, delete_on_termination=ebs["DeleteOnTermination"])


def _sole(tx: Tx, instance: Instance) -> NetworkInterface:
    """The ENI that the instance's own attribute means (fact 52)."""
    if instance.state == "terminated":
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is terminated.")
    return sole_interface(tx, instance)


CHANGES: dict[str, Change] = {
    "InstanceType": _type,
    "UserData": _user_data,
    "DisableApiTermination": _flag("disable_api_termination"),
    "DisableApiStop": _flag("disable_api_stop"),
    "InstanceInitiatedShutdownBehavior": _behavior,
    "EbsOptimized": _ebs_optimized,
    "SourceDestCheck": _source_dest_check,
    "Groups": _groups,
    "BlockDeviceMappings": _mappings,
}
LISTS = frozenset({"Groups", "BlockDeviceMappings"})
FLAGS = frozenset({"DisableApiTermination", "DisableApiStop", "EbsOptimized", "SourceDestCheck"})


@operation("ModifyInstanceAttribute", "InstanceId Attribute Value " + " ".join(CHANGES))
def modify_instance_attribute(tx: Tx, request: Request) -> Response:
    """One attribute a call, by its own parameter or as Attribute and Value."""
    instance = need(tx, Instance, request["InstanceId"])
    name = the_one(request, (*CHANGES, "Attribute"))
    name, value = _by_name(request) if name == "Attribute" else (name, _value(request, name))
    CHANGES[name](tx, instance, value)
    return {}


def _value(request: Request, name: str) -> Any:
    if name in LISTS:
        return request[name]
    value = request[name].get("Value")
    if value is None:
        raise missing(f"{name}.Value")
    return value


def _by_name(request: Request) -> tuple[str, Any]:
    """The older form: the attribute's name, and its value as text."""
    attribute, value = request["Attribute"], request.get("Value")
    name = attribute[0].upper() + attribute[1:] if attribute else ""
    if attribute not in ATTRIBUTES:
        raise invalid(attribute, "attribute", "Unknown attribute.")
    if name not in CHANGES:
        raise unbuilt(f"Modifying the attribute {attribute}")
    if value is None:
        raise missing("Value")
    if name == "UserData":
        return name, user_data(value)
    if name in FLAGS:
        if value.lower() not in ("true", "false"):
            raise invalid(value, "value", "Expecting true or false.")
        return name, value.lower() == "true"
    return name, value


@operation("ResetInstanceAttribute", "InstanceId Attribute")
def reset_instance_attribute(tx: Tx, request: Request) -> Response:
    """Only the source/destination check has a default to return to; kernels and RAM disks there are none."""
    attribute = request["Attribute"]
    if attribute != "sourceDestCheck":
        raise invalid(attribute, "attribute", "Only sourceDestCheck can be reset.")
    _source_dest_check(tx, need(tx, Instance, request["InstanceId"]), True)
    return {}
