"""Security groups and network ACLs: may this one packet pass here?"""

from collections.abc import Sequence
from enum import Enum

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


def groups_say(world: World, eni: Eni, direction: Direction, packet: Packet, sender: Eni | None) -> Ruling:
    """Judge a packet at one interface. `sender` is the interface that put it on this VPC, if one did."""
    allowing = [
        rule
        for rule in world.rules(eni, direction)
        if rule.traffic.covers(packet) and _is_peer(world, rule, eni, direction, packet, sender)
    ]
    if not allowing:
        return Ruling.REFUSED  # fact 117, 119, 139: silence
    open_rule = any(rule.peer == EVERYWHERE for rule in allowing)
    back = Direction.OUT if direction is Direction.IN else Direction.IN
    # decision: "all traffic" is protocol -1, and not TCP 0-65535
    open_back = any(rule.traffic.protocol == ALL and rule.peer == EVERYWHERE for rule in world.rules(eni, back))
    if packet.protocol in (TCP, UDP) and open_rule and open_back:  # fact 135
        return Ruling.UNTRACKED
    return Ruling.TRACKED


def _is_peer(world: World, rule: GroupRule, eni: Eni, direction: Direction, packet: Packet, sender: Eni | None) -> bool:
    peer = packet.source if direction is Direction.IN else packet.destination
    if not isinstance(rule.peer, str):
        return peer in rule.peer
    if direction is Direction.IN:
        # fact 113, 120: what the sender wears, if it speaks for itself; a middlebox that passes on somebody
        # else's packet does not, and what comes by the internet gateway has no sender in the VPC.
        return sender is not None and peer in sender.addresses and rule.peer in sender.groups
    # fact 120: whoever has the private address. Decision: also when a middlebox is the next hop.
    target = world.owner(eni.vpc, peer)
    return target is not None and rule.peer in target.groups
