"""The root volume of an instance: what RunInstances asks for, and what becomes of it.

A volume is a record: a guest's disk is a layer of its own on this machine, whatever the volume's size, type and key.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from atoll.model.entity import Tags
from atoll.model.kinds import Instance, Volume, VolumeAttachment
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import ebs_defaults
from atoll.services.ec2.checks import refuse_members, unbuilt
from atoll.services.ec2.image_table import Image
from atoll.services.ec2.volume_types import TYPES, Performance, performance

EBS = ("DeleteOnTermination", "Encrypted", "Iops", "KmsKeyId", "SnapshotId", "Throughput", "VolumeSize", "VolumeType")


class Root(NamedTuple):
    """The root volume that each instance of a call is to have."""

    device: str
    snapshot: str
    performance: Performance
    delete_on_termination: bool
    kms_key: str | None


def wanted_root(tx: Tx, image: Image, mappings: Iterable[Mapping[str, Any]]) -> Root:
    """The image's root device, as BlockDeviceMappings changes it; any other device is refused."""
    ebs: Mapping[str, Any] = {}
    seen: set[str] = set()
    for mapping in mappings:
        refuse_members(mapping, ("DeviceName", "Ebs", "NoDevice", "VirtualName"), "BlockDeviceMappings")
        device = mapping.get("DeviceName")
        if not device:
            raise AwsError("InvalidBlockDeviceMapping", "Each block device mapping requires a device name.")
        if device in seen:
            raise AwsError("InvalidBlockDeviceMapping", f"The device '{device}' is used in more than one mapping.")
        seen.add(device)
        if device != image.root_device:
            raise unbuilt(f"A block device other than the image's root device {image.root_device} ({device})")
        if mapping.get("NoDevice") is not None or mapping.get("VirtualName"):
            raise AwsError(
                "InvalidBlockDeviceMapping", f"The root device '{device}' cannot be left out or be instance storage."
            )
        ebs = mapping.get("Ebs") or {}
    return _root(tx, image, ebs)


def _root(tx: Tx, image: Image, ebs: Mapping[str, Any]) -> Root:
    refuse_members(ebs, EBS, "BlockDeviceMappings.Ebs")
    if ebs.get("SnapshotId") not in (None, image.snapshot):
        raise AwsError("InvalidBlockDeviceMapping", "snapshotId cannot be modified on root device")
    size = ebs.get("VolumeSize", image.volume_gib)
    if size < image.volume_gib:
        raise AwsError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot '{image.snapshot}', expect size >= {image.volume_gib}GB",
        )
    type_ = ebs.get("VolumeType") or image.volume_type
    had = performance(type_, size, ebs.get("Iops"), ebs.get("Throughput"))
    if not TYPES[type_].boots:
        raise AwsError("InvalidParameterValue", f"Volumes of type {type_} cannot be boot volumes.")
    return Root(
        device=image.root_device,
        snapshot=image.snapshot,
        performance=had,
        delete_on_termination=ebs.get("DeleteOnTermination", True),
        kms_key=_key(tx, ebs),
    )


def _key(tx: Tx, ebs: Mapping[str, Any]) -> str | None:
    """The key's ARN where the volume is encrypted; the account's default key where none is named."""
    named = ebs.get("KmsKeyId")
    if not ebs.get("Encrypted") and not ebs_defaults.encrypts(tx):
        if named:
            raise AwsError(
                "InvalidParameterDependency",
                "The parameter KmsKeyId requires the parameter Encrypted to be set.",
            )
        return None
    return ebs_defaults.key_arn(tx, named)


def make(tx: Tx, instance: Instance, root: Root, tags: Tags) -> Volume:
    """The instance's root volume, attached."""
    volume = Volume(
        home=instance.home,
        id=tx.new_id("vol"),
        tags=tags,
        zone=instance.zone,
        size=root.performance.size,
        type=root.performance.type,
        iops=root.performance.iops,
        throughput=root.performance.throughput,
        snapshot=root.snapshot,
        created=tx.time,
        kms_key=root.kms_key,
        attachment=VolumeAttachment(
            instance=instance.id,
            device=root.device,
            time=tx.time,
            delete_on_termination=root.delete_on_termination,
        ),
    )
    tx.put(volume)
    return volume


def root_of(tx: Tx, instance: Instance) -> Volume | None:
    """The instance's volume; None once it is terminated, or was launched by a release without volumes."""
    return tx.only(Volume, "instance", instance.id)


def keep(tx: Tx, volume: Volume, *, delete_on_termination: bool) -> None:
    """Whether the volume ends with its instance."""
    assert volume.attachment is not None
    kept = replace(volume.attachment, delete_on_termination=delete_on_termination)
    tx.put(replace(volume, attachment=kept))


def end(tx: Tx, instance: Instance) -> None:
    """The instance is terminated: its volume is gone, or available."""
    volume = root_of(tx, instance)
    if volume is None or volume.attachment is None:
        return
    if volume.attachment.delete_on_termination:
        tx.delete(volume)
    else:
        tx.put(replace(volume, attachment=None))


def mappings_shape(tx: Tx, instance: Instance) -> list[dict[str, Any]]:
    """InstanceBlockDeviceMappings of the API."""
    volume = root_of(tx, instance)
    if volume is None or volume.attachment is None:
        return []
    attachment = volume.attachment
    return [
        {
            "DeviceName": attachment.device,
            "Ebs": {
                "AttachTime": attachment.time,
                "DeleteOnTermination": attachment.delete_on_termination,
                "Status": "attached",
                "VolumeId": volume.id,
            },
        }
    ]
