"""What IAM's operations share: names, paths, tags, documents, look-ups and pages."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from atoll.model.entity import Entity, Tags
from atoll.model.kinds import InstanceProfile, Policy, Role
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_number, check_pattern, violation
from atoll.services.identity import global_home
from atoll.services.registry import Request, Response

T = TypeVar("T")

NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
PATH = re.compile(r"(\x2F)|(\x2F[\x21-\x7E]+\x2F)")
MAX_TAGS = 50
MAX_DOCUMENT = {Role: 2048, Policy: 6144}
"""Characters other than white space (AWS's quotas: a trust policy, a managed policy)."""


def home(tx: Tx) -> str:
    """Where this account's records are."""
    return global_home(tx.account)


def not_found(message: str) -> AwsError:
    """NoSuchEntity."""
    return AwsError("NoSuchEntity", message, 404)


def exists(message: str) -> AwsError:
    """EntityAlreadyExists."""
    return AwsError("EntityAlreadyExists", message, 409)


def conflict(first: str) -> AwsError:
    """DeleteConflict."""
    return AwsError("DeleteConflict", f"Cannot delete entity, must {first} first.", 409)


def limit(message: str) -> AwsError:
    """LimitExceeded."""
    return AwsError("LimitExceeded", message, 409)


def name_of(request: Request, member: str, longest: int) -> str:
    """A name of the right form."""
    return check_pattern(QUERY, member[0].lower() + member[1:], request[member], NAME, longest)


def path_of(request: Request) -> str:
    """The path of something new: / unless it says so."""
    given = request.get("Path")
    return "/" if given is None else check_pattern(QUERY, "path", given, PATH, 512)


def need_role(tx: Tx, request: Request) -> Role:
    """The role that RoleName names."""
    name = name_of(request, "RoleName", 64)
    found = tx.get(Role, home(tx), name.lower())
    if found is None or found.name != name:
        raise not_found(f"The role with name {name} cannot be found.")
    return found


def need_profile(tx: Tx, request: Request) -> InstanceProfile:
    """The instance profile that InstanceProfileName names."""
    name = name_of(request, "InstanceProfileName", 128)
    found = tx.get(InstanceProfile, home(tx), name.lower())
    if found is None or found.name != name:
        raise not_found(f"Instance Profile {name} cannot be found.")
    return found


def arn(entity: Role | Policy | InstanceProfile) -> str:
    """The ARN of a record."""
    noun = {Role: "role", Policy: "policy", InstanceProfile: "instance-profile"}[type(entity)]
    return f"arn:aws:iam::{entity.account}:{noun}{entity.path}{entity.name}"


def document_of(request: Request, member: str, longest: int) -> str:
    """A policy document: JSON with statements. What the statements say is nobody's business here."""
    text: str = request[member]
    if not text:
        raise violation(QUERY, member[0].lower() + member[1:], "", "have length greater than or equal to 1")
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from None
    if not isinstance(read, dict) or not isinstance(read.get("Statement"), dict | list):
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.")
    size = len("".join(text.split()))
    if size > longest:
        raise limit(f"Cannot exceed quota for policy size: {longest}")
    return text


def encoded(document: str) -> str:
    """A document as IAM answers it: percent-encoded (RFC 3986), which SDKs and Terraform undo."""
    return quote(document, safe="")


def tags_with(before: Tags, added: Iterable[Mapping[str, Any]]) -> Tags:
    """The tags after adding some; a key that exists, whatever its case, gets its new value."""
    tags = {key.lower(): (key, value) for key, value in before}
    named: set[str] = set()
    for number, tag in enumerate(added, 1):
        key, value = tag["Key"], tag["Value"]
        if not 1 <= len(key) <= 128:
            raise violation(QUERY, f"tags.{number}.member.key", key[:140], "have length from 1 to 128")
        if len(value) > 256:
            raise violation(QUERY, f"tags.{number}.member.value", value[:260], "have length less than or equal to 256")
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidInput", "Caller is not an IAM service: tags that begin with aws: are reserved.")
        if key.lower() in named:
            raise AwsError("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        named.add(key.lower())
        tags[key.lower()] = (key, value)
    if len(tags) > MAX_TAGS:
        raise limit(f"The number of tags has reached the maximum limit: {MAX_TAGS}.")
    return tuple(tags.values())


def tags_without(before: Tags, keys: Iterable[str]) -> Tags:
    """The tags after removing some."""
    gone = {key.lower() for key in keys}
    return tuple((key, value) for key, value in before if key.lower() not in gone)


def shown_tags(entity: Entity) -> list[dict[str, str]]:
    """As answers show them."""
    return [{"Key": key, "Value": value} for key, value in entity.tags]


def page(items: Sequence[T], request: Request) -> tuple[list[T], Response]:
    """One page of a List, and the members that say whether there is more."""
    size = check_number(QUERY, "maxItems", request.get("MaxItems", 100), 1, 1000)
    marker = request.get("Marker")
    start = 0
    if marker is not None:
        if not marker.isascii() or not marker.isdecimal() or len(marker) > 9 or int(marker) > len(items):
            raise AwsError(QUERY, f"Invalid Marker. {marker[:100]}")
        start = int(marker)
    end = start + size
    more = end < len(items)
    return list(items[start:end]), {"IsTruncated": more, **({"Marker": str(end)} if more else {})}


def under(items: Iterable[T], paths: Iterable[str], request: Request) -> list[T]:
    """The items whose path begins with the PathPrefix."""
    prefix = request.get("PathPrefix") or "/"
    return [item for item, path in zip(items, paths, strict=True) if path.startswith(prefix)]
