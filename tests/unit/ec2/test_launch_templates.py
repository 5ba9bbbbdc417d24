"""Launch templates, their versions, and instances launched from them."""

import base64
from functools import partial
from typing import Any

import pytest

from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab
from tests.support.profiles import make_profile

NOWHERE = "lt-0123456789abcdef0"


def template(lab: Lab, name: str = "web", **data: Any) -> str:
    """A template of this data; its id."""
    asked = data or {"InstanceType": "t3.micro"}
    made = lab.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=asked)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def version(lab: Lab, id_: str, **data: Any) -> int:
    made = lab.ec2.create_launch_template_version(LaunchTemplateId=id_, LaunchTemplateData=data)
    return int(made["LaunchTemplateVersion"]["VersionNumber"])


def run(lab: Lab, **params: Any) -> dict[str, Any]:
    (instance,) = lab.ec2.run_instances(MinCount=1, MaxCount=1, **params)["Instances"]
    return dict(instance)


def test_create_and_describe(lab: Lab) -> None:
    made = lab.ec2.create_launch_template(
        LaunchTemplateName="web",
        VersionDescription="the first",
        LaunchTemplateData={"ImageId": lab.image, "InstanceType": "t3.micro", "Monitoring": {"Enabled": True}},
        TagSpecifications=tag_specification("launch-template", Name="x"),
    )
    assert "Warning" not in made
    shown = made["LaunchTemplate"]
    assert shown == {
        "CreateTime": shown["CreateTime"],
        "CreatedBy": f"arn:aws:iam::{ACCOUNT}:user/atoll",
        "DefaultVersionNumber": 1,
        "LatestVersionNumber": 1,
        "LaunchTemplateId": shown["LaunchTemplateId"],
        "LaunchTemplateName": "web",
        "Operator": {"Managed": False},
        "Tags": [{"Key": "Name", "Value": "x"}],
    }
    template(lab, "other")
    describe = lab.ec2.describe_launch_templates
    assert describe(LaunchTemplateIds=[shown["LaunchTemplateId"]])["LaunchTemplates"] == [shown]
    assert describe(LaunchTemplateNames=["web"])["LaunchTemplates"] == [shown]
    assert describe(Filters=filters(launch_template_name="w*"))["LaunchTemplates"] == [shown]
    assert describe(Filters=named("tag:Name", "x"))["LaunchTemplates"] == [shown]
    assert pages(describe, "LaunchTemplates", 1) == [1, 1]
    (first,) = lab.ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    assert first == {
        "CreateTime": shown["CreateTime"],
        "CreatedBy": f"arn:aws:iam::{ACCOUNT}:user/atoll",
        "DefaultVersion": True,
        "LaunchTemplateData": {"ImageId": lab.image, "InstanceType": "t3.micro", "Monitoring": {"Enabled": True}},
        "LaunchTemplateId": shown["LaunchTemplateId"],
        "LaunchTemplateName": "web",
        "Operator": {"Managed": False},
        "VersionDescription": "the first",
        "VersionNumber": 1,
    }


def test_names(lab: Lab) -> None:
    create = lab.ec2.create_launch_template
    data = {"InstanceType": "t3.micro"}
    template(lab, "web-(1).a/b_c")
    told = refused(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        create,
        LaunchTemplateName="web-(1).a/b_c",
        LaunchTemplateData=data,
    )
    assert told == "Launch template name already in use."
    for name in ("ab", "x" * 129, "a b c", "köln"):
        refused(
            "InvalidLaunchTemplateName.MalformedException", create, LaunchTemplateName=name, LaunchTemplateData=data
        )
    refused("MissingParameter", create, LaunchTemplateName="empty", LaunchTemplateData={})
    refused(
        "InvalidParameterValue",
        create,
        LaunchTemplateName="long",
        LaunchTemplateData=data,
        VersionDescription="x" * 256,
    )
    refused("DryRunOperation", create, LaunchTemplateName="dry", LaunchTemplateData=data, DryRun=True)


def test_client_tokens(lab: Lab) -> None:
    create = lab.ec2.create_launch_template
    data = {"InstanceType": "t3.micro"}
    first = create(LaunchTemplateName="web", LaunchTemplateData=data, ClientToken="a")["LaunchTemplate"]
    again = create(LaunchTemplateName="web", LaunchTemplateData=data, ClientToken="a")["LaunchTemplate"]
    assert first == again
    refused("IdempotentParameterMismatch", create, LaunchTemplateName="db1", LaunchTemplateData=data, ClientToken="a")


