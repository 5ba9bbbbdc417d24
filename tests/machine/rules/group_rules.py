"""The rules of security groups (facts 121 to 129)."""

from collections.abc import Iterator
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
    why.when(not ranges and not pairs, "MissingParameter")
    for one in ranges:
        if block := why.network(one["CidrIp"]):
            yield {"block": str(block)}
    for one in pairs:
        other = why.find(world.groups, one["GroupId"], "InvalidGroup.NotFound")
        if other and group:
            why.when(other.vpc != group.vpc, "InvalidGroup.NotFound")
        if other:
            yield {"group": other.id}


CODES = ("InvalidGroup.NotFound", "InvalidParameterValue", "MissingParameter")


def _authorize(world: World, asked: Asked, *, egress: bool) -> Answer:
    """All of the rules, or none of them."""
    why = Why()
    group = why.find(world.groups, asked["GroupId"], "InvalidGroup.NotFound")
    wanted = _matches(why, world, group, egress, asked["IpPermissions"])
    if group:
        beside = [rule for rule in group.rules.values() if rule.egress is egress]
        why.when(any(rule in beside for rule in wanted), "InvalidPermission.Duplicate")
        why.when(len(beside) + len(wanted) > world.quotas["rules"], "RulesPerSecurityGroupLimitExceeded")
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
