"""Rules of security groups: authorize, revoke, modify, describe (facts 121-129)."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from atoll.model.entity import Tags
from atoll.model.kinds import SecurityGroup, SecurityGroupRule
from atoll.model.tx import Tx
from atoll.packet import protocol_name
from atoll.protocol import AwsError
from atoll.services.ec2 import prefix_lists, rule_requests
from atoll.services.ec2.checks import arn, missing
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.lookup import ID, need
from atoll.services.ec2.permissions import Wanted, as_wanted, described, shown, wanted
from atoll.services.ec2.security_groups import meant, rules_of
from atoll.services.ec2.tags import on_creation, tags_if_any, tags_of
from atoll.services.registry import Request, Response, operation

FLAT = "IpProtocol FromPort ToPort CidrIp SourceSecurityGroupName"


def _refuse_duplicates(rules: Iterable[Wanted], known: Iterable[SecurityGroupRule]) -> None:
    """A rule that the group has already is refused (fact 127)."""
    have = {as_wanted(rule).identity for rule in known}
    for rule in rules:
        if rule.identity in have:
            raise AwsError(
                "InvalidPermission.Duplicate",
                f'the specified rule "{rule_requests.in_words(rule)}" already exists',
            )


def _counts(tx: Tx, rule: SecurityGroupRule, family: int) -> int:
    """What a rule counts towards the quota of one family (fact 121); a reference to a group counts in both."""
    if rule.prefix_list is not None:
        return prefix_lists.counts(tx, rule.prefix_list, family)
    return int(rule.cidr is None or rule.cidr.family == family)


def _fit(tx: Tx, rules: Iterable[SecurityGroupRule]) -> bool:
    """60 a direction, IPv4 and IPv6 apart (quotas table)."""
    mine = list(rules)
    most = tx.limit("rules-per-security-group")
    return all(sum(_counts(tx, rule, family) for rule in mine) <= most for family in (4, 6))


def fits(tx: Tx, group: SecurityGroup) -> bool:
    """Whether the group's rules are within the quota."""
    return all(_fit(tx, _of_direction(tx, group, egress)) for egress in (False, True))


def _check_quota(tx: Tx, rules: Iterable[SecurityGroupRule]) -> None:
    if not _fit(tx, rules):
        raise AwsError(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )


def _of_direction(tx: Tx, group: SecurityGroup, egress: bool) -> list[SecurityGroupRule]:
    return [rule for rule in rules_of(tx, group) if rule.egress == egress]


def _stored(group: SecurityGroup, id: str, egress: bool, rule: Wanted, tags: Tags) -> SecurityGroupRule:  # noqa: A002
    return SecurityGroupRule(
        id=id,
        home=group.home,
        tags=tags,
        owner=group.id,
        egress=egress,
        protocol=rule.protocol,
        low=rule.low,
        high=rule.high,
        cidr=rule.cidr,
        peer_group=rule.group,
        peer_account=group.account if rule.group else None,
        prefix_list=rule.prefix_list,
        description=rule.description,
    )


def _authorize(tx: Tx, request: Request, *, egress: bool) -> Response:
    group = meant(tx, request)
    asked = wanted(tx, group, rule_requests.permissions(request))
    known = _of_direction(tx, group, egress)
    _refuse_duplicates(asked, known)
    tags = on_creation(tx, request, "security-group-rule")
    for one in asked:
        if one.prefix_list is not None:
            prefix_lists.check_reference(tx, one.prefix_list)
    made = [_stored(group, tx.new_id("sgr"), egress, rule, tags) for rule in asked]
    _check_quota(tx, known + made)
    for rule in made:
        tx.put(rule)
    return {
        "Return": True,
        "SecurityGroupRules": [shown_rule(tx, rule) | {"Tags": tags_if_any(rule)} for rule in made],
    }


@operation("AuthorizeSecurityGroupIngress", f"GroupId GroupName IpPermissions TagSpecifications {FLAT}")
def authorize_security_group_ingress(tx: Tx, request: Request) -> Response:
    """Add inbound rules: all of them or none."""
    return _authorize(tx, request, egress=False)


