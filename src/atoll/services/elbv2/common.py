"""What the operations of Elastic Load Balancing share: names, look-ups by ARN, pages, tags, and AWS's words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from atoll.model.entity import Entity, Tags
from atoll.model.kinds import Listener, LoadBalancer, TargetGroup
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, violation
from atoll.services.registry import Request, Response

T = TypeVar("T")
R = TypeVar("R", LoadBalancer, TargetGroup, Listener)

NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
LONGEST_NAME = 32
MOST_TAGS = 50
LARGEST_PAGE = 400

NOT_FOUND: Mapping[type[Entity], tuple[str, str]] = {
    LoadBalancer: ("LoadBalancerNotFound", "One or more load balancers not found"),
    TargetGroup: ("TargetGroupNotFound", "One or more target groups not found"),
    Listener: ("ListenerNotFound", "One or more listeners not found"),
}
"""Codes: botocore; texts: fact 170."""

SECTIONS = {LoadBalancer: "loadbalancer", TargetGroup: "targetgroup", Listener: "listener"}


def refused(message: str) -> AwsError:
    """ValidationError: AWS's word for what the request itself shows to be wrong."""
    return AwsError(QUERY, message)


def unfit(message: str) -> AwsError:
    """InvalidConfigurationRequest: each part is right, and they do not go together."""
    return AwsError("InvalidConfigurationRequest", message)


def missing(kind: type[Entity]) -> AwsError:
    """AWS's error for one that there is not."""
    return AwsError(*NOT_FOUND[kind])


def need(tx: Tx, kind: type[R], arn: str) -> R:
    """The entity of that ARN in this account and region; ValidationError for an ARN of something else."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[:3] != ["arn", "aws", "elasticloadbalancing"]:
        raise refused(f"'{arn}' is not a valid {_noun(kind)} ARN")
    section, _, rest = parts[5].partition("/")
    if section != SECTIONS[kind]:
        raise refused(f"'{arn}' is not a valid {_noun(kind)} ARN")
    found = tx.own(kind, rest.rpartition("/")[2])
    if found is None or found.arn != arn:
        raise missing(kind)
    return found


def need_named(tx: Tx, kind: type[R], name: str) -> R:
    """The entity of that name in this account and region: a load balancer or a target group."""
    found = tx.only(kind, "name_in", f"{tx.home}/{name}")
    if found is None:
        raise missing(kind)
    return found


def _noun(kind: type[Entity]) -> str:
    return {LoadBalancer: "load balancer", TargetGroup: "target group", Listener: "listener"}[kind]


def check_name(noun: str, name: str) -> str:
    """A name that AWS allows (fact 164)."""
    if len(name) > LONGEST_NAME:
        raise refused(f"{noun} name '{name}' cannot be longer than '{LONGEST_NAME}' characters")
    if not NAME.fullmatch(name):
        raise refused(
            f"{noun} name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise refused(f"{noun} name '{name}' cannot begin or end with '-'")
    return name


def new_id(tx: Tx) -> str:
    """Sixteen hexadecimal digits, as the last part of ARNs has them (fact 169)."""
    return tx.new_id("")[1:17]


def page(items: Sequence[T], request: Request) -> tuple[list[T], Response]:
    """One page, and NextMarker where there is more."""
    size, marker = request.get("PageSize", LARGEST_PAGE), request.get("Marker")
    if not 1 <= size <= LARGEST_PAGE:
        raise violation(QUERY, "pageSize", size, f"have value between 1 and {LARGEST_PAGE}")
    start = 0
    if marker:
        if not marker.isascii() or not marker.isdecimal() or len(marker) > 9 or int(marker) > len(items):
            raise refused("Invalid marker")
        start = int(marker)
    end = start + size
    return list(items[start:end]), {"NextMarker": str(end)} if end < len(items) else {}


def tags_with(before: Tags, added: Iterable[Mapping[str, Any]]) -> Tags:
    """The tags after adding some; a key that exists gets its new value."""
    tags = dict(before)
    named: set[str] = set()
    for number, tag in enumerate(added, 1):
        key, value = tag["Key"], tag.get("Value") or ""
        if not 1 <= len(key) <= 128:
            raise violation(QUERY, f"tags.{number}.member.key", key[:140], "have length from 1 to 128")
        if len(value) > 256:
            raise violation(QUERY, f"tags.{number}.member.value", value[:260], "have length less than or equal to 256")
        if key.lower().startswith("aws:"):
            raise refused(f"Tag keys that begin with aws: are reserved: {key}")
        if key in named:
            raise AwsError("DuplicateTagKeys", f"A tag key was specified more than once: {key}")
        named.add(key)
        tags[key] = value
    if len(tags) > MOST_TAGS:
        raise AwsError("TooManyTags", f"The quota of {MOST_TAGS} tags a resource has been reached")
    return tuple(tags.items())
