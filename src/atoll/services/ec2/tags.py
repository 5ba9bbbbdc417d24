"""Tags: on creation, by CreateTags and DeleteTags, and in Describe answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.model.entity import Entity, Tags
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.registry import Request

MAX_KEY = 128
MAX_VALUE = 256


def tags_of(entity: Entity) -> list[dict[str, str]]:
    """As Describe answers show them."""
    return [{"Key": key, "Value": value} for key, value in entity.tags]


def tags_if_any(entity: Entity) -> list[dict[str, str]] | None:
    """For the answers in which AWS leaves Tags out where there is none (VPCs, subnets, security groups)."""
    return tags_of(entity) or None


def on_creation(tx: Tx, request: Request, *resource_types: str) -> Tags:
    """The tags that TagSpecifications gives to a resource of the (first) type.

    Specifications for other types than the operation creates are refused, as AWS does.
    """
    specifications = request.get("TagSpecifications") or []
    return merged(tx, (), tags_for(specifications, resource_types[0], resource_types))


def tags_for(
    specifications: Iterable[Mapping[str, Any]], resource_type: str, allowed: Iterable[str]
) -> list[Mapping[str, Any]]:
    """The tags for one resource type; `allowed` are all types that the operation creates."""
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    for specification in specifications:
        named = specification.get("ResourceType")
        if named is None:
            raise AwsError("InvalidParameterValue", "Tag specification resource type must have a value")
        if named not in set(allowed):
            raise AwsError(
                "InvalidParameterValue", f"'{named}' is not a valid taggable resource type for this operation."
            )
        if named in seen:
            raise AwsError("InvalidParameterValue", f"Duplicate tag specification for resource type '{named}'.")
        seen.add(named)
        if not specification.get("Tags"):
            raise AwsError("InvalidParameterValue", "Tag specification must have at least one tag")
        if named == resource_type:
            found.extend(specification["Tags"])
    return found


def merged(tx: Tx, before: Tags, added: Iterable[Mapping[str, Any]]) -> Tags:
    """The tags after adding some; a key that exists gets its new value."""
    tags = dict(before)
    named: set[str] = set()
    for tag in added:
        key, value = tag.get("Key"), tag.get("Value") or ""
        if not key:
            raise AwsError("InvalidParameterValue", "Tag key cannot be null or empty")
        if key in named:
            raise AwsError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        named.add(key)
        if key.lower().startswith("aws:"):
            raise AwsError(
                "InvalidParameterValue", f"Tag keys starting with 'aws:' are reserved for internal use: {key}"
            )
        if len(key) > MAX_KEY:
            raise AwsError("InvalidParameterValue", f"Tag key exceeds the maximum length of {MAX_KEY} characters")
        if len(value) > MAX_VALUE:
            raise AwsError("InvalidParameterValue", f"Tag value exceeds the maximum length of {MAX_VALUE} characters")
        tags[key] = value
    if sum(not key.startswith("aws:") for key in tags) > tx.limit("tags-per-resource"):
        raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return tuple(tags.items())
