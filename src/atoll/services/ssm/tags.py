"""Tags of parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.entity import Tags
from atoll.model.kinds import Parameter
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import JSON, violation
from atoll.services.registry import Request, Response, operation

MOST_TAGS = 50


def tags_with(before: Tags, added: Iterable[Mapping[str, Any]]) -> Tags:
    """The tags after adding some; a key that exists gets its new value."""
    tags = dict(before)
    for number, tag in enumerate(added, 1):
        key, value = tag["Key"], tag["Value"]
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            raise violation(
                JSON, f"tags.{number}.member.key", key[:140], "have length from 1 to 128 and not begin with aws:"
            )
        if len(value) > 256:
            raise violation(JSON, f"tags.{number}.member.value", value[:260], "have length less than or equal to 256")
        tags[key] = value
    if len(tags) > MOST_TAGS:
        raise AwsError("TooManyTagsError", f"A parameter can have at most {MOST_TAGS} tags.")
    return tuple(tags.items())


def _tagged(tx: Tx, request: Request) -> Parameter:
    """Parameters are the only taggable things of Systems Manager here."""
    if request["ResourceType"] != "Parameter":
        raise AwsError(
            "InvalidResourceType", "The resource type is not valid: Atoll's Systems Manager has parameters alone."
        )
    found = tx.get(Parameter, tx.home, request["ResourceId"])
    if found is None:
        raise AwsError(
            "InvalidResourceId",
            f'The resource ID "{request["ResourceId"][:200]}" is not valid. Verify the ID and try again.',
        )
    return found


@operation("AddTagsToResource", "ResourceType ResourceId Tags", service="ssm")
def add_tags_to_resource(tx: Tx, request: Request) -> Response:
    """A key that exists gets its new value."""
    found = _tagged(tx, request)
    tx.put(replace(found, tags=tags_with(found.tags, request["Tags"])))
    return {}


@operation("RemoveTagsFromResource", "ResourceType ResourceId TagKeys", service="ssm")
def remove_tags_from_resource(tx: Tx, request: Request) -> Response:
    """Keys that there are none of are no error."""
    found = _tagged(tx, request)
    tx.put(replace(found, tags=tuple((key, value) for key, value in found.tags if key not in request["TagKeys"])))
    return {}


@operation("ListTagsForResource", "ResourceType ResourceId", service="ssm")
def list_tags_for_resource(tx: Tx, request: Request) -> Response:
    """All of them."""
    return {"TagList": [{"Key": key, "Value": value} for key, value in _tagged(tx, request).tags]}
