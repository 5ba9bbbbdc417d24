"""Attributes of instances (facts 52, 260)."""

import base64
from typing import Any

import pytest

from tests.support.expect import refused
from tests.support.lab import Lab


def read(lab: Lab, instance: str, attribute: str) -> dict[str, Any]:
    answer = lab.ec2.describe_instance_attribute(InstanceId=instance, Attribute=attribute)
    assert answer.pop("InstanceId") == instance
    answer.pop("ResponseMetadata")
    return dict(answer)


def stopped(lab: Lab, **params: Any) -> str:
    instance = lab.launch(**params)
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    return instance


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("instanceType", {"InstanceType": {"Value": "t2.micro"}}),
        ("kernel", {"KernelId": {}}),
        ("ramdisk", {"RamdiskId": {}}),
        ("userData", {"UserData": {}}),
        ("disableApiTermination", {"DisableApiTermination": {"Value": False}}),
        ("disableApiStop", {"DisableApiStop": {"Value": False}}),
        ("instanceInitiatedShutdownBehavior", {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}}),
        ("rootDeviceName", {"RootDeviceName": {"Value": "/dev/xvda"}}),
        ("productCodes", {"ProductCodes": []}),
        ("sourceDestCheck", {"SourceDestCheck": {"Value": True}}),
        ("ebsOptimized", {"EbsOptimized": {"Value": False}}),
        ("sriovNetSupport", {"SriovNetSupport": {"Value": "simple"}}),
        ("enaSupport", {"EnaSupport": {"Value": True}}),
        ("enclaveOptions", {"EnclaveOptions": {"Enabled": False}}),
    ],
)
def test_a_new_instances_attributes(lab: Lab, attribute: str, answer: dict[str, Any]) -> None:
    assert read(lab, lab.launch(), attribute) == answer


