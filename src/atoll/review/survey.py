"""What becomes of everything that everybody can send: one question a sender, about all addresses at once."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from atoll.analyze.between import EPHEMERAL, private
from atoll.analyze.internet import ANSWERING, ANYONE, addresses, kept_from
from atoll.analyze.lookup import Plan
from atoll.analyze.reach import Outcome, reach
from atoll.analyze.reach.flows import ADDRESSES, SERVICES, Box
from atoll.analyze.reach.spans import Span, both, without
from atoll.plan.rows import Port


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
        self._known: dict[str, list[Outcome]] = {}

    def of(self, sender: str) -> list[Outcome]:
        """The fate of what one sends."""
        if sender not in self._known:
            self._known[sender] = list(self._outcomes(sender))
        return self._known[sender]

    def all(self) -> Iterator[Sent]:
        """Of everybody's."""
        return (Sent(sender, one) for sender in self.senders for one in self.of(sender))

    def arriving(self) -> Iterator[Sent]:
        """Of those alone that get to a port."""
        return (sent for sent in self.all() if sent.outcome.arrives)

    def _outcomes(self, sender: str) -> Iterator[Outcome]:
        mine = self.plan.get(Port, sender)
        sources = self.internet if sender == ANYONE else private(self.plan, sender)
        for outcome in reach(self.plan, sender, everything(sources), ANSWERING):
            taker = self.plan.get(Port, outcome.at) if outcome.at else None
            if outcome.at is not None and (taker is None or (mine and mine.node == taker.node)):
                continue
            kept = kept_from(self.plan, taker) if taker is not None and sender == ANYONE else ()
            flows = outcome.flows._replace(source=without(outcome.flows.source, kept))
            if not flows.empty:
                yield msgspec.structs.replace(outcome, flows=flows)


def everything(sources: Span) -> list[Box]:
    """All flows from these addresses to any, a box a family."""
    return [Box(both(sources, family), family, SERVICES, EPHEMERAL) for family in ADDRESSES.values()]
