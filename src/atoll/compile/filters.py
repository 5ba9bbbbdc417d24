"""Security groups and network ACLs are filters; their rules stay one to one with the user's."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import ALL_PROTOCOLS, NetworkAcl, NetworkAclEntry, SecurityGroup, SecurityGroupRule
from atoll.packet import ALL_PORTS, PortRange, has_ports
from atoll.packet.protocol import ICMP, ICMPV6
from atoll.plan.rows import Direction, Filter, In, InSet, Match, Peer, Row, Rule, SentBy
from atoll.records import View


def group(_view: View, mine: SecurityGroup) -> Iterable[Row]:
    """A security group."""
    yield Filter(id=mine.id, domain=mine.vpc, origin=(mine.id,))


def group_rule(_view: View, rule: SecurityGroupRule) -> Iterable[Row]:
    """A security group's rule."""
    yield Rule(
        id=rule.id,
        filter=rule.owner,
        direction=Direction.OUT if rule.egress else Direction.IN,
        match=_match(rule, _peer(rule)),
        origin=(rule.id,),
    )


def _peer(rule: SecurityGroupRule) -> Peer:
    if rule.peer_group is not None:
        return SentBy(rule.peer_group)
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
    of(SecurityGroupRule, group_rule),
    of(NetworkAcl, acl),
    of(NetworkAclEntry, acl_entry),
)
