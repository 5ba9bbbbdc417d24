"""Volumes: describe, modify, delete. They are made with their instances (root_volumes.py)."""

from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Modification, Volume
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import attribute, invalid, missing
from atoll.services.ec2.describe import Filters, answer, candidates, describe, no_pages_with_ids, page, sift
from atoll.services.ec2.interface_shape import zone_id
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import tags_if_any
from atoll.services.ec2.volume_types import performance
from atoll.services.registry import Request, Response, operation

Shape = dict[str, Any]
MOST = 500
"""Volumes a page [BC DescribeVolumes]."""


def volume_shape(_tx: Tx, volume: Volume) -> Shape:
    """A Volume of the API."""
    attachment = volume.attachment
    shape: Shape = {
        "Attachments": [
            {
                "AttachTime": attachment.time,
                "DeleteOnTermination": attachment.delete_on_termination,
                "Device": attachment.device,
                "InstanceId": attachment.instance,
                "State": "attached",
                "VolumeId": volume.id,
            }
        ]
        if attachment
        else [],
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone_id(volume.region, volume.zone),
        "CreateTime": volume.created,
        "Encrypted": volume.kms_key is not None,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
        "Size": volume.size,
        "SnapshotId": volume.snapshot,
        "State": "in-use" if attachment else "available",
        "Tags": tags_if_any(volume),
        "VolumeId": volume.id,
        "VolumeType": volume.type,
    }
    optional = {"Iops": volume.iops, "KmsKeyId": volume.kms_key, "Throughput": volume.throughput}
    return shape | {name: value for name, value in optional.items() if value is not None}


FILTERS = paths.filters(
    volume_shape,
    {
        "attachment.attach-time": "Attachments.AttachTime",
        "attachment.delete-on-termination": "Attachments.DeleteOnTermination",
        "attachment.device": "Attachments.Device",
        "attachment.instance-id": "Attachments.InstanceId",
        "attachment.status": "Attachments.State",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "create-time": "CreateTime",
        "encrypted": "Encrypted",
        "fast-restored": "FastRestored",
        "multi-attach-enabled": "MultiAttachEnabled",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "size": "Size",
        "snapshot-id": "SnapshotId",
        "source-volume-id": "SourceVolumeId",
        "status": "State",
        "volume-id": "VolumeId",
        "volume-type": "VolumeType",
    },
)
INDEXED = {"attachment.instance-id": "instance", "volume-id": "id"}


@operation("DescribeVolumes", "VolumeIds Filters MaxResults NextToken IncludeManagedResources")
def describe_volumes(tx: Tx, request: Request) -> Response:
    """None is managed by a service here, so IncludeManagedResources adds none."""
    no_pages_with_ids(request, "VolumeIds")
    found = candidates(tx, Volume, request, "VolumeIds", INDEXED)
    return describe(tx, request, found, FILTERS, "Volumes", volume_shape)


def _status_shape(_tx: Tx, volume: Volume) -> Shape:
    return {
        "Actions": [],
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone_id(volume.region, volume.zone),
        "Events": [],
        "VolumeId": volume.id,
        "VolumeStatus": {
            "Details": [
                {"Name": "io-enabled", "Status": "passed"},
                {"Name": "io-performance", "Status": "not-applicable"},
            ],
            "Status": "ok",
        },
    }


STATUS_FILTERS: Filters[Volume] = {
    "attachment-status.instance-id": lambda _tx, one: [one.attachment.instance] if one.attachment else [],
    "attachment-status.io-performance": lambda _tx, _one: [],  # told of volumes with IOPS of their own
    **paths.filters(
        _status_shape,
        {
            "action.code": "Actions.Code",
            "action.description": "Actions.Description",
            "action.event-id": "Actions.EventId",
            "availability-zone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "event.description": "Events.Description",
            "event.event-id": "Events.EventId",
            "event.event-type": "Events.EventType",
            "event.not-after": "Events.NotAfter",
            "event.not-before": "Events.NotBefore",
            "operator.managed": "Operator.Managed",
            "operator.principal": "Operator.Principal",
            "volume-status.details-name": "VolumeStatus.Details.Name",
            "volume-status.details-status": "VolumeStatus.Details.Status",
            "volume-status.status": "VolumeStatus.Status",
        },
    ),
}


@operation("DescribeVolumeStatus", "VolumeIds Filters MaxResults NextToken IncludeManagedResources")
def describe_volume_status(tx: Tx, request: Request) -> Response:
    """Every volume is well: there is nothing of it that could fail."""
    no_pages_with_ids(request, "VolumeIds")
    found = candidates(tx, Volume, request, "VolumeIds")
    return describe(tx, request, found, STATUS_FILTERS, "VolumeStatuses", _status_shape)


