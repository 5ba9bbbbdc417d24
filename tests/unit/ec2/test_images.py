"""Images: what searches find, in every region."""

import pytest

from atoll.model.regions import REGIONS
from tests.support.expect import filters, named, pages, refused
from tests.support.inprocess import InProcess
from tests.support.lab import Lab

SEARCHES = {
    "amzn2-ami-hvm-*-x86_64-gp2": "amazon",
    "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2": "137112412989",
    "al2023-ami-2023.*-x86_64": "amazon",
    "al2023-ami-2023.*-kernel-6.1-arm64": "amazon",
    "amzn-ami-hvm-*-x86_64-gp2": "amazon",
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*": "099720109477",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*": "099720109477",
    "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-*": "099720109477",
    "debian-12-amd64-*": "136693071363",
}


@pytest.mark.parametrize("name", SEARCHES)
def test_tutorials_searches_find_an_image(cloud: InProcess, name: str) -> None:
    found = cloud.client(region="eu-west-1").describe_images(Owners=[SEARCHES[name]], Filters=filters(name=name))
    assert found["Images"]
    for image in found["Images"]:
        assert (image["State"], image["Public"], image["RootDeviceType"]) == ("available", True, "ebs")
        (root,) = image["BlockDeviceMappings"]
        assert root["DeviceName"] == image["RootDeviceName"]
        assert root["Ebs"]["SnapshotId"].startswith("snap-")


def test_ids_differ_by_region_and_stay(cloud: InProcess) -> None:
    ids: dict[str, set[str]] = {}
    for region in REGIONS:
        images = cloud.client(region=region).describe_images(Filters=filters(name="amzn2-ami-hvm-*-x86_64-gp2"))
        ids[region] = {image["ImageId"] for image in images["Images"]}
    assert len(set.union(*ids.values())) == len(REGIONS)
    assert ids["us-east-1"] == {"ami-399b73f45c004b556"}


@pytest.mark.parametrize("image", ["ami-12c6146b", "ami-03cf127a", "ami-fa7cdd89", "ami-f4cf1d8d"])
def test_motos_images_exist_and_can_be_launched(lab: Lab, image: str) -> None:
    (shown,) = lab.ec2.describe_images(ImageIds=[image])["Images"]
    instance = lab.instance(lab.launch(ImageId=image))
    assert instance["ImageId"] == image
    assert instance["Architecture"] == shown["Architecture"]
    assert instance.get("Platform") == shown.get("Platform")


def test_owners(lab: Lab) -> None:
    describe = lab.ec2.describe_images
    everything = describe()["Images"]
    assert describe(Owners=["amazon"])["Images"] == everything
    assert describe(Owners=["self"])["Images"] == []
    assert describe(Owners=["aws-marketplace"])["Images"] == []
    owners = {image["OwnerId"] for image in describe(Owners=["self", "099720109477"])["Images"]}
    assert owners == {"099720109477"}
    assert describe(ExecutableUsers=["self"])["Images"] == []
    assert describe(ExecutableUsers=["all"])["Images"] == everything


def test_errors_and_pages(lab: Lab) -> None:
    describe = lab.ec2.describe_images
    message = refused("InvalidAMIID.NotFound", describe, ImageIds=["ami-0123456789abcdef0"])
    assert message == "The image id '[ami-0123456789abcdef0]' does not exist"
    refused("InvalidAMIID.Malformed", describe, ImageIds=["cheese"])
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    sizes = pages(describe, "Images", 10)
    assert sum(sizes) == len(describe()["Images"])
    refused("DryRunOperation", describe, DryRun=True)


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("architecture", "x86_64", "arm64"),
        ("block-device-mapping.volume-type", "gp2", "io1"),
        ("creation-date", "2026-10-01*", "2025*"),
        ("ena-support", "true", "false"),
        ("image-type", "machine", "kernel"),
        ("is-public", "true", "false"),
        ("owner-alias", "amazon", "self"),
        ("owner-id", "137112412989", "099720109477"),
        ("root-device-name", "/dev/xvda", "/dev/sda1"),
        ("root-device-type", "ebs", "instance-store"),
        ("state", "available", "pending"),
        ("virtualization-type", "hvm", "paravirtual"),
    ],
)
def test_filters(lab: Lab, name: str, value: str, other: str) -> None:
    def found(wanted: str) -> list[str]:
        asked = [*filters(image_id=lab.image), *named(name, wanted)]
        return [image["ImageId"] for image in lab.ec2.describe_images(Filters=asked)["Images"]]

    assert found(value) == [lab.image]
    assert found(other) == []


def test_no_image_has_tags_or_a_platform_of_its_own(lab: Lab) -> None:
    assert lab.ec2.describe_images(Filters=named("tag:Name", "*"))["Images"] == []
    windows = lab.ec2.describe_images(Filters=filters(platform="windows"))["Images"]
    assert {image["PlatformDetails"] for image in windows} == {"Windows"}


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("description", {"Description": {"Value": "Amazon Linux 2 LTS AMI 2.0.20260930.0 x86_64 HVM gp2"}}),
        ("kernel", {"KernelId": {}}),
        ("ramdisk", {"RamdiskId": {}}),
        ("launchPermission", {"LaunchPermissions": [{"Group": "all"}]}),
        ("productCodes", {"ProductCodes": []}),
        ("sriovNetSupport", {"SriovNetSupport": {"Value": "simple"}}),
        ("bootMode", {"BootMode": {}}),
        ("tpmSupport", {"TpmSupport": {}}),
        ("imdsSupport", {"ImdsSupport": {}}),
    ],
)
def test_attributes(lab: Lab, attribute: str, answer: dict[str, object]) -> None:
    shown = lab.ec2.describe_image_attribute(ImageId=lab.image, Attribute=attribute)
    del shown["ResponseMetadata"]
    assert shown == {"ImageId": lab.image, **answer}


