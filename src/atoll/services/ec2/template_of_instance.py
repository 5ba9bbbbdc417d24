"""GetLaunchTemplateData: what would launch an instance like this one."""

import base64
from typing import Any

from atoll.model.kinds import Instance, NetworkInterface
from atoll.model.tx import Tx
from atoll.services.ec2.connection_tracking import times_of
from atoll.services.ec2.instance_shape import instance_shape, interfaces_of
from atoll.services.ec2.lookup import need
from atoll.services.ec2.root_volumes import root_of
from atoll.services.ec2.tags import tags_of
from atoll.services.registry import Request, Response, operation

SAME = ("EbsOptimized", "ImageId", "InstanceType", "KeyName", "CpuOptions", "CapacityReservationSpecification")
"""What an instance shows under the name, and in the form, that launch templates have for it."""


@operation("GetLaunchTemplateData", "InstanceId")
def get_launch_template_data(tx: Tx, request: Request) -> Response:
    """The instance's own configuration; its addresses are not taken over, so that it can be launched again."""
    instance = need(tx, Instance, request["InstanceId"])
    shape = instance_shape(tx, instance)
    data: Response = {name: shape[name] for name in SAME if name in shape}
    metadata = {name: value for name, value in shape["MetadataOptions"].items() if name != "State"}
    data |= {
        "BlockDeviceMappings": _mappings(tx, instance),
        "DisableApiStop": instance.disable_api_stop,
        "DisableApiTermination": instance.disable_api_termination,
        "EnclaveOptions": shape["EnclaveOptions"],
        "HibernationOptions": shape["HibernationOptions"],
        "InstanceInitiatedShutdownBehavior": instance.shutdown_behavior,
        "MaintenanceOptions": {"AutoRecovery": instance.auto_recovery},
        "MetadataOptions": metadata,
        "Monitoring": {"Enabled": instance.monitoring},
        "NetworkInterfaces": [_interface(one) for one in interfaces_of(tx, instance)],
        "Placement": {name: shape["Placement"][name] for name in ("AvailabilityZone", "GroupName")},
        "PrivateDnsNameOptions": shape["PrivateDnsNameOptions"],
    }
    if "IamInstanceProfile" in shape:
        data["IamInstanceProfile"] = {"Arn": shape["IamInstanceProfile"]["Arn"]}
    if instance.credits:
        data["CreditSpecification"] = {"CpuCredits": instance.credits}
    if instance.user_data:
        data["UserData"] = base64.b64encode(instance.user_data).decode()
    tags = [tag for tag in tags_of(instance) if not tag["Key"].startswith("aws:")]
    if tags:
        data["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    return {"LaunchTemplateData": data}


def _mappings(tx: Tx, instance: Instance) -> list[dict[str, Any]]:
    volume = root_of(tx, instance)
    if volume is None or volume.attachment is None:
        return []
    ebs: dict[str, Any] = {
        "DeleteOnTermination": volume.attachment.delete_on_termination,
        "Encrypted": volume.kms_key is not None,
        "SnapshotId": volume.snapshot,
        "VolumeSize": volume.size,
        "VolumeType": volume.type,
    }
    if volume.iops is not None and volume.type != "gp2":
        ebs["Iops"] = volume.iops
    if volume.throughput is not None:
        ebs["Throughput"] = volume.throughput
    if volume.kms_key is not None:
        ebs["KmsKeyId"] = volume.kms_key
    return [{"DeviceName": volume.attachment.device, "Ebs": ebs}]


def _interface(interface: NetworkInterface) -> dict[str, Any]:
    attachment = interface.attachment
    assert attachment is not None
    times = times_of(interface.tracking)
    return {
        **({"ConnectionTrackingSpecification": times} if times else {}),
        "AssociatePublicIpAddress": interface.wants_public_ip,
        "DeleteOnTermination": attachment.delete_on_termination,
        "Description": interface.description,
        "DeviceIndex": attachment.index,
        "Groups": list(interface.groups),
        "InterfaceType": "interface",
        "NetworkCardIndex": 0,
        "SubnetId": interface.subnet,
    }
