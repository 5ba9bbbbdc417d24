"""What becomes of everything that everybody can send: one question a sender, about all addresses at once."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from atoll.analyze.between import EPHEMERAL, private
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, kept_from
from atoll.analyze.lookup import Plan
from atoll.analyze.reach import Outcome, reach
from atoll.analyze.reach.flows import ADDRESSES, SERVICES, Box
from atoll.analyze.reach.spans import Span, both, joined, without
from atoll.plan.rows import Port

EVERYWHERE: Span = joined(tuple(part for family in ADDRESSES.values() for part in family))
"""Every address of both families."""


class Sent(NamedTuple):
    """Flows of one fate, and the port that sends them."""

    sender: str
    outcome: Outcome


class Survey:
    """The fate of all flows of these senders, by each own address of theirs and from source ports 1024 to 65535.

    `plan`: see analyze/internet.py. A sender is asked about when it is needed, and once. What a port's own node sends
    to itself, and what is for a domain's own services (names, metadata), is left out.
    """

    def __init__(self, plan: Plan, senders: tuple[str, ...]) -> None:
        self.plan = plan
        self.senders = senders
        self.internet = addresses(plan)
        self._known: dict[tuple[str, Span | None], list[Outcome]] = {}

    def of(self, sender: str, asked: Span | None = None) -> list[Outcome]:
        """The fate of what one sends. `asked`: to these addresses alone, which costs less."""
        if (sender, asked) not in self._known:
            self._known[sender, asked] = list(self._outcomes(sender, asked))
        return self._known[sender, asked]

    def outward(self, sender: str) -> list[Outcome]:
        """The fate of what one sends to the internet."""
        return self.of(sender, self.internet)

    def arriving(self) -> Iterator[Sent]:
        """Of everybody's flows those that get to a port."""
        return (Sent(sender, one) for sender in self.senders for one in self.of(sender) if one.arrives)

    def _outcomes(self, sender: str, asked: Span | None) -> Iterator[Outcome]:
        mine = self.plan.get(Port, sender)
        sources = self.internet if sender == ANYONE else private(self.plan, sender)
        for outcome in reach(self.plan, sender, everything(sources, asked), ANSWERING):
            taker = self.plan.get(Port, outcome.at) if outcome.at else None
            if outcome.at is not None and (taker is None or (mine and mine.node == taker.node)):
                continue
            kept = kept_from(self.plan, taker) if taker is not None and sender == ANYONE else ()
            flows = outcome.flows._replace(source=without(outcome.flows.source, kept))
            if not flows.empty:
                yield msgspec.structs.replace(outcome, flows=flows)


def everything(sources: Span, asked: Span | None = None) -> list[Box]:
    """All flows from these addresses, to any or to those that are asked, a box a family."""
    families = ADDRESSES.values()
    ends = ((both(sources, one), one if asked is None else both(asked, one)) for one in families)
    return [Box(*pair, SERVICES, EPHEMERAL) for pair in ends]
