"""Images: a fixed table, and those that were added here (`own_images`)."""

import re
from collections.abc import Iterable
from typing import Any

from atoll.model.kinds import OwnImage
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.describe import answer, no_pages_with_ids, page, sift
from atoll.services.ec2.image_table import Image, images, own_image
from atoll.services.ec2.paths import at
from atoll.services.registry import Request, Response, operation

ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
RESOLVE = "resolve:ssm:"
ACCOUNT = re.compile(r"\d{12}\Z")
OWNERS = ("self", "amazon", "aws-backup-vault", "aws-marketplace")
USERS = ("self", "all")
"""What may stand in Owners and in ExecutableUsers instead of an account [BC DescribeImages]."""


def need_image(tx: Tx, id_: str) -> Image:
    """The image of that id in this region; AWS's Malformed or NotFound otherwise."""
    if not ID.match(id_):
        raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{id_}" (expecting "ami-...")')
    own = tx.own(OwnImage, id_)
    found = own_image(own) if own is not None else images(tx.region).get(id_)
    if found is None:
        raise AwsError("InvalidAMIID.NotFound", f"The image id '[{id_}]' does not exist")
    return found


def resolved_image(tx: Tx, id_: str) -> Image:
    """The image of that id, or the one that a parameter of Systems Manager names (resolve:ssm:NAME[:version])."""
    if not id_.startswith(RESOLVE):
        return need_image(tx, id_)
    from atoll.services.ssm import names  # it knows this package's images, so it cannot be known when this one loads

    try:
        value = names.find(tx, names.named(tx, id_.removeprefix(RESOLVE))).value
    except AwsError as error:
        raise AwsError("InvalidParameterValue", f"Cannot resolve {id_[:300]}: {error.message}") from None
    if not ID.match(value):
        raise AwsError("InvalidAMIID.Malformed", f"{id_[:300]} names a parameter whose value is no image's id.")
    return need_image(tx, value)


def visible_images(tx: Tx) -> list[Image]:
    """What the caller may see."""
    return [*images(tx.region).values(), *(own_image(one) for one in tx.mine(OwnImage))]


def image_shape(image: Image) -> dict[str, Any]:
    """An Image of the API."""
    shape: dict[str, Any] = {
        "PlatformDetails": platform_details(image),
        "UsageOperation": usage_operation(image),
        "BlockDeviceMappings": [_root(image)],
        "Description": image.description,
        "EnaSupport": image.virtualization == "hvm",
        "Hypervisor": "xen",
        "Name": image.name,
        "RootDeviceName": image.root_device,
        "RootDeviceType": "ebs",
        "VirtualizationType": image.virtualization,
        "ImageId": image.id,
        "ImageLocation": f"{image.alias or image.owner}/{image.name}",
        "State": "available",
        "OwnerId": image.owner,
        "CreationDate": image.created,
        "Public": image.public,
        "Architecture": image.architecture,
        "ImageType": "machine",
    }
    if not image.public:  # AWS tells it to the owner alone, and only an owner sees what is not public
        shape["DeregistrationProtection"] = "disabled"
    if image.virtualization == "hvm":
        shape["SriovNetSupport"] = "simple"
    if image.alias is not None:
        shape["ImageOwnerAlias"] = image.alias
    if image.tags:
        shape["Tags"] = [{"Key": key, "Value": value} for key, value in image.tags]
    if image.boot_mode is not None:
        shape["BootMode"] = image.boot_mode
    if image.imds_v2:
        shape["ImdsSupport"] = "v2.0"
    if image.windows:
        shape["Platform"] = "windows"
    return shape


def platform_details(image: Image) -> str:
    """PlatformDetails: what is billed for."""
    return "Windows" if image.windows else "Linux/UNIX"


def usage_operation(image: Image) -> str:
    """UsageOperation: its billing code."""
    return "RunInstances:0002" if image.windows else "RunInstances"


def _root(image: Image) -> dict[str, Any]:
    return {
        "DeviceName": image.root_device,
        "Ebs": {
            "DeleteOnTermination": True,
            "SnapshotId": image.snapshot,
            "VolumeSize": image.volume_gib,
            "VolumeType": image.volume_type,
            "Encrypted": False,
        },
    }


WATERMARK = {
    "source-image-creation-time": "SourceImageCreationTime",
    "source-image-id": "SourceImageId",
    "source-image-region": "SourceImageRegion",
    "watermark-creation-time": "WatermarkCreationTime",
    "watermark-key": "WatermarkKey",
}
SCAN = {
    **{
        f"{level}-fix-available-since": f"{level.capitalize()}FixAvailableSince"
        for level in ("informational", "low", "medium", "high", "critical")
    },
    "finding-scan-date": "FindingScanDate",
    "highest-finding-severity-label": "HighestFindingSeverityLabel",
}
"""No image here has a watermark or was scanned, is a copy, or names types; no rule says which are allowed."""

