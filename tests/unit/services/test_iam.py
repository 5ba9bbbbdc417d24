"""IAM's records, as Terraform's aws_iam_* resources and CDK's templates use them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.expect import refused
from tests.support.inprocess import InProcess
from tests.support.profiles import TRUST

ALLOW = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


@pytest.fixture
def iam(site: InProcess) -> Any:
    return site.client("iam")


@pytest.fixture
def role(iam: Any) -> Any:
    return iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "1"}])["Role"]


def test_a_role_is_shown_as_it_was_made(iam: Any) -> None:
    made = iam.create_role(
        RoleName="web", Path="/x/", AssumeRolePolicyDocument=TRUST, Description="d", MaxSessionDuration=7200,
        PermissionsBoundary=SSM, Tags=[{"Key": "a", "Value": ""}],
    )["Role"]  # fmt: skip
    assert made["Arn"] == "arn:aws:iam::123456789012:role/x/web"
    assert made["RoleId"].startswith("AROA")
    assert len(made["RoleId"]) == 21
    assert made["AssumeRolePolicyDocument"] == json.loads(TRUST)
    got = iam.get_role(RoleName="web")["Role"]
    assert {name: got[name] for name in made} == made
    assert (got["MaxSessionDuration"], got["RoleLastUsed"]) == (7200, {})
    assert got["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": SSM}
    assert [one["RoleName"] for one in iam.list_roles(PathPrefix="/x")["Roles"]] == ["web"]
    assert iam.list_roles(PathPrefix="/y")["Roles"] == []


def test_an_account_has_its_own_in_every_region(site: InProcess, role: Any) -> None:
    assert site.client("iam", region="eu-west-1").get_role(RoleName="web")["Role"]["RoleId"] == role["RoleId"]
    refused("NoSuchEntity", site.client("iam", account="111122223333").get_role, RoleName="web")


def test_names_are_unique_whatever_their_case(iam: Any, role: Any) -> None:
    refused("EntityAlreadyExists", iam.create_role, RoleName="WEB", AssumeRolePolicyDocument=TRUST)
    assert refused("NoSuchEntity", iam.get_role, RoleName="api") == "The role with name api cannot be found."


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("ValidationError", {"RoleName": "a b"}),
        ("ValidationError", {"RoleName": "a" * 65}),
        ("ValidationError", {"Path": "x"}),
        ("ValidationError", {"MaxSessionDuration": 3599}),
        ("ValidationError", {"Description": "x" * 1001}),
        ("MalformedPolicyDocument", {"AssumeRolePolicyDocument": "{"}),
        ("MalformedPolicyDocument", {"AssumeRolePolicyDocument": "[" * 100_000}),
        ("MalformedPolicyDocument", {"AssumeRolePolicyDocument": "[]"}),
        ("LimitExceeded", {"AssumeRolePolicyDocument": '{"Statement": ["' + "x" * 2048 + '"]}'}),
        ("InvalidInput", {"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}),
        ("InvalidInput", {"Tags": [{"Key": "aws:x", "Value": ""}]}),
        ("LimitExceeded", {"Tags": [{"Key": str(number), "Value": ""} for number in range(51)]}),
        ("InvalidInput", {"PermissionsBoundary": "arn:aws:iam::123456789012:policy/none"}),
    ],
)
def test_what_create_role_refuses(iam: Any, code: str, wrong: dict[str, Any]) -> None:
    refused(code, iam.create_role, **{"RoleName": "web", "AssumeRolePolicyDocument": TRUST, **wrong})


def test_a_role_changes(iam: Any, role: Any) -> None:
    iam.update_role(RoleName="web", Description="new", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="web", PolicyDocument='{"Statement": []}')
    got = iam.get_role(RoleName="web")["Role"]
    assert (got["Description"], got["AssumeRolePolicyDocument"]) == ("new", {"Statement": []})
    iam.tag_role(RoleName="web", Tags=[{"Key": "A", "Value": "2"}, {"Key": "b", "Value": "3"}])
    iam.untag_role(RoleName="web", TagKeys=["b", "none"])
    assert iam.list_role_tags(RoleName="web")["Tags"] == [{"Key": "A", "Value": "2"}]


def test_a_role_goes_last(iam: Any, role: Any) -> None:
    """Each thing that keeps it has its own message (moto pull 2504)."""
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.attach_role_policy(RoleName="web", PolicyArn=SSM)
    iam.put_role_policy(RoleName="web", PolicyName="in", PolicyDocument=ALLOW)
    said = "Cannot delete entity, must {} first."
    assert refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="web") == said.format(
        "remove roles from instance profile"
    )
    steps: list[tuple[str, Callable[..., Any], dict[str, str]]] = [
        ("remove roles from instance profile", iam.remove_role_from_instance_profile, {"InstanceProfileName": "web"}),
        ("detach all policies", iam.detach_role_policy, {"PolicyArn": SSM}),
        ("delete policies", iam.delete_role_policy, {"PolicyName": "in"}),
    ]
    for words, undo, params in steps:
        assert refused("DeleteConflict", iam.delete_role, RoleName="web") == said.format(words)
        undo(RoleName="web", **params)
    iam.delete_role(RoleName="web")
    iam.delete_instance_profile(InstanceProfileName="web")
    refused("NoSuchEntity", iam.get_role, RoleName="web")


def test_instance_profiles(iam: Any, role: Any) -> None:
    made = iam.create_instance_profile(InstanceProfileName="p", Path="/x/", Tags=[{"Key": "a", "Value": "1"}])
    assert made["InstanceProfile"]["Arn"] == "arn:aws:iam::123456789012:instance-profile/x/p"
    assert made["InstanceProfile"]["Roles"] == []
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="web")
    got = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert [one["Arn"] for one in got["Roles"]] == [role["Arn"]]
    assert iam.list_instance_profiles_for_role(RoleName="web")["InstanceProfiles"] == [got]
    assert iam.list_instance_profiles()["InstanceProfiles"] == [got]
    refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName="p", RoleName="web")
    refused("EntityAlreadyExists", iam.create_instance_profile, InstanceProfileName="P")
    assert (
        refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="q")
        == "Instance Profile q cannot be found."
    )
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="web")
    refused("NoSuchEntity", iam.remove_role_from_instance_profile, InstanceProfileName="p", RoleName="web")
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["a"])
    iam.tag_instance_profile(InstanceProfileName="p", Tags=[{"Key": "b", "Value": "2"}])
    assert iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"] == [{"Key": "b", "Value": "2"}]


def test_inline_policies(iam: Any, role: Any) -> None:
    iam.put_role_policy(RoleName="web", PolicyName="b", PolicyDocument=ALLOW)
    iam.put_role_policy(RoleName="web", PolicyName="a", PolicyDocument=ALLOW)
    iam.put_role_policy(RoleName="web", PolicyName="b", PolicyDocument='{"Statement": []}')
    assert iam.list_role_policies(RoleName="web")["PolicyNames"] == ["a", "b"]
    assert iam.get_role_policy(RoleName="web", PolicyName="b")["PolicyDocument"] == {"Statement": []}
    refused("NoSuchEntity", iam.get_role_policy, RoleName="web", PolicyName="c")
    refused("NoSuchEntity", iam.delete_role_policy, RoleName="web", PolicyName="c")
    large = '{"Statement": ["' + "x" * 5200 + '"]}'
    iam.put_role_policy(RoleName="web", PolicyName="c", PolicyDocument=large)
    refused("LimitExceeded", iam.put_role_policy, RoleName="web", PolicyName="d", PolicyDocument=large)
    iam.put_role_policy(RoleName="web", PolicyName="c", PolicyDocument=large)


def test_managed_policies(iam: Any, role: Any) -> None:
    made = iam.create_policy(PolicyName="own", PolicyDocument=ALLOW, Description="d", Tags=[{"Key": "a", "Value": "1"}])
    arn = made["Policy"]["Arn"]
    assert arn == "arn:aws:iam::123456789012:policy/own"
    iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    iam.attach_role_policy(RoleName="web", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM")
    assert iam.list_attached_role_policies(RoleName="web")["AttachedPolicies"] == [
        {"PolicyName": "own", "PolicyArn": arn},
        {
            "PolicyName": "AmazonEC2RoleforSSM",
            "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM",
        },
    ]
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (got["AttachmentCount"], got["DefaultVersionId"], got["Description"]) == (1, "v1", "d")
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == json.loads(ALLOW)
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.detach_role_policy(RoleName="web", PolicyArn=arn)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="web", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)
    refused("NoSuchEntity", iam.attach_role_policy, RoleName="web", PolicyArn=arn)


def test_versions_of_a_policy(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="own", PolicyDocument=ALLOW)["Policy"]["Arn"]
    changed = '{"Statement": [], "Id": "two"}'

    def shown() -> list[tuple[str, bool]]:
        found = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        return [(one["VersionId"], one["IsDefaultVersion"]) for one in found]

    def document(version: str) -> Any:
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=changed, SetAsDefault=True)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert shown() == [("v2", True), ("v1", False)]
    assert (document("v1"), document("v2")) == (json.loads(ALLOW), json.loads(changed))
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v3")
    refused("ValidationError", iam.get_policy_version, PolicyArn=arn, VersionId="2")
    told = refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    assert told == "Cannot delete the default version of a policy."
    told = refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    assert told.startswith("This policy has more than one version.")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    assert shown() == [("v1", True)]
    for number in (3, 4, 5, 6):
        again = iam.create_policy_version(PolicyArn=arn, PolicyDocument=changed)["PolicyVersion"]
        assert (again["VersionId"], again["IsDefaultVersion"]) == (f"v{number}", False), "no number comes twice"
    told = refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=changed)
    assert told.startswith("A managed policy can have up to 5 versions.")
    refused("MalformedPolicyDocument", iam.create_policy_version, PolicyArn=arn, PolicyDocument="{}")
    refused("AccessDenied", iam.create_policy_version, PolicyArn=SSM, PolicyDocument=changed)
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=SSM)["Versions"]] == ["v1"]
    for number in (3, 4, 5, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.list_policy_versions, PolicyArn=arn)
    arn = iam.create_policy(PolicyName="own", PolicyDocument=changed)["Policy"]["Arn"]
    assert shown() == [("v1", True)], "nothing is left of the one before"


def test_the_description_and_boundary_of_a_role(iam: Any, role: Any) -> None:
    assert iam.update_role_description(RoleName="web", Description="new")["Role"]["Description"] == "new"
    assert iam.get_role(RoleName="web")["Role"]["Description"] == "new"
    iam.put_role_permissions_boundary(RoleName="web", PermissionsBoundary=SSM)
    assert iam.get_role(RoleName="web")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == SSM
    refused("InvalidInput", iam.put_role_permissions_boundary, RoleName="web", PermissionsBoundary="arn:aws:iam::1:x/y")
    iam.delete_role_permissions_boundary(RoleName="web")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="web")["Role"]
    refused("NoSuchEntity", iam.delete_role_permissions_boundary, RoleName="web")
    refused("NoSuchEntity", iam.put_role_permissions_boundary, RoleName="api", PermissionsBoundary=SSM)
    refused("NoSuchEntity", iam.update_role_description, RoleName="api", Description="x")


def test_policies_that_are_aws_own(iam: Any, role: Any) -> None:
    got = iam.get_policy(PolicyArn=SSM)["Policy"]
    assert (got["PolicyName"], got["Path"], got["IsAttachable"]) == ("AmazonSSMManagedInstanceCore", "/", True)
    assert "Atoll knows the names" in refused(
        "UnsupportedOperation", iam.get_policy_version, PolicyArn=SSM, VersionId="v1"
    )
    refused("AccessDenied", iam.delete_policy, PolicyArn=SSM)
    refused("InvalidInput", iam.get_policy, PolicyArn="own")
    names = {one["PolicyName"] for one in iam.list_policies(Scope="AWS")["Policies"]}
    assert {"AmazonSSMManagedInstanceCore", "AdministratorAccess", "AWSLambdaBasicExecutionRole"} <= names
    iam.attach_role_policy(RoleName="web", PolicyArn=SSM)
    assert [one["Arn"] for one in iam.list_policies(OnlyAttached=True)["Policies"]] == [SSM]
    refused("ValidationError", iam.list_policies, Scope="Mine")


def test_pages(iam: Any) -> None:
    for number in range(5):
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST)
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert [[role["RoleName"] for role in page["Roles"]] for page in pages] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    refused("ValidationError", iam.list_roles, Marker="6")
    refused("ValidationError", iam.list_roles, Marker="x")
    refused("ValidationError", iam.list_roles, MaxItems=0)


def test_users_and_aliases(iam: Any) -> None:
    assert iam.get_user(UserName="atoll")["User"] == iam.list_users()["Users"][0]
    assert refused("NoSuchEntity", iam.get_user, UserName="bob") == "The user with name bob cannot be found."
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_quotas(site: InProcess, iam: Any, role: Any) -> None:
    for number in range(10):
        iam.attach_role_policy(RoleName="web", PolicyArn=f"{SSM}{number}")
    assert (
        refused("LimitExceeded", iam.attach_role_policy, RoleName="web", PolicyArn=SSM)
        == "Cannot exceed quota for PoliciesPerRole: 10"
    )
    site.settings.limits.update({"iam-roles-per-account": 1, "iam-policies-per-account": 0})
    refused("LimitExceeded", iam.create_role, RoleName="x", AssumeRolePolicyDocument=TRUST)
    refused("LimitExceeded", iam.create_policy, PolicyName="x", PolicyDocument=ALLOW)
