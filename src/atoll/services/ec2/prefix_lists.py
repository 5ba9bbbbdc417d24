"""Managed prefix lists as they are read: a user's own and AWS's (facts 115, 121). Changes: prefix_list_changes."""

from collections.abc import Callable
from typing import Any

from atoll.model import aws_prefix_lists
from atoll.model.kinds import PrefixList, PrefixListEntry, SecurityGroupRule, VpcRoute
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import arn, invalid
from atoll.services.ec2.describe import Filters, answer, describe, page, select
from atoll.services.ec2.lookup import WORDS, need
from atoll.services.ec2.tags import tags_of
from atoll.services.registry import Request, Response, operation


def find(tx: Tx, id: str) -> PrefixList:  # noqa: A002 - AWS's word
    """The list of that id, AWS's or this account's; AWS's error otherwise."""
    return aws_prefix_lists.by_id(tx.region, id) or need(tx, PrefixList, id)


def find_managed(tx: Tx, id: str) -> PrefixList:  # noqa: A002 - AWS's word
    """The same for the operations on managed lists, which spell their code in another way.

    Terraform's provider waits for that spelling to see that a list is gone, and for the other one from
    DescribePrefixLists (terraform-provider-aws, internal/service/ec2/find.go).
    """
    try:
        return find(tx, id)
    except AwsError as error:
        if error.code == WORDS[PrefixList].not_found:
            raise AwsError("InvalidPrefixListID.NotFound", error.message) from error
        raise


def is_aws(mine: PrefixList) -> bool:
    """Whether nobody but AWS can change it."""
    return mine.account == aws_prefix_lists.OWNER


def check_reference(tx: Tx, id: str) -> PrefixList:  # noqa: A002 - AWS's word
    """The list that a rule or a route is to refer to; a list has a quota of references."""
    mine = find(tx, id)
    references = tx.count(SecurityGroupRule, "prefix_list", id) + tx.count(VpcRoute, "prefix_list", id)
    if not is_aws(mine) and references >= tx.limit("prefix-list-references"):
        raise AwsError("ResourceLimitExceeded", f"The maximum number of references to {id} has been reached.")
    return mine


def counts(tx: Tx, id: str, family: int) -> int:  # noqa: A002 - AWS's word
    """What a reference counts towards a quota of one family (facts 115, 121)."""
    mine = find(tx, id)
    return mine.counts if mine.family == family else 0


def entries(tx: Tx, mine: PrefixList, version: int | None = None) -> list[PrefixListEntry]:
    """The entries of its current version, or of an older one that is still kept."""
    if is_aws(mine):
        return list(aws_prefix_lists.entries(tx.region, mine.id))
    if version is None or version == mine.version:
        return tx.by(PrefixListEntry, "in_force", mine.id)
    check_version(tx, mine, version, "targetVersion")
    every = tx.by(PrefixListEntry, "list", mine.id)
    return [one for one in every if one.added <= version and (one.removed is None or version < one.removed)]


def check_version(tx: Tx, mine: PrefixList, version: int, parameter: str) -> None:
    """The newest versions are kept, up to a quota."""
    oldest = max(1, mine.version - tx.limit("prefix-list-versions") + 1)
    if not oldest <= version <= mine.version:
        raise invalid(version, parameter, f"The versions of {mine.id} are {oldest} to {mine.version}.")


def references(tx: Tx, id: str) -> list[str]:  # noqa: A002 - AWS's word
    """The security groups and route tables of this home that refer to a list."""
    rules = [rule.owner for rule in tx.by(SecurityGroupRule, "prefix_list", id) if rule.home == tx.home]
    routes = [route.route_table for route in tx.by(VpcRoute, "prefix_list", id) if route.home == tx.home]
    return list(dict.fromkeys([*rules, *routes]))


FILTERS: Filters[PrefixList] = {
    "owner-id": lambda _tx, mine: [mine.account],
    "prefix-list-id": lambda _tx, mine: [mine.id],
    "prefix-list-name": lambda _tx, mine: [mine.name],
}


def _candidates(tx: Tx, request: Request, find_one: Callable[[Tx, str], PrefixList]) -> list[PrefixList]:
    if request.get("PrefixListIds"):
        return [find_one(tx, id_) for id_ in dict.fromkeys(request["PrefixListIds"])]
    return [*aws_prefix_lists.lists(tx.region), *tx.mine(PrefixList)]


@operation("DescribeManagedPrefixLists", "PrefixListIds Filters MaxResults NextToken")
def describe_managed_prefix_lists(tx: Tx, request: Request) -> Response:
    """AWS's lists and this account's own."""
    found = _candidates(tx, request, find_managed)
    return describe(tx, request, found, FILTERS, "PrefixLists", shown, least=1, most=100)


@operation("DescribePrefixLists", "PrefixListIds Filters MaxResults NextToken")
def describe_prefix_lists(tx: Tx, request: Request) -> Response:
    """AWS's lists, with their blocks."""
    known = {name: values for name, values in FILTERS.items() if name != "owner-id"}
    mine = [one for one in _candidates(tx, request, find) if is_aws(one)]
    found, token = page(select(tx, mine, request, known), request)
    return answer("PrefixLists", (_shown_service(tx, one) for one in found), token)


def _shown_service(tx: Tx, mine: PrefixList) -> dict[str, Any]:
    blocks = [str(entry.cidr) for entry in entries(tx, mine)]
    return {"Cidrs": blocks, "PrefixListId": mine.id, "PrefixListName": mine.name}


@operation("GetManagedPrefixListEntries", "PrefixListId TargetVersion MaxResults NextToken")
def get_managed_prefix_list_entries(tx: Tx, request: Request) -> Response:
    """The entries of one version."""
    mine = find_managed(tx, request["PrefixListId"])
    found, token = page(entries(tx, mine, request.get("TargetVersion")), request, least=1, most=100)
    return answer("Entries", ({"Cidr": str(one.cidr), "Description": one.description} for one in found), token)


@operation("GetManagedPrefixListAssociations", "PrefixListId MaxResults NextToken")
def get_managed_prefix_list_associations(tx: Tx, request: Request) -> Response:
    """Who refers to a list."""
    mine = find_managed(tx, request["PrefixListId"])
    found, token = page(references(tx, mine.id), request, most=255)
    shown_ones = ({"ResourceId": one, "ResourceOwner": tx.account} for one in found)
    return answer("PrefixListAssociations", shown_ones, token)


def shown(_tx: Tx, mine: PrefixList) -> Response:
    """As Describe shows it. AWS says neither size nor version of its own lists."""
    common = {
        "PrefixListId": mine.id,
        "AddressFamily": f"IPv{mine.family}",
        "State": mine.state,
        "StateMessage": mine.message,
        "PrefixListName": mine.name,
        "Tags": tags_of(mine),
        "OwnerId": mine.account,
    }
    if is_aws(mine):
        return common | {"PrefixListArn": f"arn:aws:ec2:{mine.region}:aws:prefix-list/{mine.id}"}
    return common | {
        "PrefixListArn": arn(mine, mine.id),
        "MaxEntries": mine.max_entries,
        "Version": mine.version,
    }
