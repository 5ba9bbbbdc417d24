"""What is beyond the internet gateways, as it is asked about and as it is told of.

The proof asks about a host that has every public address which this cloud does not have (analyze/internet.py). What
AWS tells of is simpler: whatever a gateway lets pass, all but private addresses; the cloud's own public addresses, and
those that nobody has anywhere, are not cut out. So sets are told of with these put back, wherever no rule, route or
condition has taken something out of them.
"""

from typing import NamedTuple

from atoll.analyze.internet import ANYONE, addresses, kept_from
from atoll.analyze.lookup import Plan
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import DESTINATION, IPV4, Box
from atoll.analyze.reach.links import UNROUTED
from atoll.analyze.reach.spans import Span, either, without
from atoll.plan.rows import Port

LET_PASS = without(IPV4, UNROUTED)
"""What internet gateways let pass on their outer side."""


class Outside(NamedTuple):
    """`asked`: the addresses that the proof asks about; `told`: those that are told of."""

    asked: Span
    told: Span

    def widened(self, span: Span) -> Span:
        """What is told of, but for what was taken out of what was asked about."""
        return without(self.told, without(self.asked, span))


def outside(plan: Plan, inside: tuple[str, ...] = ()) -> Outside:
    """Seen from the VPCs of these ports: a VPC's own addresses do not come in by its gateway."""
    kept: Span = ()
    for one in inside:
        port = plan.get(Port, one)
        kept = either(kept, kept_from(plan, port)) if port is not None else kept
    return Outside(without(addresses(plan), kept), without(LET_PASS, kept))


def widened(one: Outcome, sender: str, asked: Box, beyond: Outside) -> Box:
    """The flows of an outcome as they are told of: widened where all of the internet was asked about."""
    box = one.flows
    if sender == ANYONE and not without(beyond.asked, asked.source):
        box = box._replace(source=beyond.widened(box.source))
    if one.at == ANYONE and one.seen.destination == DESTINATION and not without(beyond.asked, asked.destination):
        box = box._replace(destination=beyond.widened(box.destination))
    return box
