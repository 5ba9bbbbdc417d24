"""DescribeImageAttribute, and what images instances were launched from: DescribeInstanceImageMetadata."""

from datetime import datetime
from typing import Any

from atoll.model.kinds import Instance, OwnImage
from atoll.model.tx import Tx
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid, unbuilt
from atoll.services.ec2.describe import candidates, describe, no_pages_with_ids
from atoll.services.ec2.image_table import Image, image_of, own_image
from atoll.services.ec2.images import image_shape, need_image
from atoll.services.ec2.instance_filters import OWN
from atoll.services.ec2.instance_shape import state_shape
from atoll.services.ec2.interface_shape import zone_id
from atoll.services.ec2.tags import tags_if_any
from atoll.services.registry import Request, Response, operation

VALUES = {
    "description": "Description",
    "kernel": "KernelId",
    "ramdisk": "RamdiskId",
    "sriovNetSupport": "SriovNetSupport",
    "bootMode": "BootMode",
    "tpmSupport": "TpmSupport",
    "imdsSupport": "ImdsSupport",
    "deregistrationProtection": "DeregistrationProtection",
}
"""Attributes that are one value, each with its member of the image and of the answer."""

LISTS = {
    "launchPermission": "LaunchPermissions",
    "productCodes": "ProductCodes",
    "blockDeviceMapping": "BlockDeviceMappings",
}
UNKNOWN = ("lastLaunchedTime", "uefiData", "deregistrationProtection")
"""What AWS tells an image's owner."""


@operation("DescribeImageAttribute", "ImageId Attribute")
def describe_image_attribute(tx: Tx, request: Request) -> Response:
    """One attribute, named as AWS names it. Anyone may ask it of a public image."""
    image, name = need_image(tx, request["ImageId"]), request["Attribute"]
    if name in UNKNOWN and VALUES.get(name) not in image_shape(image):
        raise unbuilt(f"The image attribute {name}")
    if name not in VALUES and name not in LISTS:
        raise invalid(name, "attribute", "Unknown attribute.")
    return {"ImageId": image.id, **_shown(image, name)}


def _shown(image: Image, name: str) -> Response:
    shape = image_shape(image) | {"LaunchPermissions": [{"Group": "all"}] if image.public else []}
    if name in LISTS:
        return {LISTS[name]: shape.get(LISTS[name], [])}
    member = VALUES[name]
    return {member: {"Value": shape[member]} if member in shape else {}}


@operation("GetImageAncestry", "ImageId")
def get_image_ancestry(tx: Tx, request: Request) -> Response:
    """Each image is a root: none was made of another one that is known here."""
    image = need_image(tx, request["ImageId"])
    entry: Response = {"CreationDate": datetime.fromisoformat(image.created), "ImageId": image.id}
    return {"ImageAncestryEntries": [entry | ({"ImageOwnerAlias": image.alias} if image.alias else {})]}


def _metadata_shape(tx: Tx, instance: Instance) -> dict[str, Any]:
    """An InstanceImageMetadata of the API."""
    shape: dict[str, Any] = {
        "AvailabilityZone": instance.zone,
        "InstanceId": instance.id,
        "InstanceType": instance.type,
        "LaunchTime": instance.launched,
        "Operator": {"Managed": False},
        "OwnerId": instance.account,
        "State": state_shape(instance),
        "Tags": tags_if_any(instance),
        "ZoneId": zone_id(instance.region, instance.zone),
    }
    own = tx.own(OwnImage, instance.image)
    image = own_image(own) if own is not None else image_of(instance)
    if image is not None and image.name:  # else it was removed, and nobody knows any more
        shown = image_shape(image)
        same = ("CreationDate", "ImageId", "ImageOwnerAlias", "Name", "OwnerId", "State")
        known = {name: shown[name] for name in same if name in shown}
        shape["ImageMetadata"] = {**known, "ImageAllowed": True, "IsPublic": image.public}
    return shape


METADATA_FILTERS = {
    **{name: OWN[name] for name in ("availability-zone", "instance-id", "instance-state-name", "instance-type")},
    **paths.filters(
        _metadata_shape,
        {
            "image-allowed": "ImageMetadata.ImageAllowed",
            "launch-time": "LaunchTime",
            "owner-alias": "ImageMetadata.ImageOwnerAlias",
            "owner-id": "OwnerId",
            "zone-id": "ZoneId",
        },
    ),
}


@operation("DescribeInstanceImageMetadata", "InstanceIds Filters MaxResults NextToken")
def describe_instance_image_metadata(tx: Tx, request: Request) -> Response:
    """Every instance with its image."""
    no_pages_with_ids(request, "InstanceIds")
    found = candidates(tx, Instance, request, "InstanceIds", {"instance-id": "id"})
    return describe(tx, request, found, METADATA_FILTERS, "InstanceImageMetadata", _metadata_shape, least=1)
