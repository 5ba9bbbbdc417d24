"""Security groups (facts 28-30, 50, 116-118, 123, 130). Their rules are entities of their own: security_group_rules."""

import re
from collections.abc import Callable, Iterable

from atoll.model.kinds import (
    ALL_PROTOCOLS,
    NetworkInterface,
    SecurityGroup,
    SecurityGroupRule,
    SecurityGroupVpcAssociation,
    Vpc,
)
from atoll.model.tx import Tx
from atoll.packet import Prefix, protocol_name
from atoll.protocol import AwsError
from atoll.services.ec2 import permissions
from atoll.services.ec2.checks import arn, exactly_one, invalid, missing
from atoll.services.ec2.describe import Filters, Values, candidates, describe
from atoll.services.ec2.lookup import need, need_all
from atoll.services.ec2.tags import on_creation, tags_if_any, tags_of
from atoll.services.registry import Request, Response, operation

LETTERS = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}\Z")


def create_default(tx: Tx, vpc: Vpc) -> SecurityGroup:
    """The default group of a new VPC: in from itself, out to everywhere (fact 116)."""
    group = SecurityGroup(
        id=tx.new_id("sg"), home=vpc.home, vpc=vpc.id, name="default", description="default VPC security group"
    )
    tx.put(group)
    _open_egress(tx, group)
    tx.put(
        SecurityGroupRule(
            id=tx.new_id("sgr"),
            home=group.home,
            owner=group.id,
            egress=False,
            protocol=ALL_PROTOCOLS,
            peer_group=group.id,
            peer_account=group.account,
        )
    )
    return group


def _open_egress(tx: Tx, group: SecurityGroup) -> None:
    """All outbound traffic: every new group's one rule (fact 117)."""
    tx.put(
        SecurityGroupRule(
            id=tx.new_id("sgr"),
            home=group.home,
            owner=group.id,
            egress=True,
            protocol=ALL_PROTOCOLS,
            cidr=Prefix.everything(),
        )
    )


def remove(tx: Tx, group: SecurityGroup) -> None:
    """Delete a group with its rules."""
    for rule in rules_of(tx, group):
        tx.delete(rule)
    tx.delete(group)


def rules_of(tx: Tx, group: SecurityGroup) -> list[SecurityGroupRule]:
    """The group's own rules."""
    return tx.by(SecurityGroupRule, "owner", group.id)


def check_groups(tx: Tx, ids: Iterable[str], vpc: str, *, subnet: str | None = None) -> list[SecurityGroup]:
    """The groups that an ENI of that VPC is to wear, each once, in the order named.

    Raises what AWS does for unknown groups, for groups of another VPC (fact 50; `subnet` is named in the text)
    and for too many.
    """
    groups = need_all(tx, SecurityGroup, ids)
    for group in groups:
        if group.vpc != vpc and tx.get(SecurityGroupVpcAssociation, group.id, vpc) is None:
            place = f"subnet {subnet}" if subnet else f"network {vpc}"
            raise AwsError("InvalidParameter", f"Security group {group.id} and {place} belong to different networks.")
    if len(groups) > tx.limit("security-groups-per-interface"):
        raise AwsError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        )
    return groups


def default_vpc(tx: Tx) -> Vpc:
    """The default VPC, which a call means that names neither a VPC nor a group's id (fact 25)."""
    vpc = tx.only(Vpc, "default_home", tx.home)
    if vpc is None:
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    return vpc


def named(tx: Tx, name: str) -> SecurityGroup:
    """A group by its name, which works in the default VPC alone."""
    vpc = default_vpc(tx)
    group = tx.only(SecurityGroup, "place", f"{vpc.id}/{name.lower()}")
    if group is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{vpc.id}'")
    return group


def meant(tx: Tx, request: Request) -> SecurityGroup:
    """The group of a call that takes GroupId or GroupName."""
    name = exactly_one(request, ("GroupId", "GroupName"))
    return need(tx, SecurityGroup, request[name]) if name == "GroupId" else named(tx, request[name])


def _checked_text(request: Request, member: str, parameter: str) -> str:
    given: str = request[member]
    if not given:
        raise missing(parameter)
    if not given.isascii():
        raise invalid(given, parameter, "Character sets beyond ASCII are not supported.")
    if not LETTERS.match(given):
        what = "security group description" if member == "Description" else "group name"
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid {what}. Valid ones are strings less than 256 characters from the following set:  "
            f"{permissions.LETTERS}",
        )
    return given


