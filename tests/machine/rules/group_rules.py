"""The rules of security groups (facts 121 to 129)."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Group, Match, World

NAMES = {"6": "tcp", "17": "udp", "1": "icmp"}


def _matches(why: Why, world: World, group: Group | None, egress: bool, asked: list[dict[str, Any]]) -> list[Match]:
    """One rule for each source that the permissions name."""
    found: list[Match] = []
    for permission in asked:
        protocol = permission["IpProtocol"].lower()
        protocol = NAMES.get(protocol, protocol)
        ports = None
        if protocol != "-1":
            ports = permission["FromPort"], permission["ToPort"]
            if protocol in ("tcp", "udp"):
                why.when(not 0 <= ports[0] <= ports[1] <= 65535, "InvalidParameterValue")
        found += [Match(egress, protocol, ports, **source) for source in _sources(why, world, group, permission)]
    why.when(len(set(found)) != len(found), "InvalidParameterValue")
    return found


def _sources(why: Why, world: World, group: Group | None, permission: dict[str, Any]) -> Iterator[dict[str, str]]:
    ranges, pairs = permission.get("IpRanges", []), permission.get("UserIdGroupPairs", [])
    ranges6, lists = permission.get("Ipv6Ranges", []), permission.get("PrefixListIds", [])
    why.when(not ranges and not pairs and not ranges6 and not lists, "MissingParameter")
    for one in ranges6:
        if block6 := why.network6(one["CidrIpv6"]):
            yield {"block": str(block6)}
    for one in lists:
        if known := why.find(world.lists, one["PrefixListId"], "InvalidPrefixListId.NotFound"):
            yield {"list": known.id}
    for one in ranges:
        if block := why.network(one["CidrIp"]):
            yield {"block": str(block)}
    for one in pairs:
        other = why.find(world.groups, one["GroupId"], "InvalidGroup.NotFound")
        if other and group:
            why.when(other.vpc != group.vpc, "InvalidGroup.NotFound")
        if other:
            yield {"group": other.id}


def fits(world: World, rules: Sequence[Match]) -> bool:
    """Whether a direction's rules are within the quota: IPv4 and IPv6 apart, references in both (facts 115, 121)."""
    four = six = 0
    for one in rules:
        four += world.lists[one.list].most if one.list else int(one.source != "IPv6")
        six += one.source in ("IPv6", "group")
    return max(four, six) <= world.quotas["rules"]


CODES = ("InvalidGroup.NotFound", "InvalidPrefixListId.NotFound", "InvalidParameterValue", "MissingParameter")


def _authorize(world: World, asked: Asked, *, egress: bool) -> Answer:
    """All of the rules, or none of them."""
    why = Why()
    group = why.find(world.groups, asked["GroupId"], "InvalidGroup.NotFound")
    wanted = _matches(why, world, group, egress, asked["IpPermissions"])
    if group:
        beside = [rule for rule in group.rules.values() if rule.egress is egress]
        why.when(any(rule in beside for rule in wanted), "InvalidPermission.Duplicate")
        why.when(not fits(world, [*beside, *wanted]), "RulesPerSecurityGroupLimitExceeded")
    why.stop()
    assert group
    told = []
    for rule in wanted:
        id_ = world.new("sgr")
        group.rules[id_] = rule
        told.append({"SecurityGroupRuleId": id_, "GroupId": group.id, "IsEgress": egress})
    return {"Return": True, "SecurityGroupRules": told}


@operation("AuthorizeSecurityGroupIngress", *CODES, "InvalidPermission.Duplicate", "RulesPerSecurityGroupLimitExceeded")
def authorize_security_group_ingress(world: World, asked: Asked) -> Answer:
    """Rules about what comes in."""
    return _authorize(world, asked, egress=False)


@operation("AuthorizeSecurityGroupEgress", *CODES, "InvalidPermission.Duplicate", "RulesPerSecurityGroupLimitExceeded")
def authorize_security_group_egress(world: World, asked: Asked) -> Answer:
    """Rules about what goes out."""
    return _authorize(world, asked, egress=True)


def _revoke(world: World, asked: Asked, *, egress: bool) -> Answer:
    """By id, or by what the rule says; if one does not exist none is revoked (fact 128)."""
    why = Why()
    group = why.find(world.groups, asked["GroupId"], "InvalidGroup.NotFound")
    gone: list[str] = []
    if "SecurityGroupRuleIds" in asked:
        gone = asked["SecurityGroupRuleIds"]
        if group:
            there = [id_ for id_, rule in group.rules.items() if rule.egress is egress]
            why.when(any(id_ not in there for id_ in gone), "InvalidSecurityGroupRuleId.NotFound")
    else:
        wanted = _matches(why, world, group, egress, asked["IpPermissions"])
        if group:
            ids = {rule: id_ for id_, rule in group.rules.items()}
            why.when(any(rule not in ids for rule in wanted), "InvalidPermission.NotFound")
            gone = [ids[rule] for rule in wanted if rule in ids]
    why.stop()
    assert group
    for id_ in gone:
        del group.rules[id_]
        world.tags.pop(id_, None)
    return {"Return": True}


REVOKE = (*CODES, "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound")


@operation("RevokeSecurityGroupIngress", *REVOKE)
def revoke_security_group_ingress(world: World, asked: Asked) -> Answer:
    """Rules about what comes in."""
    return _revoke(world, asked, egress=False)


@operation("RevokeSecurityGroupEgress", *REVOKE)
def revoke_security_group_egress(world: World, asked: Asked) -> Answer:
    """Rules about what goes out."""
    return _revoke(world, asked, egress=True)


@operation(
    "ModifySecurityGroupRules",
    *CODES,
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidPermission.Duplicate",
    "RulesPerSecurityGroupLimitExceeded",
)
def modify_security_group_rules(world: World, asked: Asked) -> Answer:
    """One rule says something else from now on, about a source of the same kind (fact 129)."""
    why, (update,) = Why(), asked["SecurityGroupRules"]
    group = why.find(world.groups, asked["GroupId"], "InvalidGroup.NotFound")
    old = group.rules.get(update["SecurityGroupRuleId"]) if group else None
    if group:
        why.when(old is None, "InvalidSecurityGroupRuleId.NotFound")
    said = update["SecurityGroupRule"]
    wanted = _matches(why, world, group, bool(old and old.egress), [_as_permission(said)])
    kinds = [kind for name, kind in KINDS.items() if name in said]
    if old and kinds:
        why.when(kinds != [old.source], "InvalidParameterValue")
    if group and old and wanted:
        rest = [rule for rule in group.rules.values() if rule.egress is old.egress and rule is not old]
        why.when(wanted[0] in rest, "InvalidPermission.Duplicate")
        why.when(not fits(world, [*rest, *wanted]), "RulesPerSecurityGroupLimitExceeded")
    why.stop()
    assert group
    group.rules[update["SecurityGroupRuleId"]] = wanted[0]
    return {"Return": True}


KINDS = {"CidrIpv4": "IPv4", "CidrIpv6": "IPv6", "ReferencedGroupId": "group", "PrefixListId": "list"}
"""The members that name a source, and what kind of source (see Match)."""


def _as_permission(said: dict[str, Any]) -> dict[str, Any]:
    """The same words as those of the calls that make rules."""
    members = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
        "PrefixListId": ("PrefixListIds", "PrefixListId"),
    }
    named = {many: [{one: said[name]}] for name, (many, one) in members.items() if name in said}
    return {**said, **named}