@operation("AuthorizeSecurityGroupEgress", "GroupId IpPermissions TagSpecifications")
def authorize_security_group_egress(tx: Tx, request: Request) -> Response:
    """Add outbound rules; AWS has no flat form here."""
    return _authorize(tx, request, egress=True)


def _revoke(tx: Tx, request: Request, *, egress: bool) -> Response:
    group = meant(tx, request)
    known = _of_direction(tx, group, egress)
    unknown: list[Wanted] = []
    if request.get("SecurityGroupRuleIds"):
        rule_requests.alone(request, "SecurityGroupRuleIds")
        revoked = [_named(tx, known, id_) for id_ in dict.fromkeys(request["SecurityGroupRuleIds"])]
    else:
        asked = wanted(tx, group, rule_requests.permissions(request))
        by_identity = {as_wanted(rule).identity: rule for rule in known}
        unknown = [rule for rule in asked if rule.identity not in by_identity]
        revoked = [by_identity[rule.identity] for rule in asked if rule.identity in by_identity]
    if unknown and not rule_requests.in_default_vpc(tx, group):
        raise no_such_rule()
    for rule in revoked:
        tx.delete(rule)
    return {
        "Return": True,
        "UnknownIpPermissions": shown(unknown, group.account),
        "RevokedSecurityGroupRules": [_shown_revoked(rule) for rule in revoked],
    }


def no_such_rule() -> AwsError:
    """No rule of the group has exactly those values (fact 128)."""
    return AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")


def _named(tx: Tx, known: Iterable[SecurityGroupRule], id: str) -> SecurityGroupRule:  # noqa: A002 - AWS's word
    """A rule of this group and direction by its id."""
    rule = need(tx, SecurityGroupRule, id)
    if all(one.id != id for one in known):
        raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{id}' does not exist")
    return rule


@operation("RevokeSecurityGroupIngress", f"GroupId GroupName IpPermissions SecurityGroupRuleIds {FLAT}")
def revoke_security_group_ingress(tx: Tx, request: Request) -> Response:
    """Remove inbound rules by id or by exact values; flows that are tracked live on (facts 128, 134)."""
    return _revoke(tx, request, egress=False)


@operation("RevokeSecurityGroupEgress", "GroupId IpPermissions SecurityGroupRuleIds")
def revoke_security_group_egress(tx: Tx, request: Request) -> Response:
    """Remove outbound rules."""
    return _revoke(tx, request, egress=True)


@operation("ModifySecurityGroupRules", "GroupId SecurityGroupRules")
def modify_security_group_rules(tx: Tx, request: Request) -> Response:
    """Each named rule becomes what the request states, its description included; its kind of source stays."""
    group = need(tx, SecurityGroup, request["GroupId"])
    known = rules_of(tx, group)
    updates = request["SecurityGroupRules"]
    if len({update["SecurityGroupRuleId"] for update in updates}) < len(updates):
        raise AwsError("InvalidParameterValue", "The same permission must not appear multiple times")
    changed = {update["SecurityGroupRuleId"]: _modified(tx, group, known, update) for update in updates}
    for egress in (False, True):
        mine = [rule for rule in changed.values() if rule.egress == egress]
        rest = [rule for rule in known if rule.egress == egress and rule.id not in changed]
        for number, rule in enumerate(mine):
            _refuse_duplicates([as_wanted(rule)], [*rest, *mine[:number]])
        _check_quota(tx, [*rest, *mine])
    for rule in changed.values():
        tx.put(rule)
    return {"Return": True}


def _modified(tx: Tx, group: SecurityGroup, known: Iterable[SecurityGroupRule], update: Request) -> SecurityGroupRule:
    if not update.get("SecurityGroupRule"):
        raise missing("SecurityGroupRule")
    old = _named(tx, known, update["SecurityGroupRuleId"])
    new = rule_requests.stated(tx, group, old, update["SecurityGroupRule"])
    return _stored(group, old.id, old.egress, new, old.tags)