@operation("CreateSecurityGroup", "GroupName Description VpcId TagSpecifications")
def create_security_group(tx: Tx, request: Request) -> Response:
    """A group that lets nothing in and everything out."""
    name = _checked_text(request, "GroupName", "GroupName")
    description = _checked_text(request, "Description", "GroupDescription")
    if name.lower().startswith("sg-"):
        raise invalid(name, "GroupName", "Group names may not be in the format sg-*.")
    vpc = need(tx, Vpc, request["VpcId"]) if request.get("VpcId") else default_vpc(tx)
    if name.lower() == "default":
        raise AwsError("InvalidGroup.Reserved", f"The security group name '{name}' is reserved.")
    if tx.only(SecurityGroup, "place", f"{vpc.id}/{name.lower()}"):
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    if tx.count(SecurityGroup, "home", tx.home) >= tx.limit("security-groups-per-region"):
        raise AwsError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
    group = SecurityGroup(
        id=tx.new_id("sg"),
        home=tx.home,
        vpc=vpc.id,
        name=name,
        description=description,
        tags=on_creation(tx, request, "security-group"),
    )
    tx.put(group)
    _open_egress(tx, group)
    return {"GroupId": group.id, "Tags": tags_of(group), "SecurityGroupArn": arn(group, group.id)}


@operation("DeleteSecurityGroup", "GroupId GroupName")
def delete_security_group(tx: Tx, request: Request) -> Response:
    """Refused while an ENI wears it, another VPC may use it or another group refers to it (facts 28, 130)."""
    group = meant(tx, request)
    if group.name == "default":
        raise AwsError(
            "CannotDelete",
            f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user',
        )
    referring = tx.by(SecurityGroupRule, "peer_group", group.id)
    worn = tx.count(NetworkInterface, "groups", group.id) or tx.count(SecurityGroupVpcAssociation, "group", group.id)
    if worn or any(rule.owner != group.id for rule in referring):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    remove(tx, group)
    return {"Return": True, "GroupId": group.id}


def _of_rules(egress: bool, values: Callable[[Tx, SecurityGroupRule], Iterable[str]]) -> Values[SecurityGroup]:
    return lambda tx, group: [
        value for rule in rules_of(tx, group) if rule.egress == egress for value in values(tx, rule)
    ]


def _block(rule: SecurityGroupRule, family: int) -> Iterable[str]:
    return [str(rule.cidr)] if rule.cidr is not None and rule.cidr.family == family else []


def _peer_name(tx: Tx, rule: SecurityGroupRule) -> Iterable[str]:
    peer = tx.get(SecurityGroup, rule.peer_group) if rule.peer_group else None
    return [peer.name] if peer else []


RULE_VALUES: dict[str, Callable[[Tx, SecurityGroupRule], Iterable[str]]] = {
    "cidr": lambda _tx, rule: _block(rule, 4),
    "from-port": lambda _tx, rule: [str(rule.low)],
    "group-id": lambda _tx, rule: [rule.peer_group] if rule.peer_group else [],
    "group-name": _peer_name,
    "ipv6-cidr": lambda _tx, rule: _block(rule, 6),
    "prefix-list-id": lambda _tx, rule: [rule.prefix_list] if rule.prefix_list else [],
    "protocol": lambda _tx, rule: [protocol_name(rule.protocol)],
    "to-port": lambda _tx, rule: [str(rule.high)],
    "user-id": lambda _tx, rule: [rule.peer_account] if rule.peer_account else [],
}

FILTERS: Filters[SecurityGroup] = {
    "description": lambda _tx, group: [group.description],
    "group-id": lambda _tx, group: [group.id],
    "group-name": lambda _tx, group: [group.name],
    "owner-id": lambda _tx, group: [group.account],
    "vpc-id": lambda _tx, group: [group.vpc],
    **{f"ip-permission.{name}": _of_rules(False, values) for name, values in RULE_VALUES.items()},
    **{f"egress.ip-permission.{name}": _of_rules(True, values) for name, values in RULE_VALUES.items()},
}


@operation("DescribeSecurityGroups", "GroupIds GroupNames Filters MaxResults NextToken")
def describe_security_groups(tx: Tx, request: Request) -> Response:
    """The security groups of this region; by name in the default VPC alone."""
    by_name = [named(tx, name) for name in request.get("GroupNames") or ()]
    if by_name and not request.get("GroupIds"):
        found = by_name
    else:
        indexed = {"group-id": "id", "vpc-id": "vpc"}
        found = candidates(tx, SecurityGroup, request, "GroupIds", indexed) + by_name
    unique = {group.id: group for group in found}.values()
    return describe(tx, request, unique, FILTERS, "SecurityGroups", shown)


def shown(tx: Tx, group: SecurityGroup) -> Response:
    """As Describe shows it (fact 123)."""
    rules = rules_of(tx, group)
    inward, outward = (
        permissions.shown((permissions.as_wanted(rule) for rule in rules if rule.egress == egress), group.account)
        for egress in (False, True)
    )
    return {
        "GroupId": group.id,
        "IpPermissionsEgress": outward,
        "Tags": tags_if_any(group),
        "VpcId": group.vpc,
        "SecurityGroupArn": arn(group, group.id),
        "OwnerId": group.account,
        "GroupName": group.name,
        "Description": group.description,
        "IpPermissions": inward,
    }
