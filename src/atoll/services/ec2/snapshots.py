"""DescribeSnapshots: the snapshots that images have their root volumes from. Nobody can make another one here."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.describe import answer, no_pages_with_ids, page, sift
from atoll.services.ec2.image_table import Image
from atoll.services.ec2.images import check_users, owned, visible_images
from atoll.services.ec2.paths import at
from atoll.services.registry import Request, Response, operation

ID = re.compile(r"snap-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
OWNERS = ("self", "amazon")
USERS = ("self", "all")
ELSEWHERE = "vol-ffffffff"
"""What AWS shows of a snapshot whose volume is not known, as of a copy."""

PATHS = {
    "description": "Description",
    "encrypted": "Encrypted",
    "owner-alias": "OwnerAlias",
    "owner-id": "OwnerId",
    "progress": "Progress",
    "snapshot-id": "SnapshotId",
    "start-time": "StartTime",
    "status": "State",
    "storage-tier": "StorageTier",
    "transfer-type": "TransferType",
    "volume-id": "VolumeId",
    "volume-size": "VolumeSize",
}


def snapshot_shape(image: Image) -> dict[str, Any]:
    """A Snapshot of the API: the root of an image."""
    shape: dict[str, Any] = {
        "Description": "",
        "Encrypted": False,
        "OwnerId": image.owner,
        "Progress": "100%",
        "SnapshotId": image.snapshot,
        "StartTime": datetime.fromisoformat(image.created),
        "State": "completed",
        "StorageTier": "standard",
        "VolumeId": ELSEWHERE,
        "VolumeSize": image.volume_gib,
    }
    return shape | ({"OwnerAlias": image.alias} if image.alias else {})


def _named(images: Iterable[Image], ids: Iterable[str]) -> list[Image]:
    by_snapshot = {image.snapshot: image for image in images}
    for id_ in ids:
        if not ID.match(id_):
            raise AwsError("InvalidSnapshotID.Malformed", f'Invalid id: "{id_}" (expecting "snap-...")')
        if id_ not in by_snapshot:
            raise AwsError("InvalidSnapshot.NotFound", f"The snapshot '{id_}' does not exist.")
    return [by_snapshot[id_] for id_ in dict.fromkeys(ids)]


def _known(name: str) -> bool:
    return name in PATHS or name == "tag-key" or name.startswith("tag:")  # no snapshot has tags


@operation("DescribeSnapshots", "SnapshotIds OwnerIds RestorableByUserIds Filters MaxResults NextToken")
def describe_snapshots(tx: Tx, request: Request) -> Response:
    """Everybody may use the snapshot of a public image; none is shared with a single account."""
    no_pages_with_ids(request, "SnapshotIds")
    check_users(request.get("OwnerIds"), OWNERS)
    check_users(request.get("RestorableByUserIds"), USERS)
    found, ids, users = visible_images(tx), request.get("SnapshotIds"), request.get("RestorableByUserIds")
    if ids:
        found = _named(found, ids)
    owners = request.get("OwnerIds") or ()
    kept = [one for one in found if owned(tx, one, owners) and (not users or (one.public and "all" in users))]
    shapes = sift(
        [snapshot_shape(one) for one in kept],
        request,
        _known,
        lambda shape, name: at(shape, PATHS[name]) if name in PATHS else (),
    )
    shown, token = page(shapes, request)
    return answer("Snapshots", shown, token)
