"""Root volumes: made with their instances, described, changed, kept or deleted."""

from typing import Any

import pytest

from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION
from tests.support.lab import Lab

NOWHERE = "vol-0123456789abcdef0"
KEY = "01234567-89ab-cdef-0123-456789abcdef"


def root(lab: Lab, **ebs: Any) -> str:
    """The root volume of a new instance with these Ebs members."""
    instance = lab.launch(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": ebs}])
    return str(lab.instance(instance)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"])


def volume(lab: Lab, id_: str) -> dict[str, Any]:
    (found,) = lab.ec2.describe_volumes(VolumeIds=[id_])["Volumes"]
    return dict(found)


def test_each_instance_has_one(lab: Lab) -> None:
    instance = lab.launch(TagSpecifications=tag_specification("volume", Name="root"))
    (mapping,) = lab.instance(instance)["BlockDeviceMappings"]
    assert mapping["DeviceName"] == "/dev/xvda"
    assert (mapping["Ebs"]["Status"], mapping["Ebs"]["DeleteOnTermination"]) == ("attached", True)
    (image,) = lab.ec2.describe_images(ImageIds=[lab.image])["Images"]
    shown = volume(lab, mapping["Ebs"]["VolumeId"])
    made = shown.pop("CreateTime")
    assert shown == {
        "Attachments": [
            {
                "AttachTime": made,
                "DeleteOnTermination": True,
                "Device": "/dev/xvda",
                "InstanceId": instance,
                "State": "attached",
                "VolumeId": mapping["Ebs"]["VolumeId"],
            }
        ],
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az6",
        "Encrypted": False,
        "Iops": 100,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
        "Size": 8,
        "SnapshotId": image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"],
        "State": "in-use",
        "Tags": [{"Key": "Name", "Value": "root"}],
        "VolumeId": mapping["Ebs"]["VolumeId"],
        "VolumeType": "gp2",
    }


def test_what_is_asked_for_is_kept(lab: Lab) -> None:
    shown = volume(lab, root(lab, VolumeSize=20, VolumeType="gp3", Iops=4000, Throughput=200))
    assert (shown["Size"], shown["VolumeType"], shown["Iops"], shown["Throughput"]) == (20, "gp3", 4000, 200)
    shown = volume(lab, root(lab, VolumeType="gp3"))
    assert (shown["Iops"], shown["Throughput"]) == (3000, 125)
    assert volume(lab, root(lab, VolumeSize=500))["Iops"] == 1500
    shown = volume(lab, root(lab, VolumeType="io2", Iops=800))
    assert (shown["Iops"], "Throughput" in shown) == (800, False)
    assert "Iops" not in volume(lab, root(lab, VolumeType="standard"))


def test_encryption_is_a_record(lab: Lab) -> None:
    own = volume(lab, root(lab, Encrypted=True))
    assert own["Encrypted"] is True
    assert own["KmsKeyId"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    assert volume(lab, root(lab, Encrypted=True))["KmsKeyId"] == own["KmsKeyId"]
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"
    assert volume(lab, root(lab, Encrypted=True, KmsKeyId=KEY))["KmsKeyId"] == arn
    assert volume(lab, root(lab, Encrypted=True, KmsKeyId=arn))["KmsKeyId"] == arn


@pytest.mark.parametrize(
    ("code", "ebs"),
    [
        ("InvalidBlockDeviceMapping", {"VolumeSize": 7}),
        ("InvalidBlockDeviceMapping", {"SnapshotId": "snap-0123456789abcdef0"}),
        ("InvalidParameterValue", {"VolumeType": "floppy"}),
        ("InvalidParameterValue", {"VolumeSize": 20000}),
        ("InvalidParameterValue", {"VolumeType": "st1", "VolumeSize": 125}),
        ("InvalidParameterCombination", {"Iops": 300}),
        ("InvalidParameterCombination", {"VolumeType": "io1", "Iops": 300, "Throughput": 200}),
        ("MissingParameter", {"VolumeType": "io1"}),
        ("InvalidParameterValue", {"VolumeType": "io1", "Iops": 401}),
        ("InvalidParameterValue", {"VolumeType": "gp3", "Iops": 100}),
        ("InvalidParameterValue", {"VolumeType": "gp3", "Iops": 90000, "VolumeSize": 1000}),
        ("InvalidParameterValue", {"VolumeType": "gp3", "Iops": 4001}),
        ("InvalidParameterValue", {"VolumeType": "gp3", "Throughput": 751}),
        ("InvalidParameterDependency", {"KmsKeyId": KEY}),
        ("InvalidParameterValue", {"Encrypted": True, "KmsKeyId": "mine"}),
        ("UnsupportedOperation", {"Encrypted": True, "KmsKeyId": "alias/mine"}),
        ("UnsupportedOperation", {"VolumeInitializationRate": 100}),
    ],
)
def test_refused_root_volumes(lab: Lab, code: str, ebs: dict[str, Any]) -> None:
    refused(code, lab.launch_pending, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": ebs}])
    assert lab.ec2.describe_volumes()["Volumes"] == []


@pytest.mark.parametrize(
    ("code", "mappings"),
    [
        ("InvalidBlockDeviceMapping", [{"Ebs": {"VolumeSize": 9}}]),
        ("InvalidBlockDeviceMapping", [{"DeviceName": "/dev/xvda"}, {"DeviceName": "/dev/xvda"}]),
        ("InvalidBlockDeviceMapping", [{"DeviceName": "/dev/xvda", "NoDevice": ""}]),
        ("InvalidBlockDeviceMapping", [{"DeviceName": "/dev/xvda", "VirtualName": "ephemeral0"}]),
        ("UnsupportedOperation", [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9}}]),
    ],
)
def test_refused_mappings(lab: Lab, code: str, mappings: list[dict[str, Any]]) -> None:
    refused(code, lab.launch_pending, BlockDeviceMappings=mappings)
    assert lab.ec2.describe_instances()["Reservations"] == []


def test_data_volumes_are_refused_in_words(lab: Lab) -> None:
    create = lab.ec2.create_volume
    assert "root volume" in refused("InvalidAction", create, AvailabilityZone="us-east-1a", Size=8)
    told = refused(
        "InvalidAction", lab.ec2.attach_volume, VolumeId=NOWHERE, InstanceId="i-0123456789abcdef0", Device="/dev/sdf"
    )
    assert "has not built it" in told


def test_termination_deletes_it_or_leaves_it(lab: Lab) -> None:
    goes, stays = lab.launch(), lab.launch()
    (mapping,) = lab.instance(stays)["BlockDeviceMappings"]
    kept = mapping["Ebs"]["VolumeId"]
    refused("VolumeInUse", lab.ec2.delete_volume, VolumeId=kept)
    lab.ec2.modify_instance_attribute(
        InstanceId=stays, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
    )
    shown = lab.ec2.describe_instance_attribute(InstanceId=stays, Attribute="blockDeviceMapping")
    assert shown["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is False
    lab.ec2.terminate_instances(InstanceIds=[goes, stays])
    lab.settle()
    (left,) = lab.ec2.describe_volumes()["Volumes"]
    assert (left["VolumeId"], left["State"], left["Attachments"]) == (kept, "available", [])
    assert lab.instance(stays)["BlockDeviceMappings"] == []
    lab.ec2.delete_volume(VolumeId=kept)
    refused("InvalidVolume.NotFound", lab.ec2.delete_volume, VolumeId=kept)


def test_filters_and_pages(lab: Lab) -> None:
    small, large = root(lab), root(lab, VolumeSize=20, VolumeType="gp3")
    lab.ec2.create_tags(Resources=[large], Tags=[{"Key": "Name", "Value": "large"}])
    describe = lab.ec2.describe_volumes
    instance = volume(lab, large)["Attachments"][0]["InstanceId"]
    for wanted in (
        named("attachment.instance-id", instance),
        named("attachment.instance-id", instance[:-2] + "*"),
        filters(size="20"),
        filters(volume_type="gp3"),
        filters(volume_id=large),
        named("tag:Name", "lar*"),
        named("tag-key", "Name"),
    ):
        assert [one["VolumeId"] for one in describe(Filters=wanted)["Volumes"]] == [large], wanted
    for wanted in (filters(status="in-use"), filters(encrypted="false"), named("attachment.device", "/dev/xvd?")):
        assert {one["VolumeId"] for one in describe(Filters=wanted)["Volumes"]} == {small, large}, wanted
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    refused("InvalidVolume.NotFound", describe, VolumeIds=[NOWHERE])
    refused("InvalidVolumeID.Malformed", describe, VolumeIds=["disk"])
    refused("InvalidParameterCombination", describe, VolumeIds=[large], MaxResults=5)
    refused("DryRunOperation", describe, DryRun=True)
    for _ in range(4):
        root(lab)
    assert pages(describe, "Volumes", 5) == [5, 1]
    (found,) = lab.ec2.describe_tags(Filters=filters(resource_type="volume"))["Tags"]
    assert (found["ResourceId"], found["Value"]) == (large, "large")


def test_status(lab: Lab) -> None:
    id_ = root(lab)
    (status,) = lab.ec2.describe_volume_status(VolumeIds=[id_])["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "ok"
    describe = lab.ec2.describe_volume_status
    found = describe(Filters=named("volume-status.status", "impaired"))["VolumeStatuses"]
    assert found == []
    assert describe(Filters=named("volume-status.status", "ok"))["VolumeStatuses"] == [status]
    refused("InvalidVolume.NotFound", describe, VolumeIds=[NOWHERE])


def test_attributes(lab: Lab) -> None:
    id_ = root(lab)
    read = lab.ec2.describe_volume_attribute
    assert read(VolumeId=id_, Attribute="autoEnableIO")["AutoEnableIO"] == {"Value": False}
    lab.ec2.modify_volume_attribute(VolumeId=id_, AutoEnableIO={"Value": True})
    assert read(VolumeId=id_, Attribute="autoEnableIO")["AutoEnableIO"] == {"Value": True}
    assert read(VolumeId=id_, Attribute="productCodes")["ProductCodes"] == []
    refused("InvalidParameterValue", read, VolumeId=id_, Attribute="colour")
    refused("MissingParameter", lab.ec2.modify_volume_attribute, VolumeId=id_)


def test_modification(lab: Lab) -> None:
    id_ = root(lab)
    modify, modifications = lab.ec2.modify_volume, lab.ec2.describe_volumes_modifications
    refused("InvalidVolumeModification.NotFound", modifications, VolumeIds=[id_])
    made = modify(VolumeId=id_, Size=10, VolumeType="gp3", Iops=3500)["VolumeModification"]
    assert (made["OriginalSize"], made["TargetSize"]) == (8, 10)
    assert (made["OriginalVolumeType"], made["TargetVolumeType"]) == ("gp2", "gp3")
    assert (made["OriginalIops"], made["TargetIops"], made["TargetThroughput"]) == (100, 3500, 125)
    assert modifications()["VolumesModifications"] == [made]
    assert modifications(Filters=filters(target_size="10"))["VolumesModifications"] == [made]
    assert modifications(Filters=filters(target_size="9"))["VolumesModifications"] == []
    shown = volume(lab, id_)
    assert (shown["Size"], shown["VolumeType"], shown["Iops"], shown["Throughput"]) == (10, "gp3", 3500, 125)
    modify(VolumeId=id_, Throughput=300)
    assert (volume(lab, id_)["Iops"], volume(lab, id_)["Throughput"]) == (3500, 300)
    modify(VolumeId=id_, VolumeType="gp2")
    assert (volume(lab, id_)["Iops"], "Throughput" in volume(lab, id_)) == (100, False)
    told = refused("InvalidParameterValue", modify, VolumeId=id_, Size=9)
    assert told == "New size cannot be smaller than existing size"
    refused("InvalidParameter", modify, VolumeId=id_)
    refused("InvalidParameterCombination", modify, VolumeId=id_, MultiAttachEnabled=True)
    refused("MissingParameter", modify, VolumeId=id_, VolumeType="io1")
    refused("InvalidVolume.NotFound", modify, VolumeId=NOWHERE, Size=10)


def test_the_status_of_a_volume_by_its_instance(lab: Lab) -> None:
    instance, _ = lab.launch(), lab.launch()
    describe = lab.ec2.describe_volume_status
    (found,) = describe(Filters=named("attachment-status.instance-id", instance))["VolumeStatuses"]
    (volume,) = lab.ec2.describe_volumes(Filters=named("attachment.instance-id", instance))["Volumes"]
    assert found["VolumeId"] == volume["VolumeId"]
    assert describe(Filters=named("attachment-status.io-performance", "*"))["VolumeStatuses"] == []
