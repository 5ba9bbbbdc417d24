"""What a translator (a NAT gateway) does to a packet, and the frame that it leaves on the connection (law 4)."""

import msgspec
from msgspec.structs import replace

from atoll.analyze.lookup import Plan, owner, owns
from atoll.packet import ICMP, TCP, UDP, Flow, Reason, has_ports
from atoll.plan.rows import Masquerade, Node, NodeKind, Port
from atoll.records import Key

ECHO_REQUEST = 8


class Translation(msgspec.Struct, frozen=True):
    """A connection that a node has translated: its packets arrive as `seen` and leave as `sent`.

    Silent for `idle` seconds it is forgotten; `silent`: seconds since its last packet. `frontend`: the balancer's that
    took it.
    """

    node: str
    seen: Flow
    sent: Flow
    idle: int = 350
    silent: int = 0
    frontend: str = ""

    @property
    def place(self) -> tuple[str, Flow, Flow]:
        """What tells it from every other."""
        return (self.node, self.seen, self.sent)


class Passage(msgspec.Struct, frozen=True):
    """The packet as it leaves the translator, or why it does not. `new`: it opens a connection."""

    flow: Flow
    detail: str
    rows: tuple[Key, ...] = ()
    translation: Translation | None = None
    new: bool = False
    refusal: Reason | None = None


def is_translator(plan: Plan, port: Port) -> bool:
    """Whether what the port gets is translated and sent on."""
    node = plan.get(Node, port.node) if port.node else None
    return node is not None and node.kind is NodeKind.TRANSLATOR


def choices(plan: Plan, node: str) -> list[Masquerade]:
    """The addresses from which the node takes one for a new connection, in a fixed order."""
    return sorted(plan.by(Masquerade, "node", node), key=lambda one: one.address)


def translate(
    plan: Plan, port: Port, domain: str, flow: Flow, known: tuple[Translation, ...], *, opener: bool, pick: int
) -> Passage:
    """The packet comes to a translator's port. `pick`: which of its addresses a new connection gets."""
    node = str(port.node)
    passage = known_passage(node, flow, known)
    if passage is not None:
        return passage
    refusal = _refusal(plan, port, domain, flow, opener=opener)
    if refusal is not None:
        return refusal
    found = choices(plan, node)
    if not found:
        return Passage(flow, f"{node} has no address to give", refusal=Reason.REFUSED_BY_TRANSLATOR)
    chosen = found[pick % len(found)]
    source_port = flow.source_port
    if has_ports(flow.protocol) and not chosen.ports.holds(source_port):
        source_port = chosen.ports.low
    sent = replace(flow, source=chosen.address, source_port=source_port)
    passage = changed(flow, sent)
    return replace(passage, rows=(chosen.key,), new=True, translation=Translation(node, flow, sent, chosen.idle))


def known_passage(node: str, flow: Flow, known: tuple[Translation, ...]) -> Passage | None:
    """What becomes of a packet of a connection that the node has translated, in either direction."""
    for one in known:
        if one.node == node and flow == one.seen:
            return replace(changed(flow, one.sent), translation=replace(one, silent=0))
        if one.node == node and flow == one.sent.reply():
            return replace(changed(flow, one.seen.reply()), translation=replace(one, silent=0))
    return None


def changed(before: Flow, after: Flow) -> Passage:
    """The packet with other ends."""
    ends = (
        ("source", before.source, after.source),
        ("destination", before.destination, after.destination),
        ("port", before.destination_port, after.destination_port),
    )
    return Passage(after, ", ".join(f"{end} {old} becomes {new}" for end, old, new in ends if old != new))


def _refusal(plan: Plan, port: Port, domain: str, flow: Flow, *, opener: bool) -> Passage | None:
    """Why a packet of no connection that it knows opens none; None where it does."""
    if owns(plan, port, domain, flow.destination):
        return Passage(flow, "nobody inside has opened this", refusal=Reason.REFUSED_BY_TRANSLATOR)
    if owns(plan, port, domain, flow.source):
        return Passage(flow, "it has sent this itself", refusal=Reason.LOOP)
    sender = owner(plan, domain, flow.source)
    if sender is None or not _powered(plan, sender[1]):
        return Passage(flow, f"nobody in {domain} has {flow.source}", refusal=Reason.REFUSED_BY_TRANSLATOR)
    if not _opens(flow, opener=opener):
        return Passage(flow, "this opens no connection", refusal=Reason.REFUSED_BY_TRANSLATOR)
    return None


def _powered(plan: Plan, port: Port) -> bool:
    node = plan.get(Node, port.node) if port.node else None
    return port.up and node is not None and node.powered


def _opens(flow: Flow, *, opener: bool) -> bool:
    """Of a datagram nobody can tell whether it is an answer; TCP says so, and so does ICMP."""
    if flow.protocol == UDP:
        return True
    return opener and (flow.protocol == TCP or (flow.protocol == ICMP and flow.icmp_type == ECHO_REQUEST))