def test_what_is_wrong_already_is_a_warning(lab: Lab) -> None:
    data = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.tiny",
        "KeyName": "none",
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-0123456789abcdef0"}],
    }
    made = lab.ec2.create_launch_template(LaunchTemplateName="bad", LaunchTemplateData=data)
    assert [one["Code"] for one in made["Warning"]["Errors"]] == [
        "InvalidAMIID.NotFound",
        "InvalidParameterValue",
        "InvalidKeyPair.NotFound",
        "InvalidGroup.NotFound",
        "InvalidSubnetID.NotFound",
    ]
    refused("InvalidAMIID.NotFound", partial(run, lab), LaunchTemplate={"LaunchTemplateName": "bad"})


def test_versions(lab: Lab) -> None:
    id_ = template(lab, ImageId=lab.image, InstanceType="t3.micro")
    assert version(lab, id_, InstanceType="t3.small") == 2
    made = lab.ec2.create_launch_template_version(
        LaunchTemplateId=id_, SourceVersion="1", LaunchTemplateData={"KeyName": "none"}, VersionDescription="third"
    )
    assert made["Warning"]["Errors"][0]["Code"] == "InvalidKeyPair.NotFound"
    third = made["LaunchTemplateVersion"]
    assert third["LaunchTemplateData"] == {"ImageId": lab.image, "InstanceType": "t3.micro", "KeyName": "none"}
    describe = lab.ec2.describe_launch_template_versions

    def numbers(**params: Any) -> list[int]:
        found = describe(LaunchTemplateId=id_, **params)["LaunchTemplateVersions"]
        return [one["VersionNumber"] for one in found]

    assert numbers() == [3, 2, 1]
    assert numbers(Versions=["1", "$Latest", "$Default"]) == [1, 3]
    assert numbers(MinVersion="2") == [3, 2]
    assert numbers(MaxVersion="2") == [2, 1]
    assert numbers(Filters=filters(instance_type="t3.small")) == [2]
    assert numbers(Filters=filters(is_default_version="true")) == [1]
    assert pages(describe, "LaunchTemplateVersions", 2, LaunchTemplateId=id_) == [2, 1]
    changed = lab.ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion="2")["LaunchTemplate"]
    assert (changed["DefaultVersionNumber"], changed["LatestVersionNumber"]) == (2, 3)
    assert numbers(Versions=["$Default"]) == [2]
    other = template(lab, "other")
    latest = describe(Versions=["$Latest"])["LaunchTemplateVersions"]
    assert {(one["LaunchTemplateId"], one["VersionNumber"]) for one in latest} == {(id_, 3), (other, 1)}


def test_deleting_versions(lab: Lab) -> None:
    id_ = template(lab)
    version(lab, id_, InstanceType="t3.small")
    version(lab, id_, InstanceType="t3.large")
    answer = lab.ec2.delete_launch_template_versions(LaunchTemplateId=id_, Versions=["1", "2", "9"])
    done = answer["SuccessfullyDeletedLaunchTemplateVersions"]
    assert done == [{"LaunchTemplateId": id_, "LaunchTemplateName": "web", "VersionNumber": 2}]
    kept = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [(one["VersionNumber"], one["ResponseError"]["Code"]) for one in kept] == [
        (1, "unexpectedError"),
        (9, "launchTemplateVersionDoesNotExist"),
    ]
    assert version(lab, id_, InstanceType="t3.nano") == 4, "numbers are not used again"
    lab.ec2.delete_launch_template(LaunchTemplateName="web")
    assert not [key for key in lab.cloud.entities() if key[0].startswith("launch-template")]


