"""The forms in which requests state security group rules: permissions, flat parameters, single rules, ids."""

from collections.abc import Mapping
from typing import Any

from atoll.model.kinds import SecurityGroup, SecurityGroupRule, Vpc
from atoll.model.tx import Tx
from atoll.packet import ICMP, has_ports, protocol_name
from atoll.packet.protocol import ICMPV6
from atoll.protocol import AwsError
from atoll.services.ec2 import prefix_lists
from atoll.services.ec2.checks import missing, refuse_members, wire
from atoll.services.ec2.permissions import (
    Permission,
    Wanted,
    described,
    ports,
    protocol,
    source_block,
    source_group,
)
from atoll.services.registry import Request

FLAT = ("IpProtocol", "FromPort", "ToPort", "CidrIp")
BY_NAME = "SourceSecurityGroupName"
STATEMENTS = ("IpPermissions", "SecurityGroupRuleIds", "SecurityGroupRuleDescriptions", BY_NAME, *FLAT)
EVERYTHING_BY_NAME = (("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1))
"""What SourceSecurityGroupName means, by AWS's documentation of the parameter."""

SOURCES = {
    "CidrIpv4": "an IPv4 CIDR",
    "CidrIpv6": "an IPv6 CIDR",
    "PrefixListId": "a prefix list",
    "ReferencedGroupId": "a security group",
}


def alone(request: Request, name: str) -> None:
    """Rules can be stated in one form a call."""
    for other in STATEMENTS:
        if other != name and request.get(other) is not None:
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameter {wire(name)} cannot be used with the parameter {wire(other)}",
            )


def permissions(request: Request) -> list[Permission]:
    """The permissions that a request states, in either form; the flat form is one permission."""
    if request.get("IpPermissions"):
        alone(request, "IpPermissions")
        return list(request["IpPermissions"])
    if request.get(BY_NAME):
        alone(request, BY_NAME)
        pairs = [{"GroupName": request[BY_NAME]}]
        return [
            {"IpProtocol": name, "FromPort": low, "ToPort": high, "UserIdGroupPairs": pairs}
            for name, low, high in EVERYTHING_BY_NAME
        ]
    if all(request.get(name) is None for name in FLAT):
        raise missing("ipPermissions")
    flat = {name: request.get(name) for name in FLAT[:3]}
    return [{**flat, "IpRanges": [{"CidrIp": request["CidrIp"]}] if request.get("CidrIp") else []}]


def in_default_vpc(tx: Tx, group: SecurityGroup) -> bool:
    """Where revoking what is not there is no error (fact 128)."""
    vpc = tx.get(Vpc, group.vpc)
    return vpc is not None and vpc.is_default


def stated(tx: Tx, group: SecurityGroup, old: SecurityGroupRule, given: Mapping[str, Any]) -> Wanted:
    """What ModifySecurityGroupRules states for a rule (fact 129)."""
    refuse_members(given, (*SOURCES, "IpProtocol", "FromPort", "ToPort", "Description"), "SecurityGroupRule")
    sources = [name for name in SOURCES if given.get(name) is not None]
    if not sources:
        raise AwsError(
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        )
    if len(sources) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        )
    source = sources[0]
    number = protocol(given.get("IpProtocol"))
    low, high = ports(number, given.get("FromPort"), given.get("ToPort"))
    named = prefix_lists.find(tx, given[source]).id if source == "PrefixListId" else None
    if source != kind_of_source(old):
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid rule type for security group rule '{old.id}'. "
            f"You may not specify {source} for an existing rule of {SOURCES[kind_of_source(old)]}.",
        )
    return Wanted(
        protocol=number,
        low=low,
        high=high,
        cidr=source_block(given[source], int(source[-1])) if source.startswith("Cidr") else None,
        group=source_group(tx, group, given[source]) if source == "ReferencedGroupId" else None,
        prefix_list=named,
        description=described(given.get("Description")),
    )


def kind_of_source(rule: SecurityGroupRule) -> str:
    """Which member of a SecurityGroupRuleRequest its source is."""
    if rule.cidr is not None:
        return f"CidrIpv{rule.cidr.family}"
    return "ReferencedGroupId" if rule.peer_group else "PrefixListId"


def in_words(rule: Wanted) -> str:
    """A rule as AWS's messages write it (fact 127): peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW."""
    peer = rule.group or rule.prefix_list or str(rule.cidr)
    if rule.protocol == -1:
        return f"peer: {peer}, ALL, ALLOW"
    name = protocol_name(rule.protocol).upper()
    if has_ports(rule.protocol):
        return f"peer: {peer}, {name}, from port: {rule.low}, to port: {rule.high}, ALLOW"
    if rule.protocol in (ICMP, ICMPV6):
        return f"peer: {peer}, {name}, type: {_or_all(rule.low)}, code: {_or_all(rule.high)}, ALLOW"
    return f"peer: {peer}, {name}, ALLOW"


def _or_all(number: int) -> str:
    return "ALL" if number == -1 else str(number)
