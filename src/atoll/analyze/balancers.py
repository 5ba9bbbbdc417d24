"""What a balancer (a load balancer's node) does to a packet (laws 4 and 6); its frame is a translator's Translation."""

from msgspec.structs import replace

from atoll.analyze.lookup import Plan, domain_of, is_balancer, owns
from atoll.analyze.translators import Passage, Translation, changed, known_passage
from atoll.packet import ICMP, Flow, Reason
from atoll.plan.rows import Address, Backend, Frontend, Port

LOWEST = 1024
"""Where the ports begin that a balancer gives to a connection whose source it does not keep."""


def frontend_of(plan: Plan, node: str, flow: Flow) -> Frontend | None:
    """What the node listens with for that protocol and port."""
    wanted = (flow.protocol, flow.destination_port)
    return next((one for one in plan.by(Frontend, "node", node) if (one.protocol, one.port) == wanted), None)


def eligible(plan: Plan, frontend: str) -> list[Backend]:
    """The backends that a new connection may get, in a fixed order."""
    found = (one for one in plan.by(Backend, "frontend", frontend) if one.eligible)
    return sorted(found, key=lambda one: one.key)


def balance(
    plan: Plan, port: Port, domain: str, flow: Flow, known: tuple[Translation, ...], *, opener: bool, pick: int
) -> tuple[Passage, int]:
    """The packet comes to a balancer's port; and how many backends there were. `pick`: which a new connection gets."""
    node = str(port.node)
    passage = known_passage(node, flow, known)
    if passage is not None:
        return passage, 1
    frontend = frontend_of(plan, node, flow) if flow.protocol != ICMP else None
    if frontend is None or not owns(plan, port, domain, flow.destination):
        return _refused(flow, f"{node} has no listener for it"), 1
    if not opener:
        return _refused(flow, "this opens no connection"), 1
    found = eligible(plan, frontend.id)
    if not found:
        return _refused(flow, f"{frontend.id} has no target"), 1
    chosen = found[pick % len(found)]
    sent = replace(flow, destination=chosen.address, destination_port=chosen.port)
    if not frontend.keep:
        primary = next(one.ip for one in plan.by(Address, "port", port.id) if one.primary)
        sent = replace(sent, source=primary, source_port=max(flow.source_port, LOWEST))
    passage = changed(flow, sent)
    rows = (frontend.key, chosen.key)
    made = Translation(node, flow, sent, frontend.idle, frontend=frontend.id)
    return replace(passage, rows=rows, new=True, translation=made), len(found)


def _refused(flow: Flow, detail: str) -> Passage:
    return Passage(flow, detail, refusal=Reason.REFUSED_BY_BALANCER)


def returns_to(plan: Plan, port: Port, flow: Flow, brought: str | None, known: tuple[Translation, ...]) -> Port | None:
    """The balancer's port to which an answer from `port` goes, whatever its table says: where it kept the source.

    As long as either of them remembers the connection: what the balancer has forgotten it refuses. `brought`: the port
    that brought it, as `port` remembers.
    """
    if brought is not None:
        return plan.get(Port, brought)
    for one in known:
        if flow == one.sent.reply() and one.sent.source == one.seen.source:
            for back in plan.by(Port, "node", one.node):
                here = back.id != port.id and domain_of(plan, back) == domain_of(plan, port)
                if here and is_balancer(plan, back):
                    return back
    return None
