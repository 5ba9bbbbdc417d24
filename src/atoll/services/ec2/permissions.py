"""IpPermissions: what one permission of a request says, as single rules; and rules, shown as permissions.

One rule has one protocol, one range and one source (facts 122-125); a permission may name many sources.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from atoll.model.kinds import SecurityGroup, SecurityGroupRule, SecurityGroupVpcAssociation, Vpc
from atoll.model.tx import Tx
from atoll.packet import ICMP, Prefix, has_ports, protocol_name
from atoll.packet.protocol import ICMPV6, NAMES
from atoll.protocol import AwsError
from atoll.services.ec2 import prefix_lists
from atoll.services.ec2.checks import block, refuse_members
from atoll.services.ec2.lookup import need

Permission = Mapping[str, Any]

NUMBERS = {name: number for number, name in NAMES.items()}
ANY = (-1, -1)
DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}\Z")
LETTERS = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
NO_SOURCE = AwsError(
    "MissingParameter", "Missing source specification: include source security group or CIDR information"
)

Identity = tuple[int, int, int, Prefix | None, str | None, str | None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as a request states it; fields as in SecurityGroupRule."""

    protocol: int
    low: int
    high: int
    cidr: Prefix | None = None
    group: str | None = None
    prefix_list: str | None = None
    description: str | None = None

    @property
    def identity(self) -> Identity:
        """Two rules of one direction with the same identity are one rule; the description does not count."""
        return (self.protocol, self.low, self.high, self.cidr, self.group, self.prefix_list)


def protocol(text: str | None) -> int:
    """A protocol's number from its name or number (fact 125)."""
    if text is None:
        raise AwsError(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )
    number = NUMBERS.get(text.lower())
    if number is None and re.fullmatch(r"-1|[0-9]{1,3}", text) and int(text) <= 255:
        number = int(text)
    if number is None:
        raise AwsError("InvalidParameterValue", f"Invalid value '{text}' for IP protocol. Unknown protocol.")
    return number


def ports(number: int, low: int | None, high: int | None) -> tuple[int, int]:
    """The range that counts: ports for TCP and UDP, type and code for ICMP, nothing for the rest (fact 122)."""
    if has_ports(number):
        if low is None or high is None:
            raise AwsError(
                "InvalidParameterValue",
                "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
            )
        if not 0 <= low <= high <= 65535:
            raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({low}:{high})")
        return low, high
    if number not in (ICMP, ICMPV6):
        return ANY
    if number == ICMPV6 and low is None and high is None:
        return ANY
    if low is None or high is None:
        raise AwsError(
            "InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with ICMP."
        )
    if not -1 <= low <= 255 or not -1 <= high <= 255 or (low == -1 and high != -1):
        raise AwsError("InvalidParameterValue", f"Invalid ICMP type and code ({low}:{high})")
    return low, high


def described(text: str | None) -> str | None:
    """A rule's description, checked; empty is none."""
    if text and not DESCRIPTION.match(text):
        raise AwsError(
            "InvalidParameterValue",
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
            f"set:  {LETTERS}",
        )
    return text or None


def source_block(text: str | None, family: int) -> Prefix:
    """A source's CIDR block; host bits are cleared."""
    prefix = block(text or "", family)
    if prefix is None:
        raise AwsError("InvalidParameterValue", f"CIDR block {text} is malformed")
    return prefix


def source_group(tx: Tx, owner: SecurityGroup, id: str, account: str | None = None) -> str:  # noqa: A002
    """A referenced group: of this account and the same VPC, as long as no peering exists (facts 120, 132)."""
    if account is not None and account != owner.account:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{id}' does not exist")
    here = need(tx, SecurityGroup, id).vpc == owner.vpc
    if not here and tx.get(SecurityGroupVpcAssociation, id, owner.vpc) is None:
        raise AwsError("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
    return id


def _by_name(tx: Tx, owner: SecurityGroup, name: str) -> str:
    """A group referenced by name: in a default VPC alone."""
    vpc = tx.get(Vpc, owner.vpc)
    if vpc is None or not vpc.is_default:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid value '{name}' for groupName. You may not reference Amazon VPC security groups by name. "
            "Please use the corresponding id for this operation.",
        )
    found = tx.only(SecurityGroup, "place", f"{vpc.id}/{name.lower()}")
    if found is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{vpc.id}'")
    return found.id


