"""Laws 3 and 5: what the rules of a port and of a fence say of one packet.

A rule is judged by naming what keeps it from matching; nothing to name is a match. So the verdict and its
explanation cannot differ.
"""

import msgspec

from atoll.analyze.lookup import Plan, member_of
from atoll.packet import ICMP, Flow, has_ports, ip_number
from atoll.packet.protocol import ICMPV6
from atoll.plan.rows import Direction, In, InSet, Match, Port, Rule, SentBy, Wearing

OPPOSITE = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}


class Judgement(msgspec.Struct, frozen=True):
    """`deciding`: the rules that decided. `tried`: on a refusal for want of a match, each rule with what differs."""

    allowed: bool
    tracked: bool = True
    deciding: tuple[Rule, ...] = ()
    tried: tuple[tuple[Rule, str], ...] = ()


def judge_port(plan: Plan, port: Port, direction: Direction, flow: Flow, other: Port | None) -> Judgement:
    """The union of the rules that a filtered port wears. `other`: the port at the other end, where law 3 knows one."""
    filters = [worn.filter for worn in plan.by(Wearing, "port", port.id)]
    rules = [rule for name in filters for rule in plan.by(Rule, "filter", name) if rule.allow]
    tried: list[tuple[Rule, str]] = []
    matching: list[Rule] = []
    for rule in rules:
        if rule.direction is not direction:
            continue
        differs = difference(plan, rule.match, direction, flow, other)
        if differs is None:
            matching.append(rule)
        else:
            tried.append((rule, differs))
    if not matching:
        return Judgement(False, tried=tuple(tried))
    return Judgement(True, not _untracked(flow, direction, matching, rules), tuple(matching))


def judge_fence(plan: Plan, fence: str, direction: Direction, flow: Flow) -> Judgement:
    """The ordered rules of a fence: the first that matches decides, and no match is a refusal."""
    rules = [rule for rule in plan.by(Rule, "filter", fence) if rule.direction is direction]
    tried: list[tuple[Rule, str]] = []
    for rule in sorted(rules, key=lambda rule: rule.order or 0):
        differs = difference(plan, rule.match, direction, flow, None)
        if differs is None:
            return Judgement(rule.allow, deciding=(rule,))
        tried.append((rule, differs))
    return Judgement(False, tried=tuple(tried))


def difference(plan: Plan, match: Match, direction: Direction, flow: Flow, other: Port | None) -> str | None:
    """What keeps a packet from matching: "protocol", "ports", "icmp" or "peer"; None when it matches."""
    if match.protocol is not None:
        if match.protocol != flow.protocol:
            return "protocol"
        if has_ports(flow.protocol) and not match.ports.holds(flow.destination_port):
            return "ports"
        if flow.protocol in (ICMP, ICMPV6) and not _same_icmp(match.icmp, flow):
            return "icmp"
    peer = flow.source if direction is Direction.IN else flow.destination
    return None if _is_peer(plan, match, peer, other) else "peer"


def open_to_the_world(rule: Rule, family: int) -> bool:
    """Whether the rule's peer is every address of that family."""
    peer = rule.match.peer
    return isinstance(peer, In) and peer.prefix.length == 0 and peer.prefix.family == family


def _same_icmp(wanted: tuple[int, int], flow: Flow) -> bool:
    return wanted[0] in (-1, flow.icmp_type) and wanted[1] in (-1, flow.icmp_code)


def _is_peer(plan: Plan, match: Match, ip: str, other: Port | None) -> bool:
    match match.peer:
        case In(prefix):
            return prefix.holds(ip)
        case InSet(group):
            return member_of(plan, group, ip) is not None
        case SentBy(name):
            return other is not None and any(worn.filter == name for worn in plan.by(Wearing, "port", other.id))


def _untracked(flow: Flow, direction: Direction, matching: list[Rule], rules: list[Rule]) -> bool:
    """Law 5's exception: a rule open to the world lets it in, and all protocols are open the other way."""
    if not has_ports(flow.protocol):
        return False
    family, _ = ip_number(flow.source)
    return any(open_to_the_world(rule, family) for rule in matching) and any(
        rule.direction is OPPOSITE[direction] and rule.match.protocol is None and open_to_the_world(rule, family)
        for rule in rules
    )