def test_mappings_and_refused_attributes(lab: Lab) -> None:
    (image,) = lab.ec2.describe_images(ImageIds=[lab.image])["Images"]
    read = lab.ec2.describe_image_attribute
    shown = read(ImageId=lab.image, Attribute="blockDeviceMapping")
    assert shown["BlockDeviceMappings"] == image["BlockDeviceMappings"]
    refused("InvalidParameterValue", read, ImageId=lab.image, Attribute="colour")
    refused("UnsupportedOperation", read, ImageId=lab.image, Attribute="lastLaunchedTime")
    refused("InvalidAMIID.NotFound", read, ImageId="ami-0123456789abcdef0", Attribute="kernel")


def test_images_are_not_made(lab: Lab) -> None:
    instance = lab.launch()
    told = refused("InvalidAction", lab.ec2.create_image, InstanceId=instance, Name="mine")
    assert "UserData" in told
    refused("InvalidAction", lab.ec2.register_image, Name="mine")
    refused("InvalidAction", lab.ec2.copy_image, Name="m", SourceImageId=lab.image, SourceRegion="us-east-1")


def test_what_instances_were_launched_from(lab: Lab) -> None:
    instance = lab.launch()
    describe = lab.ec2.describe_instance_image_metadata
    (shown,) = describe()["InstanceImageMetadata"]
    assert (shown["InstanceId"], shown["State"]["Name"]) == (instance, "running")
    image = shown["ImageMetadata"]
    assert (image["ImageId"], image["ImageAllowed"], image["IsPublic"]) == (lab.image, True, True)
    for wanted in (filters(instance_id=instance), filters(owner_alias="amazon"), filters(zone_id="use1-az6")):
        assert describe(Filters=wanted)["InstanceImageMetadata"] == [shown]
    assert describe(Filters=filters(instance_state_name="stopped"))["InstanceImageMetadata"] == []
    refused("InvalidInstanceID.NotFound", describe, InstanceIds=["i-0123456789abcdef0"])


def test_by_the_name_of_a_public_parameter(lab: Lab) -> None:
    parameter = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"
    found = lab.ec2.describe_images(Filters=filters(public_ssm_parameter_name=parameter))["Images"]
    assert [image["ImageId"] for image in found] == [lab.image]
    assert lab.ec2.describe_images(Filters=filters(public_ssm_parameter_name="/aws/service/none"))["Images"] == []


@pytest.mark.parametrize(
    "name",
    ["image-allowed", "image-watermark.watermark-key", "scan-result.low-fix-available-since", "source-image-id"],
)
def test_what_no_image_has(lab: Lab, name: str) -> None:
    assert lab.ec2.describe_images(Filters=named(name, "*"))["Images"] == []


def test_of_deregistration_its_owner_is_told(lab: Lab) -> None:
    assert "DeregistrationProtection" not in lab.ec2.describe_images(ImageIds=[lab.image])["Images"][0]
    read = lab.ec2.describe_image_attribute
    refused("UnsupportedOperation", read, ImageId=lab.image, Attribute="deregistrationProtection")
    own = lab.cloud.put_own_image()
    assert lab.ec2.describe_images(Owners=["self"])["Images"][0]["DeregistrationProtection"] == "disabled"
    shown = read(ImageId=own.id, Attribute="deregistrationProtection")
    assert shown["DeregistrationProtection"] == {"Value": "disabled"}
    refused("UnsupportedOperation", read, ImageId=own.id, Attribute="lastLaunchedTime")


def test_every_image_is_a_root(lab: Lab) -> None:
    (entry,) = lab.ec2.get_image_ancestry(ImageId=lab.image)["ImageAncestryEntries"]
    (image,) = lab.ec2.describe_images(ImageIds=[lab.image])["Images"]
    assert (entry["ImageId"], entry["ImageOwnerAlias"]) == (lab.image, "amazon")
    assert f"{entry['CreationDate']:%Y-%m-%dT%H:%M:%S}.000Z" == image["CreationDate"]
    assert "SourceImageId" not in entry
    refused("InvalidAMIID.NotFound", lab.ec2.get_image_ancestry, ImageId="ami-0123456789abcdef0")


def test_owners_and_users_are_accounts(lab: Lab) -> None:
    describe = lab.ec2.describe_images
    for owner in ("aws-backup-vault", "aws-marketplace", "111122223333"):
        assert describe(Owners=[owner])["Images"] == []
    assert describe(ExecutableUsers=["111122223333"])["Images"] == []
    for asked in ({"Owners": ["self", "canonical"]}, {"Owners": ["0123"]}, {"ExecutableUsers": ["amazon"]}):
        refused("InvalidUserID.Malformed", describe, **asked)
