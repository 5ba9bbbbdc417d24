"""AWS's own prefix lists, which every region has: stable ids, and blocks that are examples (docs/modelling.md)."""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from atoll.model.kinds import PrefixList, PrefixListEntry
from atoll.packet import Prefix

OWNER = "AWS"


class Published(NamedTuple):
    """A list as AWS publishes it: its name, what a reference counts (fact 121), its blocks."""

    name: str
    weight: int
    blocks: tuple[str, ...]


PUBLISHED = (
    Published("com.amazonaws.{region}.s3", 1, ("3.5.0.0/19", "16.182.0.0/16", "52.216.0.0/15", "54.231.0.0/16")),
    Published("com.amazonaws.{region}.dynamodb", 1, ("3.218.180.0/22", "52.94.0.0/22", "52.119.224.0/20")),
    Published(
        "com.amazonaws.global.cloudfront.origin-facing",
        55,
        ("13.124.199.0/24", "15.158.0.0/16", "52.46.0.0/18", "64.252.64.0/18", "130.176.0.0/17", "204.246.166.0/24"),
    ),
)


@lru_cache
def lists(region: str) -> tuple[PrefixList, ...]:
    """The lists of a region."""
    return tuple(_list(region, one) for one in PUBLISHED)


def _list(region: str, one: Published) -> PrefixList:
    name = one.name.format(region=region)
    digest = hashlib.sha256(f"{region}/{name}".encode()).hexdigest()
    return PrefixList(
        id=f"pl-{digest[:8]}",
        home=f"{OWNER}/{region}",
        name=name,
        family=4,
        max_entries=len(one.blocks),
        weight=one.weight,
    )


def by_id(region: str, id: str) -> PrefixList | None:  # noqa: A002 - AWS's word
    """The list of that id, if AWS has one."""
    return next((one for one in lists(region) if one.id == id), None)


@lru_cache
def entries(region: str, id: str) -> tuple[PrefixListEntry, ...]:  # noqa: A002 - AWS's word
    """Its blocks."""
    found = zip(lists(region), PUBLISHED, strict=True)
    return tuple(
        PrefixListEntry(home=mine.home, list=mine.id, cidr=Prefix.parse(block), added=1)
        for mine, one in found
        if mine.id == id
        for block in one.blocks
    )
