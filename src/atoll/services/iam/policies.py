"""Managed policies: the account's own and AWS's, whose documents are not here."""

from datetime import UTC, datetime
from typing import Any

from atoll.model.kinds import Policy, PolicyAttachment, PolicyVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_choice
from atoll.services.iam.names import (
    MAX_DOCUMENT,
    arn,
    document_of,
    exists,
    home,
    limit,
    name_of,
    not_found,
    page,
    path_of,
    shown_tags,
    tags_with,
)
from atoll.services.iam.policy_table import AWS_ARN, AWS_POLICIES, aws_arn, own_policy
from atoll.services.identity import stable_id
from atoll.services.registry import Request, Response, operation

AWS_VERSION = "v1"
AWS_CREATED = datetime(2015, 2, 6, 18, 40, 0, tzinfo=UTC)


def _attached(tx: Tx, policy: str) -> int:
    return tx.count(PolicyAttachment, "attached", f"{home(tx)}/{policy}")


def _own_shape(tx: Tx, policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn(policy),
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default}",
        "AttachmentCount": _attached(tx, arn(policy)),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated or policy.created,
    }


def _aws_shape(tx: Tx, policy: str) -> dict[str, Any]:
    match = AWS_ARN.fullmatch(policy)
    assert match is not None, policy
    return {
        "PolicyName": match[2],
        "PolicyId": stable_id("ANPA", policy),
        "Arn": policy,
        "Path": match[1],
        "DefaultVersionId": AWS_VERSION,
        "AttachmentCount": _attached(tx, policy),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": AWS_CREATED,
        "UpdateDate": AWS_CREATED,
    }


def need_policy(tx: Tx, request: Request) -> Policy | str:
    """The account's own policy that PolicyArn names, or the ARN of one of AWS's."""
    wanted: str = request["PolicyArn"]
    if not wanted.startswith("arn:") or len(wanted) > 2048:
        raise AwsError("InvalidInput", f"ARN {wanted[:200]} is not valid.")
    own = own_policy(tx, wanted)
    if own is not None:
        return own
    if AWS_ARN.fullmatch(wanted):
        return wanted
    raise not_found(f"Policy {wanted} does not exist or is not attachable.")


@operation("CreatePolicy", "PolicyName Path PolicyDocument Description Tags", service="iam")
def create_policy(tx: Tx, request: Request) -> Response:
    """A policy that is kept and shown."""
    name, path = name_of(request, "PolicyName", 128), path_of(request)
    if tx.get(Policy, home(tx), name.lower()) is not None:
        raise exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    if tx.count(Policy, "home", home(tx)) >= tx.limit("iam-policies-per-account"):
        raise limit(f"Cannot exceed quota for PoliciesPerAccount: {tx.limit('iam-policies-per-account')}")
    text = request.get("Description")
    if text is not None and len(text) > 1000:
        raise AwsError(QUERY, "The description has more than 1000 characters.")
    policy = Policy(
        home=home(tx),
        id=stable_id("ANPA", tx.new_id("policy")),
        name=name,
        path=path,
        created=tx.time,
        document=document_of(request, "PolicyDocument", MAX_DOCUMENT[Policy]),
        description=text,
        tags=tags_with((), request.get("Tags") or ()),
    )
    tx.put(policy)
    return {"Policy": _own_shape(tx, policy) | ({"Tags": shown_tags(policy)} if policy.tags else {})}


@operation("GetPolicy", "PolicyArn", service="iam")
def get_policy(tx: Tx, request: Request) -> Response:
    """One policy."""
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        return {"Policy": _aws_shape(tx, policy) | {"Tags": []}}
    text = {"Description": policy.description} if policy.description is not None else {}
    return {"Policy": _own_shape(tx, policy) | text | {"Tags": shown_tags(policy)}}


@operation("DeletePolicy", "PolicyArn", service="iam")
def delete_policy(tx: Tx, request: Request) -> Response:
    """One of the account's own that is on no role and has one version (rebuy-de/aws-nuke issue 1)."""
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        raise AwsError("AccessDenied", f"Policy {policy} is AWS's own and cannot be deleted.", 403)
    if _attached(tx, arn(policy)):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    versions = tx.by(PolicyVersion, "holder", f"{policy.home}/{policy.id}")
    if len(versions) > 1:
        raise AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
            409,
        )
    for version in versions:
        tx.delete(version)
    tx.delete(policy)
    return {}


@operation("ListPolicies", "Scope OnlyAttached PathPrefix Marker MaxItems", service="iam")
def list_policies(tx: Tx, request: Request) -> Response:
    """Own ones, then those of AWS's that Atoll can name."""
    scope = check_choice(QUERY, "scope", request.get("Scope") or "All", ("All", "AWS", "Local"))
    policies: list[dict[str, Any]] = []
    if scope != "AWS":
        own = sorted(tx.by(Policy, "home", home(tx)), key=lambda policy: policy.folded)
        policies += [_own_shape(tx, policy) for policy in own]
    if scope != "Local":
        policies += [_aws_shape(tx, aws_arn(name)) for name in AWS_POLICIES]
    prefix = request.get("PathPrefix") or "/"
    kept = [
        policy
        for policy in policies
        if policy["Path"].startswith(prefix) and (policy["AttachmentCount"] or not request.get("OnlyAttached"))
    ]
    shown, more = page(kept, request)
    return {"Policies": shown, **more}
