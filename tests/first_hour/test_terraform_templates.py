"""aws_key_pair and aws_launch_template, and an instance that names a template.

hashicorp/terraform-provider-aws, internal/service/ec2/: ec2_key_pair.go@05bc9541efe7,
ec2_launch_template.go@025e4f81cab8, ec2_instance.go@0015dfcd06d5, find.go@00a35305dc1b.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused, tag_specification


def public_key() -> bytes:
    """What `ssh-keygen -t ed25519` writes to the .pub file."""
    made = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return made + b" me@laptop\n"


def test_a_key_pair(account: Account) -> None:
    """Imported, read by name, its material read for `aws_key_pair` data, deleted by name; deleted again is no error."""
    ec2 = account.ec2
    material = public_key()
    made = ec2.import_key_pair(
        KeyName="deployer", PublicKeyMaterial=material, TagSpecifications=tag_specification("key-pair", Team="a")
    )
    shown = only(ec2.describe_key_pairs(KeyNames=["deployer"])["KeyPairs"])
    assert shown["KeyFingerprint"] == made["KeyFingerprint"]
    assert (shown["KeyPairId"], shown["KeyType"]) == (made["KeyPairId"], "ed25519")
    assert shown["Tags"] == [{"Key": "Team", "Value": "a"}]
    with_key = only(ec2.describe_key_pairs(KeyNames=["deployer"], IncludePublicKey=True)["KeyPairs"])
    assert with_key["PublicKey"].split()[:2] == material.decode().split()[:2]
    ec2.delete_key_pair(KeyName="deployer")
    refused("InvalidKeyPair.NotFound", ec2.describe_key_pairs, KeyNames=["deployer"])
    ec2.delete_key_pair(KeyName="deployer")


def version_of(account: Account, template: str, version: int) -> dict[str, Any]:
    """findLaunchTemplateVersionByTwoPartKey."""
    found = account.ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=[str(version)])
    return dict(only(found["LaunchTemplateVersions"]))


def test_a_template_that_says_nothing(account: Account) -> None:
    """expandRequestLaunchTemplateData always sets UserData, also to an empty text."""
    made = account.ec2.create_launch_template(
        ClientToken="t-1", LaunchTemplateName="empty", LaunchTemplateData={"UserData": ""}
    )["LaunchTemplate"]
    assert version_of(account, made["LaunchTemplateId"], 1)["LaunchTemplateData"].get("UserData", "") == ""


def test_a_template_from_create_to_destroy(account: Account) -> None:
    """Read: the template, then its latest version; a change is a version, perhaps the default one."""
    ec2, vpc = account.ec2, account.vpc()
    group = account.group(vpc)
    script = base64.b64encode(b"#!/bin/sh\ntrue\n").decode()
    data = {
        "ImageId": account.image,
        "InstanceType": "t3.micro",
        "UserData": script,
        "CreditSpecification": {"CpuCredits": "standard"},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True}}
        ],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
        "Monitoring": {"Enabled": True},
        "SecurityGroupIds": [group],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
    }
    made = ec2.create_launch_template(
        ClientToken="t-1",
        LaunchTemplateName="web",
        VersionDescription="first",
        LaunchTemplateData=data,
        TagSpecifications=tag_specification("launch-template", Team="a"),
    )["LaunchTemplate"]
    template = made["LaunchTemplateId"]
    shown = only(ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"])
    assert (shown["DefaultVersionNumber"], shown["LatestVersionNumber"]) == (1, 1)
    assert shown["Tags"] == [{"Key": "Team", "Value": "a"}]
    first = version_of(account, template, 1)
    assert first["VersionDescription"] == "first"
    read = first["LaunchTemplateData"]
    assert {name: read[name] for name in data if name not in ("MetadataOptions",)} == {
        name: value for name, value in data.items() if name not in ("MetadataOptions",)
    }
    assert read["MetadataOptions"]["HttpTokens"] == "required"
    changed = {**data, "InstanceType": "t3.small"}
    version = ec2.create_launch_template_version(
        ClientToken="t-2", LaunchTemplateId=template, LaunchTemplateData=changed
    )["LaunchTemplateVersion"]["VersionNumber"]
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=str(version))
    shown = only(ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"])
    assert (shown["DefaultVersionNumber"], shown["LatestVersionNumber"]) == (2, 2)
    assert version_of(account, template, 2)["LaunchTemplateData"]["InstanceType"] == "t3.small"
    ec2.delete_launch_template(LaunchTemplateId=template)
    refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=[template])
    refused("InvalidLaunchTemplateId.NotFound", ec2.delete_launch_template, LaunchTemplateId=template)


def test_an_instance_of_a_template_is_read_back(account: Account) -> None:
    """findLaunchTemplateData for $Default and $Latest; flattenInstanceLaunchTemplate reads two tags of AWS's."""
    ec2, vpc = account.ec2, account.vpc()
    subnet = account.subnet(vpc)
    data = {"ImageId": account.image, "InstanceType": "t3.micro"}
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]
    id_ = template["LaunchTemplateId"]
    ec2.create_launch_template_version(LaunchTemplateId=id_, LaunchTemplateData=data, VersionDescription="newer")
    versions = ec2.describe_launch_template_versions
    default = only(
        versions(LaunchTemplateName="web", Filters=named("is-default-version", "true"))["LaunchTemplateVersions"]
    )
    assert default["VersionNumber"] == 1
    every = versions(LaunchTemplateId=id_)["LaunchTemplateVersions"]
    assert every[-1]["LaunchTemplateData"] == data, "$Latest is the last of the list to the provider"
    instance = only(
        ec2.run_instances(
            LaunchTemplate={"LaunchTemplateId": id_, "Version": "$Latest"},
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet}],
            MinCount=1,
            MaxCount=1,
        )["Instances"]
    )["InstanceId"]

    def tag(key: str) -> str:
        found = ec2.describe_tags(Filters=[*named("resource-id", instance), *named("key", key)])["Tags"]
        return str(only(found)["Value"])

    assert tag("aws:ec2launchtemplate:id") == id_
    assert version_of(account, id_, int(tag("aws:ec2launchtemplate:version")))["VersionDescription"] == "newer"
    refused("InvalidLaunchTemplateId.VersionNotFound", versions, LaunchTemplateId=id_, Versions=["99"])
    account.terminate(instance)
