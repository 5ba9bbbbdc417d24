"""Versions of managed policies: at most five, of which one is the default."""

import re
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Policy, PolicyVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_pattern
from atoll.services.iam.names import MAX_DOCUMENT, arn, document_of, encoded, limit, not_found, page
from atoll.services.iam.policies import AWS_CREATED, AWS_VERSION, need_policy
from atoll.services.registry import Request, Response, operation

MOST = 5
NAME = re.compile(r"v[1-9][0-9]*(?:\.[A-Za-z0-9-]*)?", re.ASCII)


def _versions(tx: Tx, policy: Policy) -> list[PolicyVersion]:
    """Oldest first."""
    found = list(tx.by(PolicyVersion, "holder", f"{policy.home}/{policy.id}"))
    first = PolicyVersion(
        home=policy.home, policy=policy.id, number=1, document=policy.document, created=policy.created
    )
    return sorted(found, key=lambda version: version.number) or [first]


def _shape(policy: Policy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.number == policy.default,
        "CreateDate": version.created,
    }


def _own(tx: Tx, request: Request) -> Policy:
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        raise AwsError("AccessDenied", f"Policy {policy} is AWS's own and cannot be changed.", 403)
    return policy


def _need(tx: Tx, policy: Policy, request: Request) -> PolicyVersion:
    name = check_pattern(QUERY, "versionId", request["VersionId"], NAME, 50)
    for version in _versions(tx, policy):
        if name == f"v{version.number}":
            return version
    raise not_found(f"Policy {arn(policy)} version {name} does not exist or is not attachable.")


@operation("CreatePolicyVersion", "PolicyArn PolicyDocument SetAsDefault", service="iam")
def create_policy_version(tx: Tx, request: Request) -> Response:
    """A number is not given twice. A sixth version is refused in AWS's words (99designs/iamy issue 21)."""
    policy = _own(tx, request)
    document = document_of(request, "PolicyDocument", MAX_DOCUMENT[Policy])
    before = _versions(tx, policy)
    if len(before) >= MOST:
        raise limit(
            f"A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an "
            "existing version."
        )
    number = policy.newest + 1
    made = PolicyVersion(home=policy.home, policy=policy.id, number=number, document=document, created=tx.time)
    changed = replace(policy, newest=number, updated=tx.time)
    if request.get("SetAsDefault"):
        changed = replace(changed, default=number, document=document)
    for version in (*before, made):
        tx.put(version)
    tx.put(changed)
    return {"PolicyVersion": _shape(changed, made)}


@operation("SetDefaultPolicyVersion", "PolicyArn VersionId", service="iam")
def set_default_policy_version(tx: Tx, request: Request) -> Response:
    """Another version holds."""
    policy = _own(tx, request)
    version = _need(tx, policy, request)
    tx.put(replace(policy, default=version.number, document=version.document))
    return {}


@operation("DeletePolicyVersion", "PolicyArn VersionId", service="iam")
def delete_policy_version(tx: Tx, request: Request) -> Response:
    """Any but the default one (redradrat/aws-iam-operator issue 13)."""
    policy = _own(tx, request)
    version = _need(tx, policy, request)
    if version.number == policy.default:
        raise AwsError("DeleteConflict", "Cannot delete the default version of a policy.", 409)
    tx.delete(version)
    return {}


@operation("GetPolicyVersion", "PolicyArn VersionId", service="iam")
def get_policy_version(tx: Tx, request: Request) -> Response:
    """The document of a version of the account's own policies."""
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        raise AwsError(
            "UnsupportedOperation",
            f"Atoll knows the names of AWS's own policies but not what {policy} says: nothing is authorised by it.",
        )
    version = _need(tx, policy, request)
    return {"PolicyVersion": {"Document": encoded(version.document), **_shape(policy, version)}}


@operation("ListPolicyVersions", "PolicyArn Marker MaxItems", service="iam")
def list_policy_versions(tx: Tx, request: Request) -> Response:
    """Newest first; of AWS's own policies, one."""
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        shapes = [{"VersionId": AWS_VERSION, "IsDefaultVersion": True, "CreateDate": AWS_CREATED}]
    else:
        shapes = [_shape(policy, version) for version in reversed(_versions(tx, policy))]
    shown, more = page(shapes, request)
    return {"Versions": shown, **more}
