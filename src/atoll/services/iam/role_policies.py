"""Inline policies of roles."""

from atoll.model.kinds import RolePolicy
from atoll.model.tx import Tx
from atoll.services.iam.names import document_of, encoded, home, limit, name_of, need_role, not_found, page
from atoll.services.registry import Request, Response, operation

MOST_CHARACTERS = 10_240
"""Of all inline policies of a role, white space not counted."""


def _need(tx: Tx, request: Request) -> RolePolicy:
    role, name = need_role(tx, request), name_of(request, "PolicyName", 128)
    found = tx.get(RolePolicy, home(tx), role.name, name)
    if found is None:
        raise not_found(f"The role policy with name {name} cannot be found.")
    return found


@operation("PutRolePolicy", "RoleName PolicyName PolicyDocument", service="iam")
def put_role_policy(tx: Tx, request: Request) -> Response:
    """A new one, or another document under the name."""
    role, name = need_role(tx, request), name_of(request, "PolicyName", 128)
    policy = RolePolicy(
        home=role.home, role=role.name, name=name, document=document_of(request, "PolicyDocument", MOST_CHARACTERS)
    )
    others = [one for one in tx.by(RolePolicy, "holder", policy.holder) if one.name != name]
    if sum(len("".join(one.document.split())) for one in [policy, *others]) > MOST_CHARACTERS:
        raise limit(f"Maximum policy size of {MOST_CHARACTERS} bytes exceeded for role {role.name}")
    tx.put(policy)
    return {}


@operation("GetRolePolicy", "RoleName PolicyName", service="iam")
def get_role_policy(tx: Tx, request: Request) -> Response:
    """Its document."""
    found = _need(tx, request)
    return {"RoleName": found.role, "PolicyName": found.name, "PolicyDocument": encoded(found.document)}


@operation("DeleteRolePolicy", "RoleName PolicyName", service="iam")
def delete_role_policy(tx: Tx, request: Request) -> Response:
    """Gone."""
    tx.delete(_need(tx, request))
    return {}


@operation("ListRolePolicies", "RoleName Marker MaxItems", service="iam")
def list_role_policies(tx: Tx, request: Request) -> Response:
    """Names alone."""
    role = need_role(tx, request)
    names = sorted(one.name for one in tx.by(RolePolicy, "holder", f"{role.home}/{role.name}"))
    shown, more = page(names, request)
    return {"PolicyNames": shown, **more}
