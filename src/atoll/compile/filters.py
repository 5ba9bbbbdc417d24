"""Security groups and network ACLs are filters; their rules stay one to one with the user's.

A group that may be worn in more VPCs than its own (fact 132) is a filter of its own in each: its references mean who
wears the group there.
"""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import (
    ALL_PROTOCOLS,
    NetworkAcl,
    NetworkAclEntry,
    SecurityGroup,
    SecurityGroupRule,
    SecurityGroupVpcAssociation,
)
from atoll.packet import ALL_PORTS, PortRange, has_ports
from atoll.packet.protocol import ICMP, ICMPV6
from atoll.plan.rows import Direction, Filter, In, InSet, Match, Peer, Row, Rule, SentBy
from atoll.records import View


def group(_view: View, mine: SecurityGroup) -> Iterable[Row]:
    """A security group."""
    yield Filter(id=mine.id, domain=mine.vpc, origin=(mine.id,))


def group_elsewhere(_view: View, association: SecurityGroupVpcAssociation) -> Iterable[Row]:
    """The group in another VPC."""
    group_id, vpc = association.group, association.vpc
    yield Filter(id=_beside(group_id, vpc), domain=vpc, origin=(group_id, vpc))


def filter_of(view: View, group_id: str, vpc: str) -> str:
    """The filter that stands for a group in that VPC: its own one, unless it is associated with that VPC."""
    elsewhere = view.keys(SecurityGroupVpcAssociation, "place", f"{group_id}/{vpc}")
    return _beside(group_id, vpc) if elsewhere else group_id


def _beside(id: str, vpc: str) -> str:  # noqa: A002 - AWS's word
    return f"{id}@{vpc}"


def group_rule(view: View, rule: SecurityGroupRule) -> Iterable[Row]:
    """A security group's rule, once for each VPC in which the group is a filter."""
    direction = Direction.OUT if rule.egress else Direction.IN
    home = view.get(SecurityGroup, rule.owner)
    peer_here = filter_of(view, rule.peer_group, home.vpc) if home and rule.peer_group else rule.peer_group
    match = _match(rule, _peer(rule, peer_here))
    yield Rule(id=rule.id, filter=rule.owner, direction=direction, match=match, origin=(rule.id,))
    for _kind, owner, vpc in view.keys(SecurityGroupVpcAssociation, "group", rule.owner):
        peer = filter_of(view, rule.peer_group, vpc) if rule.peer_group else None
        yield Rule(
            id=_beside(rule.id, vpc),
            filter=_beside(owner, vpc),
            direction=direction,
            match=_match(rule, _peer(rule, peer)),
            origin=(rule.id, vpc),
        )


def _peer(rule: SecurityGroupRule, peer_filter: str | None) -> Peer:
    if peer_filter is not None:
        return SentBy(peer_filter)
    if rule.prefix_list is not None:
        return InSet(rule.prefix_list)
    assert rule.cidr is not None, f"{rule.id} names no peer"
    return In(rule.cidr)


def acl(_view: View, mine: NetworkAcl) -> Iterable[Row]:
    """A network ACL."""
    yield Filter(id=mine.id, domain=mine.vpc, ordered=True, origin=(mine.id,))


def acl_entry(_view: View, entry: NetworkAclEntry) -> Iterable[Row]:
    """A network ACL's entry; the final refusal needs no row (law 5)."""
    direction = Direction.OUT if entry.egress else Direction.IN
    yield Rule(
        id=f"{entry.acl}/{direction}/{entry.number}",
        filter=entry.acl,
        direction=direction,
        match=_match(entry, In(entry.cidr)),
        allow=entry.allow,
        order=entry.number,
        origin=(entry.acl, f"rule {entry.number}"),
    )


def _match(rule: SecurityGroupRule | NetworkAclEntry, peer: Peer) -> Match:
    """Ports count for TCP and UDP alone, type and code for ICMP alone (facts 122, 145)."""
    if rule.protocol == ALL_PROTOCOLS:
        return Match(peer=peer)
    if has_ports(rule.protocol):
        ports = ALL_PORTS if rule.low == -1 else PortRange(rule.low, rule.high)
        return Match(peer=peer, protocol=rule.protocol, ports=ports)
    if rule.protocol in (ICMP, ICMPV6):
        return Match(peer=peer, protocol=rule.protocol, icmp=(rule.low, rule.high))
    return Match(peer=peer, protocol=rule.protocol)


PASSES = (
    of(SecurityGroup, group),
    of(SecurityGroupVpcAssociation, group_elsewhere),
    of(SecurityGroupRule, group_rule),
    of(NetworkAcl, acl),
    of(NetworkAclEntry, acl_entry),
)
