"""Network ACLs that cut the answers of what they and everybody else let pass."""

from collections.abc import Iterator

from atoll.analyze.internet import ANYONE
from atoll.analyze.matrix import answered_at
from atoll.analyze.reach.flows import BLOCK, Box
from atoll.analyze.reach.spans import Span, both, joined, without
from atoll.analyze.wording import example, services_text
from atoll.model.kinds import NetworkAcl
from atoll.packet import TCP, UDP, Reason
from atoll.plan.rows import Domain, DomainKind
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity
from atoll.review.replay import replay
from atoll.review.survey import EVERYWHERE, Sent

KIND = "cut-replies"

FENCES = (Reason.FENCE_IN, Reason.FENCE_OUT)

SERVERS: Span = joined(tuple(((one << BLOCK), (one << BLOCK) + 1023) for one in (TCP, UDP)))
"""Services below port 1024. To the internet only these are asked for: an entry that lets answers out to the clients'
ports lets new connections to those ports out as well, and nobody misses their answers."""


def find(design: Design) -> Iterator[Finding]:
    """One finding an ACL and direction, with the first packet whose answer it cuts."""
    found: dict[tuple[str, str], tuple[Sent, Box, str]] = {}
    for sent in _half_open(design):
        box = _asked(sent)
        if box is None:
            continue
        seen = replay(design.plan, sent.sender, example(box))
        refusals = seen.verdict.back.refusals if seen.verdict.back else ()
        for hop in refusals:
            if hop.refusal in FENCES:
                direction = "inbound" if hop.refusal is Reason.FENCE_IN else "outbound"
                change = "; ".join(one.change for one in seen.changes)
                found.setdefault((hop.id, direction), (sent, box, change))
    for (name, direction), (sent, box, change) in sorted(found.items(), key=lambda item: item[0]):
        acl = design.model.get(NetworkAcl, name)
        if acl is None or not design.here(acl):
            continue
        ends = f"from {design.label(sent.sender)} to {design.label(sent.outcome.at or '')}"
        what = services_text(box.service)
        yield design.shown(
            KIND,
            Severity.MEDIUM,
            name,
            f"{what} {ends} arrives, and {name} cuts its answers {direction}: an ACL remembers no connection",
            change,
            sent.sender,
            box,
        )


def _half_open(design: Design) -> Iterator[Sent]:
    """What arrives without an answer; pairs of which the matrix of their domain knows better are not asked about."""
    known = {
        sender: asked
        for domain in design.plan.all(Domain)
        if domain.kind is DomainKind.VPC
        for sender, asked in answered_at(design.whole, domain.id).items()
    }
    for sender in design.survey.senders:
        asked = without(EVERYWHERE, known[sender]) if sender in known else None
        yield from (Sent(sender, one) for one in design.survey.of(sender, asked) if one.arrives and not one.answered)


def _asked(sent: Sent) -> Box | None:
    outcome = sent.outcome
    if outcome.reason not in FENCES:
        return None
    if outcome.at != ANYONE:
        return outcome.flows
    box = outcome.flows._replace(service=both(outcome.flows.service, SERVERS))
    return None if box.empty else box
