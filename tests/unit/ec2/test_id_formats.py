"""All ids are long."""

import re
from typing import Any

import botocore.session

from tests.support.expect import pages, refused
from tests.support.inprocess import ACCOUNT

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def documented() -> list[str]:
    """The types that botocore names."""
    model = botocore.session.Session().get_service_model("ec2").operation_model("DescribeIdFormat")
    return re.findall(r"<code>([a-z-]+)</code>", str(model.input_shape.members["Resource"].documentation))


def test_every_type_has_long_ids(ec2: Any) -> None:
    statuses = ec2.describe_id_format()["Statuses"]
    assert [one["Resource"] for one in statuses] == documented()
    assert all(one["UseLongIds"] for one in statuses)
    assert ec2.describe_aggregate_id_format()["Statuses"] == statuses
    assert ec2.describe_aggregate_id_format()["UseLongIdsAggregated"] is True
    assert ec2.describe_identity_id_format(PrincipalArn=ROOT)["Statuses"] == statuses


def test_one_type(ec2: Any) -> None:
    one = [{"Resource": "vpc", "UseLongIds": True}]
    assert ec2.describe_id_format(Resource="vpc")["Statuses"] == one
    user = f"arn:aws:iam::{ACCOUNT}:user/atoll"
    assert ec2.describe_identity_id_format(Resource="vpc", PrincipalArn=user)["Statuses"] == one
    refused("InvalidParameterValue", ec2.describe_id_format, Resource="nat-gateway")


def test_nobody_but_the_root_has_a_choice_to_show(ec2: Any) -> None:
    shown = ec2.describe_principal_id_format(Resources=["vpc", "subnet"])["Principals"]
    assert [one["Arn"] for one in shown] == [ROOT]
    assert [one["Resource"] for one in shown[0]["Statuses"]] == ["subnet", "vpc"]
    assert pages(ec2.describe_principal_id_format, "Principals", 1) == [1]
    refused("InvalidParameterValue", ec2.describe_principal_id_format, Resources=["colour"])


def test_of_strangers_nothing_is_known(ec2: Any) -> None:
    describe = ec2.describe_identity_id_format
    for arn in ("arn:aws:iam::999999999999:root", "arn:aws:iam::123456789012:group/x", "root"):
        refused("InvalidParameterValue", describe, PrincipalArn=arn)
    refused("MissingParameter", describe)


def test_there_is_no_choice_any_more(ec2: Any) -> None:
    assert refused("InvalidAction", ec2.modify_id_format, Resource="vpc", UseLongIds=False).endswith("choice ended.")