def _describe_rules(tx: Tx, request: Request, *, egress: bool) -> Response:
    group = meant(tx, request)
    known = _of_direction(tx, group, egress)
    by_id = request.get("SecurityGroupRuleDescriptions")
    if by_id:
        rule_requests.alone(request, "SecurityGroupRuleDescriptions")
        texts = {_named(tx, known, one.get("SecurityGroupRuleId", "")): one.get("Description") for one in by_id}
    else:
        found = {as_wanted(rule).identity: rule for rule in known}
        asked = wanted(tx, group, rule_requests.permissions(request))
        if any(rule.identity not in found for rule in asked):
            raise no_such_rule()
        texts = {found[rule.identity]: rule.description for rule in asked}
    for rule, text in texts.items():
        tx.put(msgspec.structs.replace(rule, description=described(text)))
    return {"Return": True}


DESCRIPTIONS = "GroupId GroupName IpPermissions SecurityGroupRuleDescriptions"


@operation("UpdateSecurityGroupRuleDescriptionsIngress", DESCRIPTIONS)
def update_descriptions_ingress(tx: Tx, request: Request) -> Response:
    """Inbound rules' descriptions, by rule id or by the rule's values; none removes it."""
    return _describe_rules(tx, request, egress=False)


@operation("UpdateSecurityGroupRuleDescriptionsEgress", DESCRIPTIONS)
def update_descriptions_egress(tx: Tx, request: Request) -> Response:
    """Outbound rules' descriptions."""
    return _describe_rules(tx, request, egress=True)


FILTERS: Filters[SecurityGroupRule] = {
    "group-id": lambda _tx, rule: [rule.owner],
    "security-group-rule-id": lambda _tx, rule: [rule.id],
}


@operation("DescribeSecurityGroupRules", "SecurityGroupRuleIds Filters MaxResults NextToken")
def describe_security_group_rules(tx: Tx, request: Request) -> Response:
    """The rules, one by one."""
    _check_group_filter(request)
    indexed = {"group-id": "owner", "security-group-rule-id": "id"}
    found = candidates(tx, SecurityGroupRule, request, "SecurityGroupRuleIds", indexed)
    return describe(tx, request, found, FILTERS, "SecurityGroupRules", _described)


def _check_group_filter(request: Request) -> None:
    """A group id that cannot be one is an error, one that does not exist is not (fact 126)."""
    for one in request.get("Filters") or ():
        for value in one.get("Values") or () if one.get("Name") == "group-id" else ():
            match = ID.match(value)
            if not re.search(r"[*?\\]", value) and (match is None or match[1] != "sg"):
                raise AwsError("InvalidGroupId.Malformed", f"The security group ID '{value}' is malformed")


def _described(tx: Tx, rule: SecurityGroupRule) -> Response:
    return shown_rule(tx, rule) | {"Tags": tags_of(rule)}


def _shown_match(rule: SecurityGroupRule) -> dict[str, Any]:
    family = rule.cidr.family if rule.cidr else None
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.owner,
        "IsEgress": rule.egress,
        "IpProtocol": protocol_name(rule.protocol),
        "FromPort": rule.low,
        "ToPort": rule.high,
        "CidrIpv4": str(rule.cidr) if family == 4 else None,
        "CidrIpv6": str(rule.cidr) if family == 6 else None,
        "PrefixListId": rule.prefix_list,
        "Description": rule.description,
    }


def shown_rule(_tx: Tx, rule: SecurityGroupRule) -> Response:
    """As answers show it (facts 123, 124)."""
    referenced = {"GroupId": rule.peer_group, "UserId": rule.peer_account} if rule.peer_group else None
    return _shown_match(rule) | {
        "GroupOwnerId": rule.account,
        "ReferencedGroupInfo": referenced,
        "SecurityGroupRuleArn": arn(rule, rule.id),
    }


def _shown_revoked(rule: SecurityGroupRule) -> Response:
    return _shown_match(rule) | {"ReferencedGroupId": rule.peer_group}
