"""CreateTags, DeleteTags and DescribeTags, for every kind that has tags."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.model.entity import Entity
from atoll.model.kinds import (
    BY_PREFIX,
    Instance,
    InterfacePermission,
    NetworkAclAssociation,
    ProfileAssociation,
    RouteTableAssociation,
)
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.describe import page, sift
from atoll.services.ec2.lookup import ID, need
from atoll.services.ec2.metadata_options import check_tags
from atoll.services.ec2.tags import merged
from atoll.services.ec2.wildcards import WILD
from atoll.services.registry import Request, Response, operation

MOST_RESOURCES = 1000
UNTAGGED = (RouteTableAssociation, NetworkAclAssociation, ProfileAssociation, InterfacePermission)
TAGGABLE = {prefix: kind for prefix, kind in BY_PREFIX.items() if kind not in UNTAGGED}


def _kind_of(id: str) -> type[Entity] | None:  # noqa: A002 - AWS's word
    match = ID.match(id)
    return TAGGABLE.get(match[1]) if match else None


def _resources(tx: Tx, request: Request) -> dict[str, Entity]:
    ids = dict.fromkeys(request["Resources"])
    if not ids:
        raise AwsError("MissingParameter", "The request must contain the parameter resourceIdSet")
    if len(ids) > MOST_RESOURCES:
        raise AwsError("InvalidParameterValue", f"At most {MOST_RESOURCES} resources can be tagged in one call.")
    found: dict[str, Entity] = {}
    for id_ in ids:
        kind = _kind_of(id_)
        if kind is None:
            raise AwsError("InvalidID", f"The ID '{id_}' is not valid")
        found[id_] = need(tx, kind, id_)
    return found


@operation("CreateTags", "Resources Tags")
def create_tags(tx: Tx, request: Request) -> Response:
    """The same tags on every resource; a key that exists gets the new value."""
    if not request["Tags"]:
        raise AwsError("MissingParameter", "The request must contain the parameter tagSet")
    for resource in _resources(tx, request).values():
        tagged = msgspec.structs.replace(resource, tags=merged(tx, resource.tags, request["Tags"]))
        if isinstance(tagged, Instance):
            check_tags(tagged)
        tx.put(tagged)
    return {}


@operation("DeleteTags", "Resources Tags")
def delete_tags(tx: Tx, request: Request) -> Response:
    """By key, or by key and value; without Tags all that are not AWS's own."""
    wanted = request.get("Tags") or ()
    if any(not tag.get("Key") for tag in wanted):
        raise AwsError("InvalidParameterValue", "Tag key cannot be null or empty")
    for resource in _resources(tx, request).values():
        kept = tuple((key, value) for key, value in resource.tags if not _is_meant(key, value, wanted))
        tx.put(msgspec.structs.replace(resource, tags=kept))
    return {}


def _is_meant(key: str, value: str, wanted: Iterable[Mapping[str, Any]]) -> bool:
    if not wanted:
        return not key.startswith("aws:")
    return any(tag["Key"] == key and tag.get("Value") in (None, value) for tag in wanted)


class _Tag(NamedTuple):
    id: str
    type: str
    key: str
    value: str


FILTERS = {"key": "key", "resource-id": "id", "resource-type": "type", "value": "value"}


@operation("DescribeTags", "Filters MaxResults NextToken")
def describe_tags(tx: Tx, request: Request) -> Response:
    """One entry a tag."""
    tags = (
        _Tag(resource.key[1], resource.KIND, key, value)
        for resource in _candidates(tx, request)
        for key, value in resource.tags
    )
    kept = sift(tags, request, lambda name: name in FILTERS or name.startswith("tag:"), _values)
    shown, token = page(kept, request)
    return {
        "Tags": [{"Key": tag.key, "ResourceId": tag.id, "ResourceType": tag.type, "Value": tag.value} for tag in shown],
        "NextToken": token,
    }


def _values(tag: _Tag, name: str) -> list[str]:
    if name.startswith("tag:"):
        return [tag.value] if tag.key == name[4:] else []
    return [getattr(tag, FILTERS[name])]


def _candidates(tx: Tx, request: Request) -> Iterable[Entity]:
    """Where the search begins: the resources that a filter names, or all of this home."""
    for one in request.get("Filters") or ():
        values = one.get("Values") or ()
        if one.get("Name") == "resource-id" and values and not any(WILD.intersection(value) for value in values):
            pairs = ((_kind_of(value), value) for value in dict.fromkeys(values))
            return [entity for kind, value in pairs if kind and (entity := tx.own(kind, value))]
    return (entity for kind in TAGGABLE.values() for entity in tx.mine(kind))
