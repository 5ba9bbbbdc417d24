"""IAM instance profiles of instances: which one an instance is said to have."""

from typing import Any

import pytest

from tests.support.expect import filters, named, pages, refused
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab

WEB = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
DB = f"arn:aws:iam::{ACCOUNT}:instance-profile/team/db"


def associations(lab: Lab, **params: Any) -> list[dict[str, Any]]:
    answer = lab.ec2.describe_iam_instance_profile_associations(**params)
    return list(answer["IamInstanceProfileAssociations"])


def test_at_launch(lab: Lab) -> None:
    by_name, by_arn = lab.launch(IamInstanceProfile={"Name": "web"}), lab.launch(IamInstanceProfile={"Arn": DB})
    shown = lab.instance(by_name)["IamInstanceProfile"]
    assert shown["Arn"] == WEB
    assert shown["Id"].startswith("AIPA")
    assert lab.instance(by_arn)["IamInstanceProfile"]["Arn"] == DB
    assert "IamInstanceProfile" not in lab.instance(lab.launch())
    describe = lab.ec2.describe_instances
    (found,) = describe(Filters=named("iam-instance-profile.arn", WEB))["Reservations"]
    assert found["Instances"][0]["InstanceId"] == by_name


@pytest.mark.parametrize(
    ("code", "profile"),
    [
        ("InvalidParameterCombination", {"Name": "web", "Arn": WEB}),
        ("InvalidParameterValue", {"Arn": "web"}),
        ("InvalidParameterValue", {"Arn": f"arn:aws:iam::{ACCOUNT}:role/web"}),
        ("InvalidParameterValue", {"Name": "a/b"}),
    ],
)
def test_refused_profiles(lab: Lab, code: str, profile: dict[str, str]) -> None:
    refused(code, lab.launch_pending, IamInstanceProfile=profile)
    instance = lab.launch()
    refused(code, lab.ec2.associate_iam_instance_profile, InstanceId=instance, IamInstanceProfile=profile)


def test_associate_replace_disassociate(lab: Lab) -> None:
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


def test_filters_pages_and_the_end(lab: Lab) -> None:
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
