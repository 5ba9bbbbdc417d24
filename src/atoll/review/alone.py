"""Whether any packet can use a rule: the plan where, of all rules that judge with it, it alone lets packets pass.

What still passes there, and does not where it is gone too, uses it. Everything runs in these plans: what is stopped, or
fails its health check, is not what makes a rule useless.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from atoll.analyze.between import everything_about, private
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, with_anyone
from atoll.analyze.lookup import Plan, is_balancer
from atoll.analyze.reach import reach
from atoll.analyze.reach.flows import IPV4, SERVICES, Box, block, place, subtract_all
from atoll.analyze.reach.routes import Still
from atoll.analyze.reach.rules import members, services
from atoll.analyze.reach.spans import Span, both, holds
from atoll.plan.rows import (
    Address,
    Backend,
    Direction,
    Filter,
    In,
    Mapping,
    Masquerade,
    Node,
    NodeKind,
    Port,
    Probe,
    Rule,
    SentBy,
    Site,
    Wearing,
)
from atoll.records import Record, Table
from atoll.review.settle import heard

EVERY_PORT: Span = ((0, 65535),)
ASIDE = "/aside"
"""What is moved out of the way has its id with this at the end."""


def running(plan: Table) -> Still:
    """The plan, with all of the internet in it, where everything runs and is healthy."""
    draft = with_anyone(plan)
    idle: list[Record] = [replace(site, up=True) for site in plan.all(Site) if not site.up]
    idle += [replace(node, powered=True) for node in plan.all(Node) if not node.powered]
    idle += [replace(port, up=True) for port in plan.all(Port) if not port.up]
    idle += [replace(backend, eligible=True) for backend in plan.all(Backend) if not backend.eligible]
    for row in idle:
        draft.put(row)
    return draft


def used_by_port(plan: Table, rule: Rule, port: Port, senders: Iterable[str]) -> bool:
    """Whether a packet gets somewhere by a group's rule at a port that wears the group. `senders`: who may send."""
    own = rule.direction is Direction.OUT and port.guard and not is_balancer(plan, port)
    with_it, without_it = (_at_port(plan, port, rule.direction, one) for one in (rule, None))
    asked = IPV4 if rule.direction is Direction.OUT else everything_about(with_it, port.id).addresses
    return _differ(with_it, without_it, [port.id] if own else _named(plan, rule, senders), asked)


def _named(plan: Table, rule: Rule, senders: Iterable[str]) -> Iterable[str]:
    """Of these senders those whose packets a group's rule may match where they arrive; of OUT, all of them.

    Who sends is known by what it wears or by an address of its own, if nothing on the way speaks for it.
    """
    peer = rule.match.peer
    if rule.direction is Direction.OUT:
        return senders
    if isinstance(peer, SentBy):
        wearing = {one.port for one in plan.by(Wearing, "filter", peer.filter)}
        balancers = any((port := plan.get(Port, one)) is not None and is_balancer(plan, port) for one in wearing)
        return senders if balancers else [one for one in senders if one in wearing]
    named = block(peer.prefix) if isinstance(peer, In) else members(plan, peer.set)
    if any(holds(named, place(ip)) for ip in _spoken(plan)):
        return senders
    return [one for one in senders if both(named, _sources(plan, one))]


def _spoken(plan: Table) -> Iterator[str]:
    """The addresses that others' packets may come from: public ones, and those of translators and balancers."""
    yield from (one.outside for one in plan.all(Mapping))
    yield from (one.address for one in plan.all(Masquerade))
    for node in plan.all(Node):
        if node.kind is NodeKind.BALANCER:
            yield from (one.ip for port in plan.by(Port, "node", node.id) for one in plan.by(Address, "port", port.id))


def _sources(plan: Plan, sender: str) -> Span:
    return addresses(plan) if sender == ANYONE else private(plan, sender)


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
        mine = _fates(one, sender, asked)
        theirs = _fates(other, sender, asked) if mine else {}
        if any(subtract_all(flows, theirs.get(fate, ())) for fate, flows in mine.items()):
            return True
    return False


def _fates(plan: Still, sender: str, asked: Span) -> dict[tuple[object, ...], list[Box]]:
    """The flows of a sender that get somewhere, by what becomes of them and what is chosen on the way."""
    found: dict[tuple[object, ...], list[Box]] = {}
    for outcome in reach(plan, sender, [Box(_sources(plan, sender), asked, SERVICES, EVERY_PORT)], ANSWERING):
        if outcome.arrives:
            found.setdefault((outcome.at, outcome.answered, outcome.picks), []).append(outcome.flows)
    return found