@operation("DescribeVolumeAttribute", "VolumeId Attribute")
def describe_volume_attribute(tx: Tx, request: Request) -> Response:
    """autoEnableIO or productCodes, of which there are none."""
    volume, name = need(tx, Volume, request["VolumeId"]), request["Attribute"]
    shown: dict[str, Response] = {
        "autoEnableIO": {"AutoEnableIO": {"Value": volume.auto_enable_io}},
        "productCodes": {"ProductCodes": []},
    }
    if name not in shown:
        raise invalid(name, "attribute", "Expecting autoEnableIO or productCodes.")
    return {"VolumeId": volume.id, **shown[name]}


@operation("ModifyVolumeAttribute", "VolumeId AutoEnableIO")
def modify_volume_attribute(tx: Tx, request: Request) -> Response:
    """Whether I/O goes on by itself after an inconsistency, which no record can have."""
    volume = need(tx, Volume, request["VolumeId"])
    if request.get("AutoEnableIO") is None:
        raise missing("AutoEnableIO")
    tx.put(replace(volume, auto_enable_io=attribute(request, "AutoEnableIO")))
    return {}


@operation("ModifyVolume", "VolumeId Size VolumeType Iops Throughput MultiAttachEnabled")
def modify_volume(tx: Tx, request: Request) -> Response:
    """Completed when the call returns; a volume never shrinks. There is no pause between two changes here."""
    volume = need(tx, Volume, request["VolumeId"])
    asked = {name: request[name] for name in ("Size", "VolumeType", "Iops", "Throughput") if name in request}
    if request.get("MultiAttachEnabled"):
        raise AwsError("InvalidParameterCombination", "A root volume cannot be attached to several instances.")
    if not asked:
        raise AwsError("InvalidParameter", "You must specify at least one of size, volumeType, iops or throughput.")
    size, type_ = asked.get("Size", volume.size), asked.get("VolumeType", volume.type)
    if size < volume.size:
        raise AwsError("InvalidParameterValue", "New size cannot be smaller than existing size")
    same = type_ == volume.type and type_ != "gp2"
    after = performance(
        type_,
        size,
        asked.get("Iops", volume.iops if same else None),
        asked.get("Throughput", volume.throughput if same else None),
    )
    before = Modification(
        size=volume.size, type=volume.type, iops=volume.iops, throughput=volume.throughput, time=tx.time
    )
    changed = replace(
        volume,
        size=after.size,
        type=after.type,
        iops=after.iops,
        throughput=after.throughput,
        modification=before,
    )
    tx.put(changed)
    return {"VolumeModification": _modification_shape(changed, before)}


def _modification_shape(volume: Volume, before: Modification) -> Shape:
    shape: Shape = {
        "EndTime": before.time,
        "ModificationState": "completed",
        "OriginalMultiAttachEnabled": False,
        "OriginalSize": before.size,
        "OriginalVolumeType": before.type,
        "Progress": 100,
        "StartTime": before.time,
        "TargetMultiAttachEnabled": False,
        "TargetSize": volume.size,
        "TargetVolumeType": volume.type,
        "VolumeId": volume.id,
    }
    optional = {
        "OriginalIops": before.iops,
        "OriginalThroughput": before.throughput,
        "TargetIops": volume.iops,
        "TargetThroughput": volume.throughput,
    }
    return shape | {name: value for name, value in optional.items() if value is not None}


MODIFICATION_PATHS = {
    "modification-state": "ModificationState",
    "original-iops": "OriginalIops",
    "original-size": "OriginalSize",
    "original-volume-type": "OriginalVolumeType",
    "originalMultiAttachEnabled": "OriginalMultiAttachEnabled",
    "start-time": "StartTime",
    "target-iops": "TargetIops",
    "target-size": "TargetSize",
    "target-volume-type": "TargetVolumeType",
    "targetMultiAttachEnabled": "TargetMultiAttachEnabled",
    "volume-id": "VolumeId",
}


@operation("DescribeVolumesModifications", "VolumeIds Filters MaxResults NextToken IncludeManagedResources")
def describe_volumes_modifications(tx: Tx, request: Request) -> Response:
    """The last change of each volume that was changed."""
    found = candidates(tx, Volume, request, "VolumeIds", {"volume-id": "id"})
    unchanged = [volume.id for volume in found if volume.modification is None]
    if request.get("VolumeIds") and unchanged:
        raise AwsError(
            "InvalidVolumeModification.NotFound", f"Modification for volume '{unchanged[0]}' does not exist."
        )
    shapes = [_modification_shape(one, one.modification) for one in found if one.modification is not None]
    kept = sift(
        shapes, request, MODIFICATION_PATHS.__contains__, lambda one, name: paths.at(one, MODIFICATION_PATHS[name])
    )
    return answer("VolumesModifications", *page(kept, request, least=1, most=MOST))


@operation("DeleteVolume", "VolumeId")
def delete_volume(tx: Tx, request: Request) -> Response:
    """A volume that outlived its instance."""
    volume = need(tx, Volume, request["VolumeId"])
    if volume.attachment is not None:
        raise AwsError("VolumeInUse", f"Volume {volume.id} is currently attached to {volume.attachment.instance}")
    tx.delete(volume)
    return {}
