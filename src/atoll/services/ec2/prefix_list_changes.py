"""Changes of managed prefix lists (fact 115). A change of the entries makes a version; packets obey the newest.

AWS works on a list after it has answered, and tells failures by the list's state; the answers say "in progress" here
as well, and the next Describe shows what came of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import PrefixList, PrefixListEntry, RouteTable, SecurityGroup
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import routes, security_group_rules
from atoll.services.ec2.checks import block, invalid, missing
from atoll.services.ec2.prefix_lists import check_version, entries, find, find_managed, is_aws, references, shown
from atoll.services.ec2.tags import on_creation
from atoll.services.registry import Request, Response, operation

MOST_ENTRIES_A_CALL = 100
LONGEST = 255
FAMILIES = {"IPv4": 4, "IPv6": 6}
SHOWN_RESOURCES = 10
Blocks = dict[Prefix, str | None]
"""Blocks and their descriptions."""


@operation("CreateManagedPrefixList", "PrefixListName Entries MaxEntries AddressFamily ClientToken TagSpecifications")
def create_managed_prefix_list(tx: Tx, request: Request) -> Response:
    """A list, at version 1."""
    family = FAMILIES.get(request["AddressFamily"])
    if family is None:
        raise invalid(request["AddressFamily"], "addressFamily", "Specify IPv4 or IPv6.")
    size = _size(tx, request["MaxEntries"])
    blocks = _blocks(request.get("Entries"), family, "entries")
    if tx.count(PrefixList, "home", tx.home) >= tx.limit("prefix-lists-per-region"):
        raise AwsError("ResourceLimitExceeded", "The maximum number of prefix lists has been reached.")
    mine = PrefixList(
        id=tx.new_id("pl"),
        home=tx.home,
        name=_name(request["PrefixListName"]),
        family=family,
        max_entries=size,
        tags=on_creation(tx, request, "prefix-list"),
    )
    tx.put(mine)
    _add(tx, mine, blocks)
    return _under_way(tx, mine, "create-in-progress")


@operation("ModifyManagedPrefixList", "PrefixListId CurrentVersion PrefixListName AddEntries RemoveEntries MaxEntries")
def modify_managed_prefix_list(tx: Tx, request: Request) -> Response:
    """The name, the size, or the entries: those of one call go before others come."""
    mine = _own(tx, request["PrefixListId"])
    changes = [name for name in ("AddEntries", "RemoveEntries") if request.get(name)]
    size = request.get("MaxEntries")
    if changes and size is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
        )
    _check_current(mine, request.get("CurrentVersion"))
    if request.get("PrefixListName") is not None:
        mine = replace(mine, name=_name(request["PrefixListName"]))
    elif not changes and size is None:
        raise missing("prefixListName, addEntries, removeEntries or maxEntries")
    tx.put(replace(mine, state="modify-complete", message=None))
    if changes:
        _change_entries(tx, mine, request)
    elif size is not None:
        _resize(tx, mine, _size(tx, size))
    return _under_way(tx, mine, "modify-in-progress")


@operation("RestoreManagedPrefixListVersion", "PrefixListId PreviousVersion CurrentVersion")
def restore_managed_prefix_list_version(tx: Tx, request: Request) -> Response:
    """The entries of an older version, as a new version."""
    mine = _own(tx, request["PrefixListId"])
    _check_current(mine, request["CurrentVersion"])
    check_version(tx, mine, request["PreviousVersion"], "previousVersion")
    wanted = {one.cidr: one.description for one in entries(tx, mine, request["PreviousVersion"])}
    here = {one.cidr: one for one in entries(tx, mine)}
    added = {cidr: text for cidr, text in wanted.items() if cidr not in here or here[cidr].description != text}
    removed = [one for cidr, one in here.items() if cidr not in wanted or cidr in added]
    _new_version(tx, replace(mine, state="restore-complete", message=None), added, removed)
    return _under_way(tx, mine, "restore-in-progress")


@operation("DeleteManagedPrefixList", "PrefixListId")
def delete_managed_prefix_list(tx: Tx, request: Request) -> Response:
    """A list that is referred to stays, and says who does."""
    mine = _own(tx, request["PrefixListId"])
    users = references(tx, mine.id)
    if users:
        tx.put(replace(mine, state="delete-failed", message=f"The prefix list is in use by {_some(users)}."))
        return _under_way(tx, mine, "delete-in-progress")
    for entry in tx.by(PrefixListEntry, "list", mine.id):
        tx.delete(entry)
    tx.delete(mine)
    return {"PrefixList": shown(tx, replace(mine, state="delete-in-progress", message=None))}


def _own(tx: Tx, id: str) -> PrefixList:  # noqa: A002 - AWS's word
    mine = find_managed(tx, id)
    if is_aws(mine):
        raise AwsError("OperationNotPermitted", f"The prefix list '{id}' is managed by AWS and cannot be changed.")
    return mine


def _under_way(tx: Tx, mine: PrefixList, state: str) -> Response:
    return {"PrefixList": shown(tx, replace(find(tx, mine.id), state=state, message=None))}


def _check_current(mine: PrefixList, version: int | None) -> None:
    if version is not None and version != mine.version:
        raise AwsError("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")


def _name(text: str) -> str:
    if not 1 <= len(text) <= LONGEST:
        raise invalid(text, "prefixListName", f"It has 1 to {LONGEST} characters.")
    if text.startswith("com.amazonaws"):
        raise invalid(text, "prefixListName", "It cannot start with com.amazonaws.")
    return text


def _size(tx: Tx, size: int) -> int:
    most = tx.limit("prefix-list-entries")
    if not 1 <= size <= most:
        raise AwsError("InvalidParameterValue", f"Must specify a max size between 1 and {most}")
    return size


def _blocks(given: Iterable[Mapping[str, Any]] | None, family: int, parameter: str) -> Blocks:
    """The blocks that a request names, each once, host bits cleared."""
    listed = list(given or ())
    if len(listed) > MOST_ENTRIES_A_CALL:
        raise AwsError(
            "InvalidParameterValue",
            f"The number of entries per request cannot exceed the limit ({MOST_ENTRIES_A_CALL}).",
        )
    found: Blocks = {}
    for one in listed:
        text, description = one.get("Cidr") or "", one.get("Description") or None
        prefix = block(text, family)
        if prefix is None:
            raise invalid(text, f"{parameter}.cidr", f"This is not a valid IPv{family} CIDR block.")
        if prefix in found:
            raise invalid(text, f"{parameter}.cidr", "An entry must not appear multiple times.")
        if description is not None and len(description) > LONGEST:
            raise invalid(description, f"{parameter}.description", f"It has at most {LONGEST} characters.")
        found[prefix] = description
    return found


def _change_entries(tx: Tx, mine: PrefixList, request: Request) -> None:
    added = _blocks(request.get("AddEntries"), mine.family, "addEntries")
    gone = _blocks(request.get("RemoveEntries"), mine.family, "removeEntries")
    here = {one.cidr: one for one in entries(tx, mine)}
    for cidr in added:
        if cidr in gone:
            raise invalid(cidr, "addEntries.cidr", "An entry cannot be added and removed in the same request.")
        if cidr in here:
            raise invalid(cidr, "addEntries.cidr", "The prefix list has that entry already. Remove it first.")
    for cidr in gone:
        if cidr not in here:
            raise invalid(cidr, "removeEntries.cidr", "The prefix list has no such entry.")
    _new_version(tx, replace(mine, state="modify-complete", message=None), added, [here[cidr] for cidr in gone])


def _new_version(tx: Tx, mine: PrefixList, added: Blocks, removed: Iterable[PrefixListEntry]) -> None:
    """What the old versions had stays known, but for versions that nobody can ask for any more."""
    mine = replace(mine, version=mine.version + 1)
    tx.put(mine)
    for entry in removed:
        tx.put(replace(entry, removed=mine.version))
    _add(tx, mine, added)
    oldest = mine.version - tx.limit("prefix-list-versions") + 1
    for entry in tx.by(PrefixListEntry, "gone_since", f"{mine.id}/{oldest}"):
        tx.delete(entry)


def _add(tx: Tx, mine: PrefixList, blocks: Blocks) -> None:
    for cidr, description in blocks.items():
        tx.put(PrefixListEntry(home=mine.home, list=mine.id, cidr=cidr, added=mine.version, description=description))
    if tx.count(PrefixListEntry, "in_force", mine.id) > mine.max_entries:
        raise AwsError(
            "InvalidParameterValue",
            f"The prefix list would have more entries than its maximum of {mine.max_entries}. "
            "Raise MaxEntries in a request of its own first.",
        )


def _resize(tx: Tx, mine: PrefixList, size: int) -> None:
    """A larger list must fit everywhere: references count what it may hold (facts 115, 121)."""
    held = tx.count(PrefixListEntry, "in_force", mine.id)
    if size < held:
        raise invalid(size, "maxEntries", f"The prefix list has {held} entries.")
    tx.put(replace(mine, max_entries=size, state="modify-complete", message=None))
    full = [one for one in references(tx, mine.id) if not _fits(tx, one)] if size > mine.max_entries else []
    if full:
        reason = f"These resources do not support the new maximum size: {_some(full)}."
        tx.put(replace(mine, state="modify-failed", message=reason))


def _fits(tx: Tx, resource: str) -> bool:
    group = tx.get(SecurityGroup, resource)
    if group is not None:
        return security_group_rules.fits(tx, group)
    table = tx.get(RouteTable, resource)
    return table is None or routes.fits(tx, table)


def _some(resources: list[str]) -> str:
    return ", ".join(resources[:SHOWN_RESOURCES])
