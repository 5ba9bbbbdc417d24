"""An instance's profile and the keys of its role, which sts knows."""

import json
from datetime import datetime

from tests.support.lab import Lab
from tests.support.profiles import make_profile
from tests.unit.metadata.guest import TOKEN, Guest


def with_role(lab: Lab) -> Guest:
    make_profile(lab.cloud.client("iam"), "Web")
    return Guest(lab, IamInstanceProfile={"Name": "Web"})


def test_the_role_and_its_keys(lab: Lab) -> None:
    guest = with_role(lab)
    assert guest.lists("meta-data/iam/") == ["info", "security-credentials/"]
    assert guest.read("meta-data/iam/security-credentials/") == "Web"
    shown = lab.instance(guest.id)["IamInstanceProfile"]
    info = json.loads(guest.read("meta-data/iam/info"))
    assert (info["Code"], info["InstanceProfileArn"], info["InstanceProfileId"]) == (
        "Success",
        shown["Arn"],
        shown["Id"],
    )
    told = guest.ask("/latest/meta-data/iam/security-credentials/Web", **{TOKEN: guest.token()})
    keys = json.loads(told.content)
    assert (keys["Code"], keys["Type"]) == ("Success", "AWS-HMAC")
    assert told.session is not None
    lab.cloud.put(told.session)
    identity = lab.cloud.client("sts", account=keys["AccessKeyId"]).get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/Web/{guest.id}"


def test_keys_stay_for_an_hour_and_are_good_for_five_at_least(lab: Lab) -> None:
    guest = with_role(lab)
    path = "meta-data/iam/security-credentials/Web"
    first = json.loads(guest.read(path))
    start = lab.cloud.now - lab.cloud.now % 3600
    lab.cloud.now = start + 3599
    assert json.loads(guest.read(path)) == first
    ends = datetime.fromisoformat(first["Expiration"]).timestamp()
    assert ends - lab.cloud.now > 5 * 3600
    lab.cloud.now = start + 3600
    later = json.loads(guest.read(path))
    for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration"):
        assert later[name] != first[name]


def test_two_instances_have_keys_of_their_own(lab: Lab) -> None:
    guest = with_role(lab)
    other = Guest(lab, IamInstanceProfile={"Name": "Web"})
    path = "meta-data/iam/security-credentials/Web"
    assert json.loads(guest.read(path))["AccessKeyId"] != json.loads(other.read(path))["AccessKeyId"]


def test_nothing_else_tells_keys(lab: Lab) -> None:
    guest = with_role(lab)
    for path in ("meta-data/iam/security-credentials/", "meta-data/iam/info", "meta-data/"):
        assert guest.ask(f"/latest/{path}").session is None
    assert guest.status("meta-data/iam/security-credentials/Other") == 404


def test_a_profile_that_has_lost_its_role_or_is_gone(lab: Lab) -> None:
    guest, iam = with_role(lab), lab.cloud.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName="Web", RoleName="Web")
    assert guest.lists("meta-data/iam/") == ["info"]
    assert json.loads(guest.read("meta-data/iam/info"))["Code"] == "Success"
    iam.delete_instance_profile(InstanceProfileName="Web")
    assert json.loads(guest.read("meta-data/iam/info"))["Code"] == "InstanceProfileNotFound"
    assert guest.lists("meta-data/iam/") == ["info"]
    assert guest.status("meta-data/iam/security-credentials/") == 404, "there is no role in it"
