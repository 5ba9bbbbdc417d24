"""Whether any packet can use a rule: the plan where, of all rules that judge with it, it alone lets packets pass.

What still passes there, and does not where it is gone too, uses it. Everything runs in these plans: what is stopped, or
fails its health check, is not what makes a rule useless.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from atoll.analyze.between import everything_about, private
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, with_anyone
from atoll.analyze.lookup import is_balancer
from atoll.analyze.reach import reach
from atoll.analyze.reach.flows import IPV4, SERVICES, Box, block, subtract_all
from atoll.analyze.reach.routes import Still
from atoll.analyze.reach.rules import services
from atoll.analyze.reach.spans import Span
from atoll.plan.rows import Backend, Direction, Filter, In, Node, Port, Probe, Rule, Site, Wearing
from atoll.records import Table
from atoll.review.settle import heard

EVERY_PORT: Span = ((0, 65535),)
ASIDE = "/aside"
"""What is moved out of the way has its id with this at the end."""


def running(plan: Table) -> Still:
    """The plan, with all of the internet in it, where everything runs and is healthy."""
    draft = with_anyone(plan)
    for site in plan.all(Site):
        draft.put(replace(site, up=True))
    for node in plan.all(Node):
        draft.put(replace(node, powered=True))
    for port in plan.all(Port):
        draft.put(replace(port, up=True))
    for backend in plan.all(Backend):
        draft.put(replace(backend, eligible=True))
    return draft


def used_by_port(plan: Table, rule: Rule, port: Port, senders: Iterable[str]) -> bool:
    """Whether a packet gets somewhere by a group's rule at a port that wears the group. `senders`: who may send."""
    own = rule.direction is Direction.OUT and port.guard and not is_balancer(plan, port)
    with_it, without_it = (_at_port(plan, port, rule.direction, one) for one in (rule, None))
    asked = IPV4 if rule.direction is Direction.OUT else everything_about(with_it, port.id).addresses
    return _differ(with_it, without_it, [port.id] if own else senders, asked)


def used_by_border(plan: Table, rule: Rule, senders: Iterable[str]) -> bool:
    """Whether a packet, or an answer, gets somewhere by an entry of a network ACL that allows."""
    return _differ(_at_border(plan, rule, keep=True), _at_border(plan, rule, keep=False), senders, IPV4)


def shadowed(plan: Table, rule: Rule) -> bool:
    """Whether the entries before it take everything that this one of a network ACL matches."""
    before = (one for one in _judging(plan, rule) if _order(one) < _order(rule))
    return not subtract_all([_matched(rule)], map(_matched, before))


def _matched(rule: Rule) -> Box:
    assert isinstance(rule.match.peer, In), f"{rule.id} is no entry of an ACL"
    peers = block(rule.match.peer.prefix)
    return Box(peers, IPV4, services(rule.match), EVERY_PORT)


def _judging(plan: Table, rule: Rule) -> list[Rule]:
    return [one for one in plan.by(Rule, "filter", rule.filter) if one.direction is rule.direction]


def _order(rule: Rule) -> int:
    return rule.order or 0


def _at_border(plan: Table, rule: Rule, *, keep: bool) -> Still:
    """An earlier entry takes what it takes, and lets nothing of it pass; there is no later one."""
    draft = running(plan)
    for one in _judging(plan, rule):
        if _order(one) < _order(rule):
            draft.put(replace(one, allow=False))
        elif one != rule or not keep:
            draft.delete(one)
    return draft


def _at_port(plan: Table, port: Port, direction: Direction, rule: Rule | None) -> Still:
    """The port goes on wearing its groups, which others may refer to, but of their rules only this one is left.

    Others that wear those groups wear their rules aside, and are judged as ever.
    """
    draft = running(plan)
    worn = plan.by(Wearing, "port", port.id)
    for name in {one.filter for one in worn}:
        mine = plan.get(Filter, name)
        assert mine is not None, f"{port.id} wears {name}, which is not there"
        draft.put(replace(mine, id=name + ASIDE))
        for other in plan.by(Wearing, "filter", name):
            if other.port != port.id:
                draft.put(replace(other, slot=other.slot + 1000, filter=name + ASIDE))
        for one in plan.by(Rule, "filter", name):
            if one.direction is direction and (rule is None or one.id != rule.id):
                draft.delete(one)
            if one.direction is direction:
                draft.put(replace(one, id=one.id + ASIDE, filter=name + ASIDE))
    return draft


def _differ(one: Still, other: Still, senders: Iterable[str], asked: Span) -> bool:
    """Whether something that arrives or is answered in the first plan is not in the second, health checks included."""
    if any(heard(one, check) and not heard(other, check) for check in one.base.all(Probe)):
        return True
    for sender in senders:
        theirs = _fates(other, sender, asked)
        if any(subtract_all(mine, theirs.get(fate, ())) for fate, mine in _fates(one, sender, asked).items()):
            return True
    return False


def _fates(plan: Still, sender: str, asked: Span) -> dict[tuple[object, ...], list[Box]]:
    """The flows of a sender that get somewhere, by what becomes of them and what is chosen on the way."""
    sources = addresses(plan) if sender == ANYONE else private(plan, sender)
    found: dict[tuple[object, ...], list[Box]] = {}
    for outcome in reach(plan, sender, [Box(sources, asked, SERVICES, EVERY_PORT)], ANSWERING):
        if outcome.arrives:
            found.setdefault((outcome.at, outcome.answered, outcome.picks), []).append(outcome.flows)
    return found
