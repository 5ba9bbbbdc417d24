"""IAM instance profiles of instances: those that iam knows."""

from typing import Any

import pytest

from tests.support.expect import filters, named, pages, refused
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab
from tests.support.profiles import make_profile

WEB = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
DB = f"arn:aws:iam::{ACCOUNT}:instance-profile/team/db"


@pytest.fixture
def iam(lab: Lab) -> Any:
    """It knows two profiles, each with a role."""
    iam = lab.cloud.client("iam")
    make_profile(iam, "web")
    make_profile(iam, "db", "/team/")
    return iam


def associations(lab: Lab, **params: Any) -> list[dict[str, Any]]:
    answer = lab.ec2.describe_iam_instance_profile_associations(**params)
    return list(answer["IamInstanceProfileAssociations"])


def test_at_launch(lab: Lab, iam: Any) -> None:
    by_name, by_arn = lab.launch(IamInstanceProfile={"Name": "web"}), lab.launch(IamInstanceProfile={"Arn": DB})
    shown = lab.instance(by_name)["IamInstanceProfile"]
    known = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert shown == {"Arn": WEB, "Id": known["InstanceProfileId"]}
    assert lab.instance(by_arn)["IamInstanceProfile"]["Arn"] == DB
    assert "IamInstanceProfile" not in lab.instance(lab.launch())
    describe = lab.ec2.describe_instances
    (found,) = describe(Filters=named("iam-instance-profile.arn", WEB))["Reservations"]
    assert found["Instances"][0]["InstanceId"] == by_name


@pytest.mark.parametrize(
    "profile",
    [
        {"Name": "nobodys"},
        {"Name": "WEB"},
        {"Name": "a/b"},
        {"Arn": "web"},
        {"Arn": f"arn:aws:iam::{ACCOUNT}:role/web"},
        {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/db"},
        {"Arn": "arn:aws:iam::210987654321:instance-profile/web"},
    ],
)
def test_profiles_that_there_are_not(lab: Lab, iam: Any, profile: dict[str, str]) -> None:
    """In AWS's words, by which clients know that IAM's news may still be on their way."""
    assert iam
    make_profile(lab.cloud.client("iam", account="210987654321"), "web")
    (kind, value), instance = profile.popitem(), lab.launch()
    said = f"Value ({value}) for parameter iamInstanceProfile.{kind.lower()} is invalid. Invalid IAM Instance Profile "
    said += "ARN" if kind == "Arn" else "name"
    for call, asked in (
        (lab.launch_pending, {}),
        (lab.ec2.associate_iam_instance_profile, {"InstanceId": instance}),
    ):
        assert refused("InvalidParameterValue", call, IamInstanceProfile={kind: value}, **asked) == said
    assert associations(lab) == []


def test_a_profile_without_a_role(lab: Lab, iam: Any) -> None:
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="web")
    said = f'IAM Instance Profile "{WEB}" has no associated IAM Roles'
    assert refused("InvalidParameterValue", lab.launch_pending, IamInstanceProfile={"Name": "web"}) == said
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    assert lab.instance(lab.launch(IamInstanceProfile={"Name": "web"}))["IamInstanceProfile"]["Arn"] == WEB


def test_by_name_or_by_arn(lab: Lab, iam: Any) -> None:
    assert iam
    both = {"Name": "web", "Arn": WEB}
    refused("InvalidParameterCombination", lab.launch_pending, IamInstanceProfile=both)


def test_a_template_may_name_what_is_made_later(lab: Lab) -> None:
    """Only the launch looks."""
    data = {"ImageId": lab.image, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "later"}}
    made = lab.ec2.create_launch_template(LaunchTemplateName="later", LaunchTemplateData=data)
    launch = {"LaunchTemplate": {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]}}
    refused("InvalidParameterValue", lab.launch_pending, **launch)
    make_profile(lab.cloud.client("iam"), "later")
    assert lab.instance(lab.launch(**launch))["IamInstanceProfile"]["Arn"].endswith("/later")


def test_an_instance_outlives_its_profile(lab: Lab, iam: Any) -> None:
    """DeleteInstanceProfile does not ask for instances (its reference warns of it)."""
    instance = lab.launch(IamInstanceProfile={"Name": "web"})
    before = lab.instance(instance)["IamInstanceProfile"]
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.delete_instance_profile(InstanceProfileName="web")
    assert lab.instance(instance)["IamInstanceProfile"] == before


def test_associate_replace_disassociate(lab: Lab, iam: Any) -> None:
    assert iam
    instance = lab.launch()
    associate = lab.ec2.associate_iam_instance_profile
    made = associate(InstanceId=instance, IamInstanceProfile={"Name": "web"})["IamInstanceProfileAssociation"]
    assert (made["InstanceId"], made["IamInstanceProfile"]["Arn"], made["State"]) == (instance, WEB, "associating")
    told = refused("IncorrectState", associate, InstanceId=instance, IamInstanceProfile={"Name": "db"})
    assert told == f"There is an existing association for instance {instance}"
    assert associations(lab) == [{**made, "State": "associated"}]
    replaced = lab.ec2.replace_iam_instance_profile_association(
        AssociationId=made["AssociationId"], IamInstanceProfile={"Arn": DB}
    )["IamInstanceProfileAssociation"]
    assert replaced["AssociationId"] != made["AssociationId"]
    assert lab.instance(instance)["IamInstanceProfile"]["Arn"] == DB
    disassociate = lab.ec2.disassociate_iam_instance_profile
    refused("NoSuchAssociation", disassociate, AssociationId=made["AssociationId"])
    ended = disassociate(AssociationId=replaced["AssociationId"])["IamInstanceProfileAssociation"]
    assert ended["State"] == "disassociating"
    assert "IamInstanceProfile" not in lab.instance(instance)
    assert associations(lab) == []
    refused("MissingParameter", associate, InstanceId=instance, IamInstanceProfile={})
    refused("InvalidInstanceID.NotFound", associate, InstanceId="i-0123456789abcdef0", IamInstanceProfile={"Arn": DB})
    refused("InvalidAssociationID.Malformed", disassociate, AssociationId="x")
    refused(
        "NoSuchAssociation",
        lab.ec2.replace_iam_instance_profile_association,
        AssociationId=made["AssociationId"],
        IamInstanceProfile={"Arn": DB},
    )


def test_filters_pages_and_the_end(lab: Lab, iam: Any) -> None:
    assert iam
    launched = [lab.launch(IamInstanceProfile={"Name": "web"}) for _ in range(6)]
    (one,) = associations(lab, Filters=filters(instance_id=launched[0]))
    assert associations(lab, AssociationIds=[one["AssociationId"]]) == [one]
    assert len(associations(lab, Filters=filters(state="assoc*"))) == 6
    assert associations(lab, Filters=filters(state="disassociated")) == []
    describe = lab.ec2.describe_iam_instance_profile_associations
    assert pages(describe, "IamInstanceProfileAssociations", 5) == [5, 1]
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    lab.ec2.terminate_instances(InstanceIds=launched[:1])
    refused(
        "IncorrectInstanceState",
        lab.ec2.associate_iam_instance_profile,
        InstanceId=launched[0],
        IamInstanceProfile={"Name": "db"},
    )
    lab.settle()
    assert len(associations(lab)) == 5
    assert "IamInstanceProfile" not in lab.instance(launched[0])