def test_what_does_not_exist(lab: Lab) -> None:
    id_ = template(lab)
    ec2 = lab.ec2
    told = refused("InvalidLaunchTemplateId.NotFound", ec2.delete_launch_template, LaunchTemplateId=NOWHERE)
    assert told == f"The specified launch template, with template ID {NOWHERE}, does not exist."
    told = refused("InvalidLaunchTemplateName.NotFoundException", ec2.delete_launch_template, LaunchTemplateName="none")
    assert told == "The specified launch template, with template name none, does not exist."
    refused("InvalidLaunchTemplateId.Malformed", ec2.describe_launch_templates, LaunchTemplateIds=["lt-1"])
    refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=[NOWHERE])
    refused("InvalidLaunchTemplateName.NotFoundException", ec2.describe_launch_templates, LaunchTemplateNames=["none"])
    describe = ec2.describe_launch_template_versions
    told = refused("InvalidLaunchTemplateId.VersionNotFound", describe, LaunchTemplateId=id_, Versions=["7"])
    assert told == f"Could not find the specified version 7 for the launch template with ID {id_}."
    refused("InvalidParameterValue", describe, LaunchTemplateId=id_, Versions=["latest"])
    refused("InvalidParameterValue", describe, LaunchTemplateId=id_, MinVersion="first")
    refused("InvalidParameterCombination", describe, LaunchTemplateId=id_, Versions=["1"], MinVersion="1")
    refused("InvalidParameterCombination", describe, LaunchTemplateId=id_, LaunchTemplateName="web")
    refused("MissingParameter", describe)
    refused("MissingParameter", describe, Versions=["1"])
    refused("MissingParameter", ec2.delete_launch_template)
    refused("MissingParameter", ec2.modify_launch_template, LaunchTemplateId=id_)
    refused(
        "InvalidLaunchTemplateId.VersionNotFound", ec2.modify_launch_template, LaunchTemplateId=id_, DefaultVersion="2"
    )


def test_an_instance_from_a_template(lab: Lab) -> None:
    user_data = base64.b64encode(b"#!/bin/sh\n").decode()
    id_ = template(
        lab,
        ImageId=lab.image,
        InstanceType="t3.micro",
        UserData=user_data,
        Monitoring={"Enabled": True},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12}}],
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": lab.subnet, "AssociatePublicIpAddress": True}],
        MetadataOptions={"HttpTokens": "required"},
        TagSpecifications=[*tag_specification("instance", Name="web", Of="template")],
    )
    instance = run(
        lab,
        LaunchTemplate={"LaunchTemplateId": id_},
        InstanceType="t3.small",
        TagSpecifications=tag_specification("instance", Name="mine"),
    )
    assert instance["InstanceType"] == "t3.small"
    assert instance["SubnetId"] == lab.subnet
    assert instance["Monitoring"] == {"State": "enabled"}
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]} == {
        "Name": "mine",
        "Of": "template",
        "aws:ec2launchtemplate:id": id_,
        "aws:ec2launchtemplate:version": "1",
    }
    (volume,) = lab.ec2.describe_volumes()["Volumes"]
    assert volume["Size"] == 12
    shown = lab.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert shown["UserData"] == {"Value": user_data}


def test_which_version_is_launched(lab: Lab) -> None:
    id_ = template(lab, ImageId=lab.image, InstanceType="t3.micro")
    version(lab, id_, ImageId=lab.image, InstanceType="t3.small")
    version(lab, id_, ImageId=lab.image, InstanceType="t3.large")
    lab.ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion="2")

    def type_of(**specification: str) -> str:
        return str(run(lab, SubnetId=lab.subnet, LaunchTemplate=specification)["InstanceType"])

    assert type_of(LaunchTemplateId=id_) == "t3.small"
    assert type_of(LaunchTemplateName="web", Version="$Default") == "t3.small"
    assert type_of(LaunchTemplateName="web", Version="$Latest") == "t3.large"
    assert type_of(LaunchTemplateId=id_, Version="1") == "t3.micro"


@pytest.mark.parametrize(
    ("code", "specification"),
    [
        ("MissingParameter", {"Version": "1"}),
        ("InvalidParameterCombination", {"LaunchTemplateId": NOWHERE, "LaunchTemplateName": "web"}),
        ("InvalidLaunchTemplateId.NotFound", {"LaunchTemplateId": NOWHERE}),
        ("InvalidLaunchTemplateId.Malformed", {"LaunchTemplateId": "web"}),
        ("InvalidLaunchTemplateName.NotFoundException", {"LaunchTemplateName": "none"}),
        ("InvalidLaunchTemplateId.VersionNotFound", {"LaunchTemplateName": "web", "Version": "2"}),
        ("InvalidParameterValue", {"LaunchTemplateName": "web", "Version": "newest"}),
        ("MissingParameter", {"LaunchTemplateName": "web"}),  # it names no image
    ],
)
def test_refused_launches(lab: Lab, code: str, specification: dict[str, str]) -> None:
    template(lab)
    refused(code, partial(run, lab), SubnetId=lab.subnet, LaunchTemplate=specification)
    assert lab.ec2.describe_instances()["Reservations"] == []


