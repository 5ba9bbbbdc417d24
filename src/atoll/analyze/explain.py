"""A verdict as lines to read: each hop with what decided there, and every reason why not."""

from collections.abc import Iterator

from atoll.analyze.history import Verdict
from atoll.analyze.lookup import Plan
from atoll.analyze.walk import Hop, Walk
from atoll.packet import Reason, has_ports, protocol_name
from atoll.packet.protocol import NAMES
from atoll.plan.rows import Direction, In, InSet, Match, Rule, SentBy
from atoll.records import Key


def explain(plan: Plan, verdict: Verdict) -> list[str]:
    """Lines for a terminal; a trailing [sgr-...] names the cloud objects that a hop came from."""
    lines = list(_walk(plan, "packet", verdict.forward))
    if verdict.back is not None:
        lines += _walk(plan, "answer", verdict.back)
    lines.append(_summary(verdict))
    lines += [f"  because {hop.what} {hop.id} {hop.detail}" for hop in _refusals(verdict)]
    return lines


def describe_match(match: Match, direction: Direction) -> str:
    """tcp 80 from 0.0.0.0/0"""
    what = "all" if match.protocol is None else protocol_name(match.protocol)
    if has_ports(match.protocol):
        what += f" {match.ports}"
    elif match.protocol in NAMES and match.icmp != (-1, -1):
        what += f" type {match.icmp[0]}/{match.icmp[1]}"
    preposition = "from" if direction is Direction.IN else "to"
    match match.peer:
        case In(prefix):
            return f"{what} {preposition} {prefix}"
        case InSet(name) | SentBy(name):
            return f"{what} {preposition} {name}"


def _summary(verdict: Verdict) -> str:
    if verdict.answered:
        return f"answered by {verdict.at} from {verdict.answer_source}"
    if not verdict.arrives:
        return f"does not arrive: {verdict.reason}"
    if verdict.reason is Reason.NOT_MINE:
        return f"arrives at {verdict.at}, which is not the end of the flow: {verdict.reason}"
    return f"arrives at {verdict.at}, but the answer is lost: {verdict.reason}"


def _refusals(verdict: Verdict) -> tuple[Hop, ...]:
    return (*verdict.forward.refusals, *(verdict.back.refusals if verdict.back else ()))


def _walk(plan: Plan, title: str, walk: Walk) -> Iterator[str]:
    yield f"{title} {walk.sent}"
    for hop in walk.hops:
        mark = "x" if hop.refusal else " "
        origin = _origins(plan, hop)
        yield f" {mark} {hop.what:8}{hop.id}  {hop.detail}{origin}"
        yield from (f"              {line}" for line in _rules(plan, hop))


def _rules(plan: Plan, hop: Hop) -> Iterator[str]:
    for key in hop.rows:
        rule = plan.find(key)
        if isinstance(rule, Rule):
            verb = "allow" if rule.allow else "deny"
            number = "" if rule.order is None else f"{rule.order} "
            yield f"{rule.id}: {number}{verb} {describe_match(rule.match, rule.direction)}{_origin(plan, key)}"


def _origins(plan: Plan, hop: Hop) -> str:
    names = dict.fromkeys(
        name for key in hop.rows if not isinstance(row := plan.find(key), Rule) for name in getattr(row, "origin", ())
    )
    return f"  [{' '.join(names)}]" if names else ""


def _origin(plan: Plan, key: Key) -> str:
    names: tuple[str, ...] = getattr(plan.find(key), "origin", ())
    return f"  [{' '.join(names)}]" if names else ""
