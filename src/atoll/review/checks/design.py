"""What checks look at: the model, the plan, and the fate of everything that can be sent."""

from functools import cached_property

from atoll.analyze.internet import ANYONE, with_anyone
from atoll.analyze.lookup import Plan
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import Box
from atoll.analyze.wording import addresses_text, example
from atoll.model.entity import Entity
from atoll.model.kinds import NetworkInterface
from atoll.plan.rows import INTERNET, Node, NodeKind, Rule
from atoll.records import Table
from atoll.review.checks.finding import Finding, Severity
from atoll.review.endpoints import label
from atoll.review.replay import Replay, replay
from atoll.review.survey import Survey


class Design:
    """One design. `region`: findings are about that one alone; packets are everybody's."""

    def __init__(self, model: Table, plan: Table, region: str | None = None) -> None:
        self.model = model
        self.plan = plan
        self.region = region

    @cached_property
    def whole(self) -> Plan:
        """The plan with all of the internet in it."""
        return with_anyone(self.plan)

    @cached_property
    def survey(self) -> Survey:
        """What becomes of what anybody sends."""
        return Survey(self.whole, (ANYONE, *(one.id for one in self.interfaces)))

    @cached_property
    def interfaces(self) -> list[NetworkInterface]:
        """The users' own ENIs, of all regions."""
        return sorted((one for one in self.model.all(NetworkInterface) if not one.managed), key=lambda one: one.id)

    def here(self, entity: Entity) -> bool:
        """Whether findings may be about it."""
        return self.region in (None, entity.region)

    def label(self, port: str) -> str:
        """A port in words."""
        return INTERNET if port == ANYONE else label(self.model, port)

    def sources(self, box: Box) -> str:
        """The sources of flows in words."""
        return addresses_text(box.source, self.survey.internet)

    def is_kind(self, name: str, kind: NodeKind) -> bool:
        """Whether a name on a packet's way is a node of that kind."""
        node = self.whole.get(Node, name)
        return node is not None and node.kind is kind

    def direct(self, outcome: Outcome) -> bool:
        """Whether no translator and no balancer is on the way: the address asked is the taker's own, or its mapping."""
        nodes = (NodeKind.TRANSLATOR, NodeKind.BALANCER)
        return not any(self.is_kind(name, kind) for name in outcome.via for kind in nodes)

    def shown(
        self, kind: str, severity: Severity, subject: str, text: str, change: str, sender: str, box: Box
    ) -> Finding:
        """A finding with one of these packets as its evidence, and the rules that this one met."""
        packet = example(box)
        seen = replay(self.plan, sender, packet)
        return Finding(
            kind=kind,
            severity=severity,
            subject=subject,
            text=text,
            change=change,
            evidence=[f"packet {packet}", *seen.lines],
            packet=packet,
            sender=seen.sender,
            rules=met(seen),
        )


def met(seen: Replay) -> list[str]:
    """The ids of the rules that judged a packet and its answer."""
    hops = [*seen.verdict.forward.hops, *(seen.verdict.back.hops if seen.verdict.back else ())]
    keys = (key for hop in hops if hop.what in ("filter", "fence") for key in hop.rows)
    return list(dict.fromkeys(key[1] for key in keys if key[0] == Rule.KIND))
