"""Managed policies on roles."""

from atoll.model.kinds import PolicyAttachment
from atoll.model.tx import Tx
from atoll.services.iam.names import arn, home, limit, need_role, not_found, page
from atoll.services.iam.policies import need_policy
from atoll.services.iam.policy_table import AWS_ARN, OWN_ARN
from atoll.services.registry import Request, Response, operation


@operation("AttachRolePolicy", "RoleName PolicyArn", service="iam")
def attach_role_policy(tx: Tx, request: Request) -> Response:
    """What is attached already stays attached."""
    role, policy = need_role(tx, request), need_policy(tx, request)
    named = policy if isinstance(policy, str) else arn(policy)
    if tx.get(PolicyAttachment, home(tx), role.name, named) is not None:
        return {}
    if tx.count(PolicyAttachment, "holder", f"{role.home}/{role.name}") >= tx.limit("iam-policies-per-role"):
        raise limit(f"Cannot exceed quota for PoliciesPerRole: {tx.limit('iam-policies-per-role')}")
    tx.put(PolicyAttachment(home=home(tx), role=role.name, policy=named))
    return {}


@operation("DetachRolePolicy", "RoleName PolicyArn", service="iam")
def detach_role_policy(tx: Tx, request: Request) -> Response:
    """What is not attached cannot be detached."""
    role, policy = need_role(tx, request), request["PolicyArn"]
    found = tx.get(PolicyAttachment, home(tx), role.name, policy)
    if found is None:
        raise not_found(f"Policy {policy[:200]} was not found.")
    tx.delete(found)
    return {}


@operation("ListAttachedRolePolicies", "RoleName PathPrefix Marker MaxItems", service="iam")
def list_attached_role_policies(tx: Tx, request: Request) -> Response:
    """By name and ARN."""
    role = need_role(tx, request)
    prefix = request.get("PathPrefix") or "/"
    found = []
    for one in tx.by(PolicyAttachment, "holder", f"{role.home}/{role.name}"):
        own = OWN_ARN.fullmatch(one.policy)
        match = AWS_ARN.fullmatch(one.policy)
        path, name = (own[2], own[3]) if own else (match[1], match[2]) if match else ("/", one.policy)
        if path.startswith(prefix):
            found.append({"PolicyName": name, "PolicyArn": one.policy})
    shown, more = page(found, request)
    return {"AttachedPolicies": shown, **more}