def test_a_template_may_hold_what_no_instance_here_can_have(lab: Lab) -> None:
    id_ = template(lab, ImageId=lab.image, InstanceRequirements={"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 1024}})
    told = refused(
        "UnsupportedOperation", partial(run, lab), SubnetId=lab.subnet, LaunchTemplate={"LaunchTemplateId": id_}
    )
    assert "InstanceRequirements" in told
    listed = template(lab, "eni", ImageId=lab.image, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": lab.subnet}])
    refused(
        "InvalidParameterCombination",
        partial(run, lab),
        SubnetId=lab.subnet,
        LaunchTemplate={"LaunchTemplateId": listed},
    )


def test_the_template_of_an_instance_launches_its_like(lab: Lab) -> None:
    make_profile(lab.cloud.client("iam"), "web")
    first = lab.launch(
        InstanceType="t3.micro",
        UserData="hello",
        CreditSpecification={"CpuCredits": "standard"},
        IamInstanceProfile={"Name": "web"},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "Encrypted": True}}],
        TagSpecifications=tag_specification("instance", Name="web"),
    )
    data = lab.ec2.get_launch_template_data(InstanceId=first)["LaunchTemplateData"]
    id_ = template(lab, **data)
    second = run(lab, LaunchTemplate={"LaunchTemplateId": id_})
    before = lab.instance(first)
    for name in ("ImageId", "InstanceType", "SubnetId", "IamInstanceProfile", "SecurityGroups", "CpuOptions"):
        assert second[name] == before[name], name
    assert {"Key": "Name", "Value": "web"} in second["Tags"]
    refused("InvalidInstanceID.NotFound", lab.ec2.get_launch_template_data, InstanceId="i-0123456789abcdef0")


AL2 = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"


def test_quotas(lab: Lab) -> None:
    lab.cloud.settings.limits |= {"launch-templates-per-region": 2, "launch-template-versions": 2}
    one, _ = template(lab), template(lab, "two")
    refused(
        "ResourceLimitExceeded",
        lab.ec2.create_launch_template,
        LaunchTemplateName="three",
        LaunchTemplateData={"InstanceType": "t3.micro"},
    )
    more = partial(
        lab.ec2.create_launch_template_version,
        LaunchTemplateId=one,
        LaunchTemplateData={"InstanceType": "t3.small"},
    )
    assert more()["LaunchTemplateVersion"]["VersionNumber"] == 2
    refused("ResourceLimitExceeded", more)
    lab.ec2.delete_launch_template_versions(LaunchTemplateId=one, Versions=["2"])
    assert more()["LaunchTemplateVersion"]["VersionNumber"] == 3, "numbers are not used again"


def test_an_image_by_a_parameter(lab: Lab) -> None:
    """ResolveAlias [BC]: the image that the parameter means, where it is asked for."""
    named_so = {"ImageId": f"resolve:ssm:{AL2}", "InstanceType": "t2.micro"}
    made = lab.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=named_so)
    assert "Warning" not in made
    create = partial(
        lab.ec2.create_launch_template_version,
        LaunchTemplateName="web",
        SourceVersion="1",
        LaunchTemplateData={"InstanceType": "t2.micro"},
    )
    assert create()["LaunchTemplateVersion"]["LaunchTemplateData"] == named_so
    resolved = create(ResolveAlias=True)["LaunchTemplateVersion"]["LaunchTemplateData"]
    assert resolved == named_so | {"ImageId": lab.image}

    def images(**asked: Any) -> set[str]:
        found = lab.ec2.describe_launch_template_versions(LaunchTemplateName="web", **asked)
        return {one["LaunchTemplateData"]["ImageId"] for one in found["LaunchTemplateVersions"]}

    assert images() == images(ResolveAlias=False) == {named_so["ImageId"]}
    assert images(ResolveAlias=True) == {lab.image}
    launched = run(lab, LaunchTemplate={"LaunchTemplateName": "web"}, SubnetId=lab.subnet)
    assert launched["ImageId"] == lab.image


def test_a_parameter_that_names_no_image(lab: Lab) -> None:
    data = {"ImageId": "resolve:ssm:/none", "InstanceType": "t2.micro"}
    made = lab.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    assert [one["Code"] for one in made["Warning"]["Errors"]] == ["InvalidParameterValue"]
    describe = partial(lab.ec2.describe_launch_template_versions, LaunchTemplateName="web")
    assert describe()["LaunchTemplateVersions"]
    refused("InvalidParameterValue", describe, ResolveAlias=True)
