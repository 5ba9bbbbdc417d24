"""Security groups and network ACLs: may this one packet pass here?"""

from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv4Address

from tests.spec.flow import ALL, TCP, UDP, Packet
from tests.spec.things import EVERYWHERE, AclEntry, Direction, Eni, GroupRule
from tests.spec.world import World


def acl_allows(entries: Sequence[AclEntry], direction: Direction, packet: Packet) -> bool:
    """The lowest number that matches decides; nothing is remembered of earlier packets."""  # fact 141
    peer = packet.source if direction is Direction.IN else packet.destination
    for entry in entries:
        if entry.direction is direction and peer in entry.peer and entry.traffic.covers(packet):
            return entry.allow
    return False  # fact 140: the rule "*"


class Ruling(Enum):
    """What an interface's rules say of a packet that belongs to no tracked flow."""

    REFUSED = "no rule allows it"
    UNTRACKED = "it passes, and its flow has to pass again with each packet"
    TRACKED = "it passes, and from now on its flow does, both ways"


def groups_say(world: World, eni: Eni, direction: Direction, packet: Packet, other: Eni | None) -> Ruling:
    """Judge a packet at one interface. `other` put it on this VPC, or is the next to get it, if an interface is."""
    peer = packet.source if direction is Direction.IN else packet.destination
    rules = [rule for rule in world.rules(eni, direction) if rule.traffic.covers(packet)]
    speaks = other is not None and other.balances and direction is Direction.IN  # fact 188: with clients' addresses too
    allowing = [rule for rule in rules if _is_peer(rule, peer, other, speaks)]
    if not allowing:
        return Ruling.REFUSED  # fact 117, 119, 139: silence
    open_rule = any(rule.peer == EVERYWHERE for rule in allowing)  # decision: no list is, whatever it holds
    back = Direction.OUT if direction is Direction.IN else Direction.IN
    # decision: "all traffic" is protocol -1, and not TCP 0-65535
    open_back = any(rule.traffic.protocol == ALL and rule.peer == EVERYWHERE for rule in world.rules(eni, back))
    always = eni.balances or (other is not None and (other.balances or other.gives))  # fact 136
    if packet.protocol in (TCP, UDP) and open_rule and open_back and not always:  # fact 135
        return Ruling.UNTRACKED
    return Ruling.TRACKED


def _is_peer(rule: GroupRule, peer: IPv4Address, other: Eni | None, speaks: bool) -> bool:
    """A group stands for the interfaces that wear it, if they speak or are asked for themselves."""
    if isinstance(rule.peer, str):
        # fact 113, 120: references do not survive a middlebox (decision: neither way) nor the internet gateway.
        return other is not None and (speaks or peer in other.addresses) and rule.peer in other.groups
    return any(peer in block for block in rule.peer) if isinstance(rule.peer, tuple) else peer in rule.peer
