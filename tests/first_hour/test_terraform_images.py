"""data.aws_ami with most_recent, and data.aws_ssm_parameter: how configurations name their image.

hashicorp/terraform-provider-aws: internal/service/ec2/ami_data_source.go@1c525e0fea30,
internal/service/ssm/parameter_data_source.go (GetParameter, WithDecryption set by default). The patterns are those of
the providers' own documentation and of the images' publishers.
"""

import re
from typing import Any

import pytest

from tests.first_hour.account import Account, only
from tests.support.expect import filters, named, refused

AMAZON, CANONICAL, DEBIAN = "amazon", "099720109477", "136693071363"

HVM = filters(virtualization_type="hvm")
SEARCHES = {
    "al2023": (AMAZON, [*named("name", "al2023-ami-2023.*-x86_64")]),
    "al2023-kernel": (AMAZON, [*named("name", "al2023-ami-2023*-kernel-6.1-x86_64"), *HVM]),
    "al2023-arm": (AMAZON, [*named("name", "al2023-ami-*"), *filters(architecture="arm64")]),
    "amzn2": (AMAZON, [*named("name", "amzn2-ami-hvm-*-x86_64-gp2"), *filters(owner_alias="amazon"), *HVM]),
    "amzn2-kernel": (AMAZON, [*named("name", "amzn2-ami-kernel-5.10-hvm-2.0.*-x86_64-gp2"), *HVM]),
    "amzn2-by-id": ("137112412989", [*named("name", "amzn2-ami-hvm*"), *filters(root_device_type="ebs")]),
    "focal": (CANONICAL, [*named("name", "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-*"), *HVM]),
    "jammy": (CANONICAL, [*named("name", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"), *HVM]),
    "jammy-any": (CANONICAL, [*named("name", "ubuntu/images/*/ubuntu-jammy-22.04-amd64-server-*"), *HVM]),
    "noble": (CANONICAL, [*named("name", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"), *HVM]),
    "noble-arm": (CANONICAL, [*named("name", "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-arm64-server-*")]),
    "bookworm": (DEBIAN, [*named("name", "debian-12-amd64-*"), *filters(architecture="x86_64", state="available")]),
    "trixie": (DEBIAN, [*named("name", "debian-13-amd64-*"), *HVM]),
}


def most_recent(account: Account, owner: str, asked: list[dict[str, Any]]) -> dict[str, Any]:
    """dataSourceAmiRead: the one with the latest CreationDate, which it parses as RFC 3339."""
    found = account.ec2.describe_images(Owners=[owner], Filters=asked)["Images"]
    assert found, "Your query returned no results. Please change your search criteria and try again."
    for image in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", image["CreationDate"])
    return dict(max(found, key=lambda image: image["CreationDate"]))


@pytest.mark.parametrize("search", SEARCHES)
def test_most_recent_finds_an_image_that_can_be_described(account: Account, search: str) -> None:
    """amiDescriptionAttributes: what the data source exports, and what aws_instance needs to launch it."""
    image = most_recent(account, *SEARCHES[search])
    assert (image["State"], image["ImageType"], image["Hypervisor"]) == ("available", "machine", "xen")
    assert (image["RootDeviceType"], image["VirtualizationType"], image["Public"]) == ("ebs", "hvm", True)
    assert (image["UsageOperation"], image["PlatformDetails"]) == ("RunInstances", "Linux/UNIX")
    assert image["EnaSupport"] is True
    assert image["ImageLocation"].endswith(image["Name"])
    root = only([one for one in image["BlockDeviceMappings"] if one["DeviceName"] == image["RootDeviceName"]])
    assert root["Ebs"]["SnapshotId"].startswith("snap-"), "root_snapshot_id"
    assert {"DeleteOnTermination", "VolumeSize", "VolumeType", "Encrypted"} <= set(root["Ebs"])


def test_a_name_regex_is_matched_by_the_provider(account: Account) -> None:
    """name_regex: everything of the owner is fetched, and each image must have a name."""
    images = account.ec2.describe_images(Owners=[AMAZON])["Images"]
    assert [one for one in images if re.match(r"^amzn2-ami-hvm-2\.0\.\d{8}\.\d-x86_64-gp2$", one["Name"])]


def test_a_search_that_finds_nothing_is_an_empty_list(account: Account) -> None:
    found = account.ec2.describe_images(Owners=["self"], Filters=named("name", "*"))
    assert found["Images"] == []


PARAMETERS = {
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64": "al2023-ami-2023.",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64": "al2023-ami-2023.",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64": "al2023-ami-2023.",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2": "amzn2-ami-hvm-2.0.",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2": "amzn2-ami-kernel-5.10-hvm-",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id": "ubuntu/images/hvm-ssd/",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id": "ubuntu/images/hvm-ssd-gp3/",
    "/aws/service/canonical/ubuntu/server/jammy/stable/current/arm64/hvm/ebs-gp2/ami-id": "ubuntu/images/hvm-ssd/",
    "/aws/service/debian/release/12/latest/amd64": "debian-12-amd64-",
    "/aws/service/debian/release/bookworm/latest/arm64": "debian-12-arm64-",
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_public_parameter_is_an_image_that_exists(account: Account, name: str) -> None:
    answer = account.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (answer["Name"], answer["Type"], answer["DataType"]) == (name, "String", "aws:ec2:image")
    assert answer["Version"] >= 1
    image = only(account.ec2.describe_images(ImageIds=[answer["Value"]])["Images"])
    assert image["Name"].startswith(PARAMETERS[name])


def test_a_public_parameter_differs_by_region(account: Account) -> None:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    values = {
        account.client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"]
        for region in ("us-east-1", "eu-central-1")
    }
    assert len(values) == 2


def test_all_parameters_of_a_path(account: Account) -> None:
    """data.aws_ssm_parameters_by_path; pages of ten."""
    pages = account.client("ssm").get_paginator("get_parameters_by_path")
    path = "/aws/service/ami-amazon-linux-latest"
    found = [one["Name"] for page in pages.paginate(Path=path) for one in page["Parameters"]]
    assert {name for name in PARAMETERS if name.startswith(path)} <= set(found)


def test_resolve_ssm_in_an_image_id(account: Account) -> None:
    """`ami = "resolve:ssm:..."`, which the provider passes on as it is; the instance then shows the image."""
    name = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"
    instance = account.launch(ImageId=f"resolve:ssm:{name}")
    wanted = account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    assert account.instance(instance)["ImageId"] == wanted
    account.terminate(instance)


def test_a_parameter_that_there_is_not(account: Account) -> None:
    refused("ParameterNotFound", account.client("ssm").get_parameter, Name="/aws/service/nothing/here")
