"""Who calls, and temporary keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from atoll.model.kinds import Session
from atoll.protocol import account
from atoll.protocol.access_keys import RANDOM_BITS, issue, issued_for
from tests.support.expect import refused
from tests.support.inprocess import START, InProcess

ROLE = "arn:aws:iam::{}:role/path/deploy"
NOW = datetime.fromtimestamp(START, UTC)


def assumed(site: InProcess, of: str = "123456789012", **params: Any) -> dict[str, Any]:
    made: dict[str, Any] = site.client("sts").assume_role(
        RoleArn=ROLE.format(of), RoleSessionName="me@example.com", **params
    )
    return made


@pytest.mark.parametrize(("key", "owner"), [("111122223333", "111122223333"), ("atoll", "123456789012")])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "aws-global"])
def test_the_caller_is_the_user_of_the_keys_account(site: InProcess, key: str, owner: str, region: str) -> None:
    told = site.client("sts", account=key, region=region).get_caller_identity()
    assert (told["Account"], told["Arn"]) == (owner, f"arn:aws:iam::{owner}:user/atoll")
    user = site.client("iam", account=key, region=region).get_user()["User"]
    assert (user["UserId"], user["Arn"]) == (told["UserId"], told["Arn"])


def test_an_assumed_role_is_who_calls_then(site: InProcess) -> None:
    made = assumed(site)
    key = made["Credentials"]["AccessKeyId"]
    told = site.client("sts", account=key).get_caller_identity()
    assert (
        told["Arn"] == "arn:aws:sts::123456789012:assumed-role/deploy/me@example.com" == made["AssumedRoleUser"]["Arn"]
    )
    assert told["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]
    assert made["Credentials"]["Expiration"] == NOW + timedelta(hours=1)
    refused("ValidationError", site.client("iam", account=key).get_user)
    refused("AccessDenied", site.client("sts", account=key).get_session_token)


def test_things_made_with_temporary_keys_are_the_accounts(site: InProcess) -> None:
    token = site.client("sts", account="111122223333").get_session_token()["Credentials"]
    vpc = site.client(account=token["AccessKeyId"]).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert vpc["OwnerId"] == "111122223333"
    role = assumed(site, "444455556666")["Credentials"]
    assert site.client("sts", account=role["AccessKeyId"]).get_caller_identity()["Account"] == "444455556666"


def test_a_launch_template_says_who_made_it_and_each_of_its_versions(site: InProcess) -> None:
    made = assumed(site)
    role = site.client(account=made["Credentials"]["AccessKeyId"])
    data = {"InstanceType": "t3.micro"}
    template = role.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]
    user = site.client()
    user.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    changed = user.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")["LaunchTemplate"]
    assert template["CreatedBy"] == changed["CreatedBy"] == made["AssumedRoleUser"]["Arn"]
    versions = user.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    by = {one["VersionNumber"]: one["CreatedBy"] for one in versions}
    assert by == {1: made["AssumedRoleUser"]["Arn"], 2: "arn:aws:iam::123456789012:user/atoll"}


def test_a_role_that_exists_gives_its_id_and_its_longest_session(site: InProcess) -> None:
    iam = site.client("iam")
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument='{"Statement": []}', MaxSessionDuration=7200)
    made = assumed(site, DurationSeconds=7200)
    assert made["AssumedRoleUser"]["AssumedRoleId"] == f"{role['Role']['RoleId']}:me@example.com"
    assert made["Credentials"]["Expiration"] == NOW + timedelta(hours=2)
    said = refused("ValidationError", assumed, site=site, DurationSeconds=7201)
    assert said == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleArn": "arn:aws:iam::1:role/x"},
        {"RoleArn": "arn:aws:iam::123456789012:user/x"},
        {"RoleArn": "arn:aws:iam::123456789012:role/" + "/" * 3000},
        {"RoleSessionName": "x"},
        {"RoleSessionName": "a b"},
        {"RoleSessionName": "x" * 65},
        {"DurationSeconds": 899},
        {"DurationSeconds": 43_201},
    ],
)
def test_what_assume_role_refuses(site: InProcess, wrong: dict[str, Any]) -> None:
    params = {"RoleArn": ROLE.format("123456789012"), "RoleSessionName": "me"} | wrong
    refused("ValidationError", site.client("sts").assume_role, **params)


def test_sessions_that_are_over_are_forgotten(site: InProcess) -> None:
    assumed(site)
    site.now += 3601
    assumed(site)
    assert len(list(site.table.all(Session))) == 1


def test_whose_a_key_is(site: InProcess) -> None:
    ask = site.client("sts").get_access_key_info
    assert ask(AccessKeyId="1" * 12)["Account"] == "1" * 12
    key = site.client("sts", account="000000000001").get_session_token()["Credentials"]["AccessKeyId"]
    assert ask(AccessKeyId=key)["Account"] == "000000000001"
    refused("ValidationError", ask, AccessKeyId="short")


@pytest.mark.parametrize("owner", ["000000000000", "123456789012", "999999999999"])
@pytest.mark.parametrize("number", [0, 1, (1 << RANDOM_BITS) - 1])
def test_the_account_stands_in_the_key(owner: str, number: int) -> None:
    key = issue(owner, number)
    assert len(key) == 20
    assert issued_for(key) == account(key) == owner


def test_other_keys_are_the_default_accounts() -> None:
    for key in ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "ASIAQQQQQQQQQQQQQQQQ", "ASIA", ""):
        assert issued_for(key) is None
        assert account(key) == "123456789012"
