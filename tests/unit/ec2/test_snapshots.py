"""The snapshots that images have their root volumes from."""

from typing import Any

import pytest

from tests.support.expect import named, pages, refused
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab


def root(image: dict[str, Any]) -> str:
    return str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def own_image(lab: Lab) -> str:
    """An image of the account's own; the id of its snapshot."""
    lab.cloud.put_own_image()
    (image,) = lab.ec2.describe_images(Owners=["self"])["Images"]
    return root(image)


def ids(lab: Lab, **asked: Any) -> set[str]:
    return {one["SnapshotId"] for one in lab.ec2.describe_snapshots(**asked)["Snapshots"]}


def test_of_ones_own_there_are_none(lab: Lab) -> None:
    assert ids(lab, OwnerIds=["self"]) == ids(lab, OwnerIds=[ACCOUNT]) == set()
    mine = own_image(lab)
    assert ids(lab, OwnerIds=["self"]) == ids(lab, OwnerIds=[ACCOUNT]) == {mine}
    assert mine in ids(lab)
    assert mine not in ids(lab, RestorableByUserIds=["all"])
    assert ids(lab, RestorableByUserIds=["self"]) == set()


def test_every_image_has_its_root_from_one(lab: Lab) -> None:
    images = lab.ec2.describe_images()["Images"]
    assert ids(lab) == {root(image) for image in images}
    assert ids(lab, OwnerIds=["amazon"]) == {root(one) for one in images if one.get("ImageOwnerAlias") == "amazon"}
    (image,) = [one for one in images if one["ImageId"] == lab.image]
    (shown,) = lab.ec2.describe_snapshots(SnapshotIds=[root(image)])["Snapshots"]
    assert shown == {
        "Description": "",
        "Encrypted": False,
        "OwnerAlias": "amazon",
        "OwnerId": image["OwnerId"],
        "Progress": "100%",
        "SnapshotId": root(image),
        "StartTime": shown["StartTime"],
        "State": "completed",
        "StorageTier": "standard",
        "VolumeId": "vol-ffffffff",
        "VolumeSize": 8,
    }
    assert f"{shown['StartTime']:%Y-%m-%dT%H:%M:%S}.000Z" == image["CreationDate"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("volume-size", "30", True),
        ("status", "completed", True),
        ("storage-tier", "standard", True),
        ("start-time", "2026-*", True),
        ("encrypted", "true", False),
        ("tag:Name", "*", False),
        ("transfer-type", "*", False),
    ],
)
def test_filters(lab: Lab, name: str, value: str, found: bool) -> None:
    assert bool(ids(lab, Filters=named(name, value))) == found


def test_what_cannot_be_asked(lab: Lab) -> None:
    describe = lab.ec2.describe_snapshots
    refused("InvalidUserID.Malformed", describe, OwnerIds=["canonical"])
    refused("InvalidUserID.Malformed", describe, RestorableByUserIds=["amazon"])
    refused("InvalidParameterValue", describe, Filters=named("colour", "red"))
    known = sorted(ids(lab))[0]
    refused("InvalidParameterCombination", describe, SnapshotIds=[known], MaxResults=5)
    assert sum(pages(describe, "Snapshots", 5)) == len(ids(lab))
    refused("InvalidAction", lab.ec2.create_snapshot, VolumeId="vol-0123456789abcdef0")
