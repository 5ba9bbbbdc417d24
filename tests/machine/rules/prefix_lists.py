"""Managed prefix lists in rules (facts 115, 121): versions, and what they weigh.

AWS goes on after it has answered: the answer says what is in progress, the next look what came of it.
"""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.group_rules import fits
from tests.machine.rules.world import PrefixList, World

MOST = 1000


def _blocks(why: Why, asked: list[dict[str, str]]) -> list[str]:
    found = [str(block) for one in asked if (block := why.network(one["Cidr"]))]
    why.when(len(set(found)) != len(found), "InvalidParameterValue")
    return found


@operation("CreateManagedPrefixList", "InvalidParameterValue", "ResourceLimitExceeded")
def create_managed_prefix_list(world: World, asked: Asked) -> Answer:
    """At version 1, with no more entries than it may hold."""
    why, most = Why(), asked["MaxEntries"]
    entries = _blocks(why, asked.get("Entries", []))
    why.when(not 1 <= most <= MOST or len(entries) > most, "InvalidParameterValue")
    why.when(len(world.lists) >= world.quotas["lists"], "ResourceLimitExceeded")
    why.stop()
    made = PrefixList(world.new("pl"), asked["PrefixListName"], most, entries)
    world.lists[made.id] = made
    told = {"PrefixListId": made.id, "State": "create-in-progress", "Version": 1, "MaxEntries": most}
    return {"PrefixList": told}


@operation(
    "ModifyManagedPrefixList", "InvalidPrefixListID.NotFound", "PrefixListVersionMismatch", "InvalidParameterValue"
)
def modify_managed_prefix_list(world: World, asked: Asked) -> Answer:
    """Entries come and go in a new version; a larger size fails afterwards where a rule has no room for it."""
    why = Why()
    found = why.find(world.lists, asked["PrefixListId"], "InvalidPrefixListID.NotFound")
    added, gone = _blocks(why, asked.get("AddEntries", [])), _blocks(why, asked.get("RemoveEntries", []))
    if found:
        why.when(asked.get("CurrentVersion", found.version) != found.version, "PrefixListVersionMismatch")
        wrong = [*(one for one in added if one in [*found.entries, *gone])]
        wrong += [one for one in gone if one not in found.entries]
        left = [one for one in found.entries if one not in gone] + added
        why.when(bool(wrong) or len(left) > found.most, "InvalidParameterValue")
        size = asked.get("MaxEntries", found.most)
        why.when(not max(1, len(left)) <= size <= MOST, "InvalidParameterValue")
    why.stop()
    assert found
    found.state = "modify-complete"
    if added or gone:
        found.entries, found.version = left, found.version + 1
    before, found.most = found.most, size
    if size > before and not _everybody_fits(world, found):
        found.state, found.most = "modify-failed", before
    return {"PrefixList": {"PrefixListId": found.id, "State": "modify-in-progress", "Version": found.version}}


def _everybody_fits(world: World, found: PrefixList) -> bool:
    users = [group for group in world.groups.values() if any(rule.list == found.id for rule in group.rules.values())]
    ways = [[rule for rule in one.rules.values() if rule.egress is way] for one in users for way in (True, False)]
    return all(fits(world, rules) for rules in ways)


@operation("DeleteManagedPrefixList", "InvalidPrefixListID.NotFound")
def delete_managed_prefix_list(world: World, asked: Asked) -> Answer:
    """It fails afterwards while a rule names it."""
    why = Why()
    found = why.find(world.lists, asked["PrefixListId"], "InvalidPrefixListID.NotFound")
    why.stop()
    assert found
    if any(rule.list == found.id for group in world.groups.values() for rule in group.rules.values()):
        found.state = "delete-failed"
    else:
        del world.lists[found.id]
    return {"PrefixList": {"PrefixListId": found.id, "State": "delete-in-progress"}}
