"""A prefix list is a set: its entries in force are the members that rules and routes ask for."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model import aws_prefix_lists
from atoll.model.kinds import PrefixListEntry
from atoll.model.regions import REGIONS
from atoll.packet import Prefix
from atoll.plan.rows import Member, Row
from atoll.records import View


def member(_view: View, entry: PrefixListEntry) -> Iterable[Row]:
    """An entry of the current version; those of older versions are remembered, and mean nothing to packets."""
    if entry.removed is None:
        yield _member(entry)


def constants() -> Iterable[Row]:
    """The members of AWS's own lists."""
    for region in REGIONS:
        for mine in aws_prefix_lists.lists(region):
            yield from map(_member, aws_prefix_lists.entries(region, mine.id))


def blocks(view: View, region: str, id: str) -> list[Prefix]:  # noqa: A002 - AWS's word
    """The blocks of a list, AWS's or a user's."""
    if aws_prefix_lists.by_id(region, id) is not None:
        return [entry.cidr for entry in aws_prefix_lists.entries(region, id)]
    return [entry.cidr for entry in view.by(PrefixListEntry, "in_force", id)]


def _member(entry: PrefixListEntry) -> Member:
    return Member(set=entry.list, prefix=entry.cidr, origin=(entry.list,))


PASSES = (of(PrefixListEntry, member),)