def _pair(tx: Tx, owner: SecurityGroup, pair: Mapping[str, Any]) -> str:
    """The group that a UserIdGroupPair means."""
    refuse_members(pair, ("Description", "UserId", "GroupName", "GroupId"), "UserIdGroupPairs")
    if pair.get("GroupId") and pair.get("GroupName"):
        raise AwsError(
            "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter groupId"
        )
    if pair.get("GroupName"):
        return _by_name(tx, owner, pair["GroupName"])
    if not pair.get("GroupId"):
        raise NO_SOURCE
    return source_group(tx, owner, pair["GroupId"], pair.get("UserId"))


def _of_permission(tx: Tx, owner: SecurityGroup, permission: Permission) -> Iterable[Wanted]:
    number = protocol(permission.get("IpProtocol"))
    low, high = ports(number, permission.get("FromPort"), permission.get("ToPort"))
    plain = Wanted(protocol=number, low=low, high=high)
    for members, member, family in (("IpRanges", "CidrIp", 4), ("Ipv6Ranges", "CidrIpv6", 6)):
        for item in permission.get(members) or ():
            prefix = source_block(item.get(member), family)
            description = described(item.get("Description"))
            yield msgspec.structs.replace(plain, cidr=prefix, description=description)
    for item in permission.get("UserIdGroupPairs") or ():
        description = described(item.get("Description"))
        yield msgspec.structs.replace(plain, group=_pair(tx, owner, item), description=description)
    for item in permission.get("PrefixListIds") or ():
        named = prefix_lists.find(tx, item.get("PrefixListId") or "").id
        yield msgspec.structs.replace(plain, prefix_list=named, description=described(item.get("Description")))


def wanted(tx: Tx, owner: SecurityGroup, permissions: Iterable[Permission]) -> list[Wanted]:
    """The single rules of some permissions; each permission names a source, no rule comes twice."""
    rules: list[Wanted] = []
    for permission in permissions:
        found = list(_of_permission(tx, owner, permission))
        if not found:
            raise NO_SOURCE
        rules.extend(found)
    if len({rule.identity for rule in rules}) < len(rules):
        raise AwsError("InvalidParameterValue", "The same permission must not appear multiple times")
    return rules


def shown(rules: Iterable[Wanted], account: str) -> list[dict[str, Any]]:
    """Rules of one direction as IpPermissions: one for each protocol and range (fact 123)."""
    merged: dict[tuple[int, int, int], dict[str, Any]] = {}
    for rule in rules:
        permission = merged.setdefault((rule.protocol, rule.low, rule.high), _empty(rule))
        told = {"Description": rule.description} if rule.description else {}
        if rule.group is not None:
            permission["UserIdGroupPairs"].append({**told, "UserId": account, "GroupId": rule.group})
        elif rule.prefix_list is not None:
            permission["PrefixListIds"].append({**told, "PrefixListId": rule.prefix_list})
        elif rule.cidr is not None and rule.cidr.family == 4:
            permission["IpRanges"].append({**told, "CidrIp": str(rule.cidr)})
        else:
            permission["Ipv6Ranges"].append({**told, "CidrIpv6": str(rule.cidr)})
    return list(merged.values())


def _empty(rule: Wanted) -> dict[str, Any]:
    """Ports are shown where they count (fact 124)."""
    ranged = has_ports(rule.protocol) or rule.protocol in (ICMP, ICMPV6)
    return {
        "IpProtocol": protocol_name(rule.protocol),
        **({"FromPort": rule.low, "ToPort": rule.high} if ranged else {}),
        "UserIdGroupPairs": [],
        "IpRanges": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }


def as_wanted(rule: SecurityGroupRule) -> Wanted:
    """A stored rule as a request would state it."""
    return Wanted(
        protocol=rule.protocol,
        low=rule.low,
        high=rule.high,
        cidr=rule.cidr,
        group=rule.peer_group,
        prefix_list=rule.prefix_list,
        description=rule.description,
    )
