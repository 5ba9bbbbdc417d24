"""Instance profiles: what an instance is given of a role."""

import re
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import InstanceProfile, Role
from atoll.model.tx import Tx
from atoll.services.iam.names import (
    arn,
    conflict,
    exists,
    home,
    limit,
    name_of,
    need_profile,
    need_role,
    not_found,
    page,
    path_of,
    shown_tags,
    tags_with,
    under,
)
from atoll.services.iam.roles import role_shape
from atoll.services.identity import stable_id
from atoll.services.registry import Request, Response, operation

ARN = re.compile(r"arn:aws:iam::([0-9]{12}):instance-profile/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,128})", re.ASCII)


def profile_arn(profile: InstanceProfile) -> str:
    """As EC2 shows it beside an instance."""
    return arn(profile)


def find_profile(tx: Tx, *, name: str | None = None, by_arn: str | None = None) -> InstanceProfile | None:
    """The account's instance profile of that name or ARN, for EC2."""
    if by_arn is not None:
        match = ARN.fullmatch(by_arn)
        found = tx.get(InstanceProfile, home(tx), match[2].lower()) if match and match[1] == tx.account else None
        return found if found is not None and arn(found) == by_arn else None
    found = tx.get(InstanceProfile, home(tx), (name or "").lower())
    return found if found is not None and found.name == name else None


def _shape(tx: Tx, profile: InstanceProfile) -> dict[str, Any]:
    role = tx.get(Role, profile.home, profile.role.lower()) if profile.role is not None else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": arn(profile),
        "CreateDate": profile.created,
        "Roles": [role_shape(role)] if role is not None else [],
        **({"Tags": shown_tags(profile)} if profile.tags else {}),
    }


@operation("CreateInstanceProfile", "InstanceProfileName Path Tags", service="iam")
def create_instance_profile(tx: Tx, request: Request) -> Response:
    """Without a role in it."""
    name, path = name_of(request, "InstanceProfileName", 128), path_of(request)
    if tx.get(InstanceProfile, home(tx), name.lower()) is not None:
        raise exists(f"Instance Profile {name} already exists.")
    if tx.count(InstanceProfile, "home", home(tx)) >= tx.limit("iam-instance-profiles-per-account"):
        most = tx.limit("iam-instance-profiles-per-account")
        raise limit(f"Cannot exceed quota for InstanceProfilesPerAccount: {most}")
    profile = InstanceProfile(
        home=home(tx),
        id=stable_id("AIPA", tx.new_id("profile")),
        name=name,
        path=path,
        created=tx.time,
        tags=tags_with((), request.get("Tags") or ()),
    )
    tx.put(profile)
    return {"InstanceProfile": _shape(tx, profile)}


@operation("GetInstanceProfile", "InstanceProfileName", service="iam")
def get_instance_profile(tx: Tx, request: Request) -> Response:
    """With its role."""
    return {"InstanceProfile": _shape(tx, need_profile(tx, request))}


@operation("DeleteInstanceProfile", "InstanceProfileName", service="iam")
def delete_instance_profile(tx: Tx, request: Request) -> Response:
    """One that is empty (cloud-custodian issue 6044)."""
    profile = need_profile(tx, request)
    if profile.role is not None:
        raise conflict("remove roles from instance profile")
    tx.delete(profile)
    return {}


@operation("ListInstanceProfiles", "PathPrefix Marker MaxItems", service="iam")
def list_instance_profiles(tx: Tx, request: Request) -> Response:
    """All of them, by name."""
    profiles = sorted(tx.by(InstanceProfile, "home", home(tx)), key=lambda profile: profile.folded)
    shown, more = page(under(profiles, (profile.path for profile in profiles), request), request)
    return {"InstanceProfiles": [_shape(tx, profile) for profile in shown], **more}


@operation("ListInstanceProfilesForRole", "RoleName Marker MaxItems", service="iam")
def list_instance_profiles_for_role(tx: Tx, request: Request) -> Response:
    """Those that hold the role."""
    role = need_role(tx, request)
    shown, more = page(tx.by(InstanceProfile, "holder", f"{role.home}/{role.name}"), request)
    return {"InstanceProfiles": [_shape(tx, profile) for profile in shown], **more}


@operation("AddRoleToInstanceProfile", "InstanceProfileName RoleName", service="iam")
def add_role_to_instance_profile(tx: Tx, request: Request) -> Response:
    """The quota is one role, which AWS does not raise."""
    profile, role = need_profile(tx, request), need_role(tx, request)
    if profile.role is not None:
        raise limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    tx.put(replace(profile, role=role.name))
    return {}


@operation("RemoveRoleFromInstanceProfile", "InstanceProfileName RoleName", service="iam")
def remove_role_from_instance_profile(tx: Tx, request: Request) -> Response:
    """The role that it holds."""
    profile, role = need_profile(tx, request), need_role(tx, request)
    if profile.role != role.name:
        raise not_found(f"Role {role.name} in Instance Profile {profile.name} cannot be found.")
    tx.put(replace(profile, role=None))
    return {}
