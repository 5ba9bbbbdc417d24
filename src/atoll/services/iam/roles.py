"""Roles."""

from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import InstanceProfile, PolicyAttachment, Role, RolePolicy
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_number
from atoll.services.iam.names import (
    MAX_DOCUMENT,
    arn,
    conflict,
    document_of,
    encoded,
    exists,
    home,
    limit,
    name_of,
    need_role,
    not_found,
    page,
    path_of,
    shown_tags,
    tags_with,
    under,
)
from atoll.services.iam.policy_table import is_policy
from atoll.services.identity import stable_id
from atoll.services.registry import Request, Response, operation

MAX_DESCRIPTION = 1000


def role_shape(role: Role) -> dict[str, Any]:
    """As every answer shows a role; GetRole shows more."""
    shape: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": arn(role),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(role.trust),
    }
    return shape | ({"Description": role.description} if role.description is not None else {})


def _full_shape(role: Role) -> dict[str, Any]:
    shape = role_shape(role) | {"MaxSessionDuration": role.longest_session, "RoleLastUsed": {}}
    if role.tags:
        shape["Tags"] = shown_tags(role)
    if role.boundary is not None:
        shape["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.boundary,
        }
    return shape


@operation(
    "CreateRole",
    "Path RoleName AssumeRolePolicyDocument Description MaxSessionDuration PermissionsBoundary Tags",
    service="iam",
)
def create_role(tx: Tx, request: Request) -> Response:
    """A role, which nothing but STS looks at."""
    name, path = name_of(request, "RoleName", 64), path_of(request)
    boundary = _boundary(tx, request) if "PermissionsBoundary" in request else None
    if tx.get(Role, home(tx), name.lower()) is not None:
        raise exists(f"Role with name {name} already exists.")
    if tx.count(Role, "home", home(tx)) >= tx.limit("iam-roles-per-account"):
        raise limit(f"Cannot exceed quota for RolesPerAccount: {tx.limit('iam-roles-per-account')}")
    role = Role(
        home=home(tx),
        id=stable_id("AROA", tx.new_id("role")),
        name=name,
        path=path,
        created=tx.time,
        trust=document_of(request, "AssumeRolePolicyDocument", MAX_DOCUMENT[Role]),
        description=_description(request),
        longest_session=_longest_session(request, 3600),
        boundary=boundary,
        tags=tags_with((), request.get("Tags") or ()),
    )
    tx.put(role)
    made = role_shape(role)
    return {"Role": made | ({"Tags": shown_tags(role)} if role.tags else {})}


def _boundary(tx: Tx, request: Request) -> str:
    wanted: str = request["PermissionsBoundary"]
    if not is_policy(tx, wanted):
        raise AwsError("InvalidInput", f"ARN {wanted[:200]} is not valid.")
    return wanted


def _description(request: Request) -> str | None:
    text: str | None = request.get("Description")
    if text is not None and len(text) > MAX_DESCRIPTION:
        raise AwsError(QUERY, f"The description has more than {MAX_DESCRIPTION} characters.")
    return text


def _longest_session(request: Request, usual: int) -> int:
    return check_number(QUERY, "maxSessionDuration", request.get("MaxSessionDuration", usual), 3600, 43_200)


@operation("GetRole", "RoleName", service="iam")
def get_role(tx: Tx, request: Request) -> Response:
    """One role with everything there is of it."""
    return {"Role": _full_shape(need_role(tx, request))}


@operation("ListRoles", "PathPrefix Marker MaxItems", service="iam")
def list_roles(tx: Tx, request: Request) -> Response:
    """All roles, by name."""
    roles = sorted(tx.by(Role, "home", home(tx)), key=lambda role: role.folded)
    shown, more = page(under(roles, (role.path for role in roles), request), request)
    return {"Roles": [role_shape(role) | {"MaxSessionDuration": role.longest_session} for role in shown], **more}


@operation("DeleteRole", "RoleName", service="iam")
def delete_role(tx: Tx, request: Request) -> Response:
    """A role that nothing holds and that holds nothing (moto pull 2504, recorded there from AWS)."""
    role = need_role(tx, request)
    holder = f"{role.home}/{role.name}"
    if tx.count(InstanceProfile, "holder", holder):
        raise conflict("remove roles from instance profile")
    if tx.count(PolicyAttachment, "holder", holder):
        raise conflict("detach all policies")
    if tx.count(RolePolicy, "holder", holder):
        raise conflict("delete policies")
    tx.delete(role)
    return {}


@operation("UpdateRole", "RoleName Description MaxSessionDuration", service="iam")
def update_role(tx: Tx, request: Request) -> Response:
    """Its description and its longest session."""
    role = need_role(tx, request)
    text = _description(request)
    longest = _longest_session(request, role.longest_session)
    tx.put(replace(role, description=role.description if text is None else text, longest_session=longest))
    return {}


@operation("UpdateRoleDescription", "RoleName Description", service="iam")
def update_role_description(tx: Tx, request: Request) -> Response:
    """What Terraform still calls; AWS documents UpdateRole instead."""
    role = need_role(tx, request)
    changed = replace(role, description=_description(request))
    tx.put(changed)
    return {"Role": role_shape(changed)}


@operation("PutRolePermissionsBoundary", "RoleName PermissionsBoundary", service="iam")
def put_role_permissions_boundary(tx: Tx, request: Request) -> Response:
    """A record like the role itself."""
    tx.put(replace(need_role(tx, request), boundary=_boundary(tx, request)))
    return {}


@operation("DeleteRolePermissionsBoundary", "RoleName", service="iam")
def delete_role_permissions_boundary(tx: Tx, request: Request) -> Response:
    """It has none any more; NoSuchEntity where it had none (unsourced)."""
    role = need_role(tx, request)
    if role.boundary is None:
        raise not_found(f"Role {role.name} does not have a permission boundary attached to it.")
    tx.put(replace(role, boundary=None))
    return {}


@operation("UpdateAssumeRolePolicy", "RoleName PolicyDocument", service="iam")
def update_assume_role_policy(tx: Tx, request: Request) -> Response:
    """Another trust policy."""
    role = need_role(tx, request)
    tx.put(replace(role, trust=document_of(request, "PolicyDocument", MAX_DOCUMENT[Role])))
    return {}
