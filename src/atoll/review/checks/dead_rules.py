"""Rules that no packet can use: of security groups and of network ACLs."""

from collections.abc import Iterator

from atoll.analyze.explain import describe_match
from atoll.model.entity import Entity
from atoll.model.kinds import NetworkAcl, SecurityGroup
from atoll.packet import Prefix
from atoll.plan.rows import Direction, Filter, In, Match, Port, Rule, Segment, SentBy, Wearing
from atoll.review.alone import shadowed, used_by_border, used_by_port
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity
from atoll.review.checks.stale_groups import DEFAULT

KIND = "dead-rule"

ANYWHERE = (Match(peer=In(Prefix.everything())), Match(peer=In(Prefix.parse("::/0"))))


def find(design: Design) -> Iterator[Finding]:
    """One finding a rule. Those of groups that nothing wears, and of ACLs of empty subnets, are not looked at; nor are
    rules for IPv6, and what AWS itself puts into a group.
    """
    for filter_ in sorted(design.plan.all(Filter), key=lambda one: one.id):
        kind: type[Entity] = NetworkAcl if filter_.ordered else SecurityGroup
        owner = design.model.get(kind, filter_.origin[0])
        if owner is None or not design.here(owner):
            continue
        for rule in design.plan.by(Rule, "filter", filter_.id):
            if not _is_ipv6(rule) and (why := _entry(design, rule) if filter_.ordered else _rule(design, owner, rule)):
                yield _finding(filter_, rule, why)


def _is_ipv6(rule: Rule) -> bool:
    return isinstance(rule.match.peer, In) and rule.match.peer.prefix.family == 6


def _entry(design: Design, rule: Rule) -> str:
    """Why nothing uses an entry of an ACL; "" where something does."""
    fenced = design.plan.by(Segment, "fence", rule.filter)
    if not any(design.plan.by(Port, "segment", segment.id) for segment in fenced):
        return ""
    if shadowed(design.plan, rule):
        return "the entries before it decide on all that it matches"
    if rule.allow and not used_by_border(design.plan, rule, design.survey.senders):
        return "nothing that it lets pass gets anywhere"
    return ""


def _rule(design: Design, owner: Entity, rule: Rule) -> str:
    """Why nothing uses a rule of a group; "" where something does."""
    wearing = design.plan.by(Wearing, "filter", rule.filter)
    ports = [port for one in wearing if (port := design.plan.get(Port, one.port)) is not None]
    if not ports or _is_given(owner, rule):
        return ""
    if any(used_by_port(design.plan, rule, port, design.survey.senders) for port in ports):
        return ""
    if isinstance(rule.match.peer, SentBy) and rule.match.peer.filter == rule.filter:
        return "it refers to its own group, and between those that wear it nothing gets through by it"
    return "nothing that it lets pass gets anywhere"


def _is_given(owner: Entity, rule: Rule) -> bool:
    """Whether AWS puts it there by itself: everything outward, and in the default group everything among its own."""
    if rule.direction is Direction.OUT:
        return rule.match in ANYWHERE
    default = isinstance(owner, SecurityGroup) and owner.name == DEFAULT
    return default and rule.match == Match(peer=SentBy(rule.filter))


def _finding(filter_: Filter, rule: Rule, why: str) -> Finding:
    name = rule.id if rule.order is None else f"rule {rule.order} {rule.direction} of {rule.filter}"
    verb = "allow" if rule.allow else "deny"
    text = f"no packet can use {name} of {filter_.origin[0]}" if rule.order is None else f"no packet can use {name}"
    return Finding(
        kind=KIND,
        severity=Severity.LOW,
        subject=rule.id,
        text=f"{text} ({verb} {describe_match(rule.match, rule.direction)}): {why}",
        change="take it out, or mend what stands in its way",
        rules=[rule.id],
    )
