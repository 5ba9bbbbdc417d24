"""Images that a user adds: AMIs of the account, launched as any other."""

from typing import Any

import pytest

from atoll.model.kinds import OwnImage
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import own_images
from tests.support.expect import filters, named, refused
from tests.support.inprocess import ACCOUNT, REGION
from tests.support.lab import Lab

FILES = "x86_64-0123456789abcdef0123456789abcdef"


def add(lab: Lab, name: str = "mine", *, software: str = FILES, imds_v2: bool = False) -> str:
    tx = lab.cloud.draft(REGION, ACCOUNT)
    made = own_images.register(tx, name, "My own", software, imds_v2=imds_v2)
    lab.cloud.commit(tx.delta())
    return made.id


def remove(lab: Lab, image: str) -> None:
    tx = lab.cloud.draft(REGION, ACCOUNT)
    own_images.deregister(tx, image)
    lab.cloud.commit(tx.delta())


def shown(lab: Lab, image: str) -> dict[str, Any]:
    (found,) = lab.ec2.describe_images(ImageIds=[image])["Images"]
    return dict(found)


def test_it_is_described_as_its_owners_private_image(lab: Lab) -> None:
    image = add(lab)
    found = shown(lab, image)
    expected = {
        "Name": "mine",
        "Description": "My own",
        "OwnerId": ACCOUNT,
        "Public": False,
        "ImageLocation": f"{ACCOUNT}/mine",
        "Architecture": "x86_64",
        "State": "available",
        "RootDeviceName": "/dev/xvda",
    }
    assert {name: found[name] for name in expected} == expected
    assert "ImageOwnerAlias" not in found
    assert "ImdsSupport" not in found
    assert "Tags" not in found


def test_only_its_owner_sees_it_and_only_in_its_region(lab: Lab) -> None:
    image = add(lab)
    refused("InvalidAMIID.NotFound", lab.cloud.client(region="eu-west-1").describe_images, ImageIds=[image])
    refused("InvalidAMIID.NotFound", lab.cloud.client(account="222222222222").describe_images, ImageIds=[image])

    def ids(**asked: Any) -> set[str]:
        return {one["ImageId"] for one in lab.ec2.describe_images(**asked)["Images"]}

    assert ids(Owners=["self"]) == {image} == ids(Owners=[ACCOUNT]) == ids(Filters=filters(is_public="false"))
    assert image in ids()
    assert image not in ids(Owners=["amazon"])
    assert image not in ids(ExecutableUsers=["all"]) | ids(ExecutableUsers=["self"])
    assert lab.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"] == []


def test_instances_are_launched_from_it_and_outlive_it(lab: Lab) -> None:
    image = add(lab)
    instance = lab.launch(ImageId=image)
    before = lab.instance(instance)
    assert (before["ImageId"], before["Architecture"], before["PlatformDetails"]) == (image, "x86_64", "Linux/UNIX")
    remove(lab, image)
    assert lab.instance(instance) == before
    refused("InvalidAMIID.NotFound", lab.ec2.describe_images, ImageIds=[image])
    refused("InvalidAMIID.NotFound", lab.launch, ImageId=image)
    assert own_images.needed(lab.cloud.table) == {FILES}
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    assert own_images.needed(lab.cloud.table) == set()


def test_a_type_of_another_architecture_is_refused(lab: Lab) -> None:
    image = add(lab, software=FILES.replace("x86_64", "arm64"))
    refused("InvalidParameterValue", lab.launch, ImageId=image, InstanceType="t3.micro")
    assert lab.instance(lab.launch(ImageId=image, InstanceType="t4g.micro"))["Architecture"] == "arm64"


def test_imds_support_is_the_default_of_its_instances(lab: Lab) -> None:
    image = add(lab, imds_v2=True)
    assert shown(lab, image)["ImdsSupport"] == "v2.0"
    assert lab.instance(lab.launch(ImageId=image))["MetadataOptions"]["HttpTokens"] == "required"
    assert lab.instance(lab.launch(ImageId=add(lab, "other")))["MetadataOptions"]["HttpTokens"] == "optional"


def test_tags(lab: Lab) -> None:
    image = add(lab)
    lab.ec2.create_tags(Resources=[image], Tags=[{"Key": "Name", "Value": "golden"}])
    assert shown(lab, image)["Tags"] == [{"Key": "Name", "Value": "golden"}]
    for wanted in (named("tag:Name", "gold*"), named("tag-key", "Name")):
        assert [one["ImageId"] for one in lab.ec2.describe_images(Filters=wanted)["Images"]] == [image]
    assert lab.ec2.describe_images(Filters=named("tag:Name", "silver"))["Images"] == []


def test_what_an_instances_image_was(lab: Lab) -> None:
    image = add(lab)
    lab.launch(ImageId=image)

    def metadata() -> dict[str, Any]:
        (found,) = lab.ec2.describe_instance_image_metadata()["InstanceImageMetadata"]
        return dict(found)

    assert (metadata()["ImageMetadata"]["Name"], metadata()["ImageMetadata"]["IsPublic"]) == ("mine", False)
    remove(lab, image)
    assert "ImageMetadata" not in metadata()


@pytest.mark.parametrize("name", ["ab", "a" * 129, "semi;colon", ""])
def test_names_are_as_aws_wants_them(lab: Lab, name: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidAMIName\.Malformed"):
        add(lab, name)


def test_a_name_is_taken_once(lab: Lab) -> None:
    image = add(lab)
    with pytest.raises(AwsError, match=f"AMI name mine is already in use by AMI {image}"):
        add(lab)
    remove(lab, image)
    with pytest.raises(AwsError, match="no longer available"):
        remove(lab, image)
    add(lab)
    assert len(list(lab.cloud.table.all(OwnImage))) == 1
