"""Tags of roles, instance profiles and the account's own policies."""

from collections.abc import Callable

from msgspec.structs import replace

from atoll.model.kinds import InstanceProfile, Policy, Role
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.iam.names import need_profile, need_role, page, shown_tags, tags_with, tags_without
from atoll.services.iam.policies import need_policy
from atoll.services.registry import Request, Response, operation

Tagged = Role | InstanceProfile | Policy


def _own_policy(tx: Tx, request: Request) -> Policy:
    policy = need_policy(tx, request)
    if isinstance(policy, str):
        raise AwsError("InvalidInput", f"{policy} is AWS's own and has no tags.")
    return policy


def _register(noun: str, named: str, need: Callable[[Tx, Request], Tagged]) -> None:
    """TagX, UntagX and ListXTags."""

    def tag(tx: Tx, request: Request) -> Response:
        entity = need(tx, request)
        tx.put(replace(entity, tags=tags_with(entity.tags, request["Tags"])))
        return {}

    def untag(tx: Tx, request: Request) -> Response:
        entity = need(tx, request)
        tx.put(replace(entity, tags=tags_without(entity.tags, request["TagKeys"])))
        return {}

    def list_tags(tx: Tx, request: Request) -> Response:
        shown, more = page(shown_tags(need(tx, request)), request)
        return {"Tags": shown, **more}

    operation(f"Tag{noun}", f"{named} Tags", service="iam")(tag)
    operation(f"Untag{noun}", f"{named} TagKeys", service="iam")(untag)
    operation(f"List{noun}Tags", f"{named} Marker MaxItems", service="iam")(list_tags)


_register("Role", "RoleName", need_role)
_register("InstanceProfile", "InstanceProfileName", need_profile)
_register("Policy", "PolicyArn", _own_policy)