def test_what_changes_while_it_runs(lab: Lab) -> None:
    instance, group = lab.launch(), lab.group("web")
    modify = lab.ec2.modify_instance_attribute
    modify(InstanceId=instance, Groups=[group])
    modify(InstanceId=instance, SourceDestCheck={"Value": False})
    modify(InstanceId=instance, DisableApiTermination={"Value": True})
    modify(InstanceId=instance, DisableApiStop={"Value": True})
    modify(InstanceId=instance, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    assert read(lab, instance, "groupSet") == {"Groups": [{"GroupId": group, "GroupName": "web"}]}
    assert [one["GroupId"] for one in lab.eni(lab.primary(instance))["Groups"]] == [group]
    assert read(lab, instance, "sourceDestCheck") == {"SourceDestCheck": {"Value": False}}
    assert read(lab, instance, "disableApiTermination") == {"DisableApiTermination": {"Value": True}}
    assert read(lab, instance, "disableApiStop") == {"DisableApiStop": {"Value": True}}
    assert read(lab, instance, "instanceInitiatedShutdownBehavior") == {
        "InstanceInitiatedShutdownBehavior": {"Value": "terminate"}
    }
    lab.ec2.reset_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
    assert read(lab, instance, "sourceDestCheck") == {"SourceDestCheck": {"Value": True}}


def test_what_changes_only_while_it_is_stopped(lab: Lab) -> None:
    instance = lab.launch(UserData="one")
    modify = lab.ec2.modify_instance_attribute
    for params in (
        {"InstanceType": {"Value": "m5.large"}},
        {"UserData": {"Value": b"two"}},
        {"EbsOptimized": {"Value": True}},
    ):
        refused("IncorrectInstanceState", modify, InstanceId=instance, **params)
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    modify(InstanceId=instance, InstanceType={"Value": "m5.large"})
    modify(InstanceId=instance, UserData={"Value": b"two"})
    modify(InstanceId=instance, EbsOptimized={"Value": True})
    assert lab.instance(instance)["InstanceType"] == "m5.large"
    assert read(lab, instance, "userData") == {"UserData": {"Value": base64.b64encode(b"two").decode()}}
    assert read(lab, instance, "ebsOptimized") == {"EbsOptimized": {"Value": True}}


def test_the_older_form(lab: Lab) -> None:
    instance = stopped(lab)
    modify = lab.ec2.modify_instance_attribute
    for attribute, value in {
        "instanceType": "t3.small",
        "disableApiTermination": "true",
        "sourceDestCheck": "False",
        "instanceInitiatedShutdownBehavior": "terminate",
        "userData": base64.b64encode(b"hello").decode(),
    }.items():
        modify(InstanceId=instance, Attribute=attribute, Value=value)
    assert lab.instance(instance)["InstanceType"] == "t3.small"
    assert read(lab, instance, "disableApiTermination") == {"DisableApiTermination": {"Value": True}}
    assert read(lab, instance, "sourceDestCheck") == {"SourceDestCheck": {"Value": False}}
    assert read(lab, instance, "userData") == {"UserData": {"Value": base64.b64encode(b"hello").decode()}}


def test_a_smaller_type_must_hold_what_there_is(lab: Lab) -> None:
    instance = stopped(lab, InstanceType="t3.small")
    modify = lab.ec2.modify_instance_attribute
    eni = lab.interface(SecondaryPrivateIpAddressCount=3)
    lab.ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    refused("PrivateIpAddressLimitExceeded", modify, InstanceId=instance, InstanceType={"Value": "t2.micro"})
    lab.ec2.attach_network_interface(NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=2)
    refused("AttachmentLimitExceeded", modify, InstanceId=instance, InstanceType={"Value": "t2.micro"})
    assert lab.instance(instance)["InstanceType"] == "t3.small"


def test_several_interfaces_are_modified_one_by_one(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.attach_network_interface(NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=1)
    for params in ({"Groups": [lab.group("web")]}, {"SourceDestCheck": {"Value": False}}):
        message = refused("InvalidInstanceID", lab.ec2.modify_instance_attribute, InstanceId=instance, **params)
        assert message == (
            f"There are multiple interfaces attached to instance '{instance}'. "
            "Please specify an interface ID for the operation instead."
        )


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidParameterCombination", {}),
        (
            "InvalidParameterCombination",
            {"DisableApiStop": {"Value": True}, "DisableApiTermination": {"Value": True}},
        ),
        ("InvalidParameterValue", {"InstanceType": {"Value": "t2.tiny"}}),
        ("InvalidParameterValue", {"InstanceType": {"Value": "t4g.micro"}}),
        ("InvalidParameterCombination", {"EbsOptimized": {"Value": True}}),
        ("InvalidParameterValue", {"InstanceInitiatedShutdownBehavior": {"Value": "explode"}}),
        ("InvalidParameterValue", {"UserData": {"Value": b"x" * 16385}}),
        ("InvalidGroup.NotFound", {"Groups": ["sg-0123456789abcdef0"]}),
        ("InvalidParameterValue", {"Attribute": "colour", "Value": "red"}),
        ("InvalidParameterValue", {"Attribute": "disableApiStop", "Value": "maybe"}),
        ("MissingParameter", {"Attribute": "disableApiStop"}),
        ("UnsupportedOperation", {"Attribute": "kernel", "Value": "aki-1"}),
        ("UnsupportedOperation", {"EnaSupport": {"Value": True}}),
        ("MissingParameter", {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda"}]}),
        (
            "InvalidInstanceAttributeValue",
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdh", "Ebs": {"DeleteOnTermination": True}}]},
        ),
        (
            "InvalidInstanceAttributeValue",
            {
                "BlockDeviceMappings": [
                    {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": True, "VolumeId": "vol-1"}}
                ]
            },
        ),
        ("UnsupportedOperation", {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "NoDevice": ""}]}),
        ("DryRunOperation", {"DisableApiStop": {"Value": True}, "DryRun": True}),
    ],
)
def test_refused_changes_change_nothing(lab: Lab, code: str, params: dict[str, Any]) -> None:
    instance = stopped(lab)
    before = dict(lab.cloud.table.records)
    refused(code, lab.ec2.modify_instance_attribute, InstanceId=instance, **params)
    assert lab.cloud.table.records == before


def test_refused_reads_and_resets(lab: Lab) -> None:
    instance = lab.launch()
    refused("InvalidParameterValue", lab.ec2.describe_instance_attribute, InstanceId=instance, Attribute="colour")
    refused("InvalidParameterValue", lab.ec2.reset_instance_attribute, InstanceId=instance, Attribute="kernel")
    refused(
        "InvalidInstanceID.NotFound",
        lab.ec2.describe_instance_attribute,
        InstanceId="i-0123456789abcdef0",
        Attribute="kernel",
    )


def test_a_terminated_instance_has_no_network_attributes(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    assert read(lab, instance, "groupSet") == {"Groups": []}
    assert read(lab, instance, "sourceDestCheck") == {"SourceDestCheck": {}}
    refused(
        "IncorrectInstanceState",
        lab.ec2.modify_instance_attribute,
        InstanceId=instance,
        SourceDestCheck={"Value": False},
    )