PATHS = {
    "architecture": "Architecture",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.encrypted": "BlockDeviceMappings.Ebs.Encrypted",
    "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
    "block-device-mapping.volume-size": "BlockDeviceMappings.Ebs.VolumeSize",
    "block-device-mapping.volume-type": "BlockDeviceMappings.Ebs.VolumeType",
    "boot-mode": "BootMode",
    "creation-date": "CreationDate",
    "description": "Description",
    "ena-support": "EnaSupport",
    "hypervisor": "Hypervisor",
    "image-allowed": "ImageAllowed",
    "image-id": "ImageId",
    "image-type": "ImageType",
    **{f"image-watermark.{name}": f"ImageWatermarks.{member}" for name, member in WATERMARK.items()},
    "instance-type-specification.supported-instance-type": "InstanceTypeSpecification.SupportedInstanceTypes",
    "instance-type-specification.unsupported-instance-type": "InstanceTypeSpecification.UnsupportedInstanceTypes",
    "is-public": "Public",
    "kernel-id": "KernelId",
    "manifest-location": "ImageLocation",
    "name": "Name",
    "owner-alias": "ImageOwnerAlias",
    "owner-id": "OwnerId",
    "platform": "Platform",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "ramdisk-id": "RamdiskId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    **{f"scan-result.{name}": f"ScanResults.{member}" for name, member in SCAN.items()},
    "source-image-id": "SourceImageId",
    "source-image-region": "SourceImageRegion",
    "source-instance-id": "SourceInstanceId",
    "sriov-net-support": "SriovNetSupport",
    "state": "State",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "virtualization-type": "VirtualizationType",
}


PUBLIC_NAME = "public-ssm-parameter-name"


def _public_names(tx: Tx, id_: str) -> list[str]:
    """The public parameters of Systems Manager whose value is the image."""
    from atoll.services.ssm.public import names_by_image  # it knows this package's images, as in resolved_image

    return names_by_image(tx.region).get(id_, [])


def _known(name: str) -> bool:
    return name in PATHS or name in (PUBLIC_NAME, "tag-key") or name.startswith("tag:")


def _values(tx: Tx, shape: dict[str, Any], name: str) -> Iterable[str]:
    if name == PUBLIC_NAME:
        return _public_names(tx, shape["ImageId"])
    if name in PATHS:
        return at(shape, PATHS[name])
    tags = shape.get("Tags", ())
    return [
        tag["Key"] if name == "tag-key" else tag["Value"] for tag in tags if name in ("tag-key", f"tag:{tag['Key']}")
    ]


@operation(
    "DescribeImages",
    "ImageIds Owners ExecutableUsers Filters IncludeDeprecated IncludeDisabled MaxResults NextToken",
)
def describe_images(tx: Tx, request: Request) -> Response:
    """None is deprecated, disabled or shared with somebody, so Include... adds none and ExecutableUsers self or an id
    finds none."""
    no_pages_with_ids(request, "ImageIds")
    check_users(request.get("Owners"), OWNERS)
    check_users(request.get("ExecutableUsers"), USERS)
    named = dict.fromkeys(request.get("ImageIds") or ())
    found = [need_image(tx, id_) for id_ in named] if named else visible_images(tx)
    found = [image for image in found if owned(tx, image, request.get("Owners") or ()) and _executable(image, request)]
    shapes = sift(
        [image_shape(image) for image in found],
        request,
        _known,
        lambda shape, name: _values(tx, shape, name),
    )
    shown, token = page(shapes, request)
    return answer("Images", shown, token)


def check_users(named: Iterable[str] | None, words: Iterable[str]) -> None:
    """Accounts, or AWS's words for some."""
    for one in named or ():
        if one not in words and not ACCOUNT.match(one):
            raise AwsError("InvalidUserID.Malformed", f'Invalid user id: "{one}"')


def owned(tx: Tx, image: Image, owners: Iterable[str]) -> bool:
    """Whether one of those has the image; everybody, where none is named."""
    owners = set(owners)
    if not owners:
        return True
    return image.owner in owners or image.alias in owners or ("self" in owners and image.owner == tx.account)


def _executable(image: Image, request: Request) -> bool:
    users = request.get("ExecutableUsers")
    return not users or ("all" in users and image.public)
