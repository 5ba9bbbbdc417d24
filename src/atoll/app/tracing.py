"""`atoll trace`: what the plan says of one packet, hop by hop, and what one real packet does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.analyze.explain import explain
from atoll.analyze.history import Verdict
from atoll.analyze.history import probe as predict
from atoll.analyze.wording import EXAMPLE_PORT
from atoll.app.hosts import ALWAYS
from atoll.app.names import find_interface, find_port
from atoll.linux.probe import ICMP, TCP, UDP, Seen, probe
from atoll.model.kinds import NetworkInterface
from atoll.packet import Flow, ip_number
from atoll.plan.rows import INTERNET, Address, Domain, Mapping, Node, NodeKind, Port, Segment
from atoll.records import Table

if TYPE_CHECKING:
    from atoll.app.server import Server

FORWARDERS = (NodeKind.TRANSLATOR, NodeKind.BALANCER)
NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}


class Prediction(NamedTuple):
    """What the plan says, and where to send and to watch."""

    verdict: Verdict
    lines: list[str]
    source: str
    destination: str
    sender: Path
    target: str | None
    receiver: Path | None


def trace(server: "Server", request: dict[str, Any]) -> dict[str, Any]:
    """The lines to show, whether the plan and the packet agree, and whether the packet was answered.

    LookupError and ValueError tell the user what to write instead.
    """
    protocol = NUMBERS[request["protocol"]]
    said = server.read(lambda: _predict(server, request, protocol))
    seen = probe(said.sender, said.source, said.destination, protocol, request["port"], said.receiver)
    verdict = said.verdict
    return {
        "lines": said.lines,
        "seen": _words(seen, said.target),
        "arrived": seen.arrived is not None,
        "answered": seen.answer is not None,
        "predicted": {"arrives": verdict.arrives, "answered": verdict.answered, "reason": str(verdict.reason)},
        "agree": _agree(verdict, seen, protocol),
    }


def _predict(server: "Server", request: dict[str, Any], protocol: int) -> Prediction:
    """On the thread that owns model and plan."""
    plan, model = server.writer.plan, server.writer.model
    source = request["source"]
    port = find_port(model, f"internet:{ALWAYS[0]}" if source == "internet" else source)
    sender = _sender(plan, port, source)
    destination = _destination(plan, model, request["destination"], port)
    verdict = predict(plan, port, Flow(sender.ip, destination, protocol, EXAMPLE_PORT, request["port"]))
    namespace = _namespace(server, port)
    if namespace is None:
        raise ValueError(f"{source} is attached to nothing that could send a packet.")
    target = verdict.at or _taker(plan, _owner(plan, destination, sender.domain))
    receiver = _namespace(server, target) if target else None
    return Prediction(verdict, explain(plan, verdict), sender.ip, destination, namespace, target, receiver)


def _agree(verdict: Verdict, seen: Seen, protocol: int) -> bool:
    """Whether a datagram is answered is the receiver's software's business; the kernel answers the others."""
    if verdict.arrives != (seen.arrived is not None):
        return False
    return protocol == UDP or verdict.answered == (seen.answer is not None)


def _words(seen: Seen, target: str | None) -> str:
    if seen.arrived is None:
        return "did not arrive" + (f"; the sender was told: {seen.answer}" if seen.answer else "")
    way = f"{seen.arrived.source} > {seen.arrived.destination}"
    return f"arrived at {target} as {way}; " + (f"answer: {seen.answer}" if seen.answer else "no answer came back")


def _sender(plan: Table, port: str, source: str) -> Address:
    primary = [address for address in plan.by(Address, "port", port) if address.primary]
    if not primary:
        raise LookupError(f"There is no {source} on the wire. Internet hosts: {', '.join(ALWAYS)}.")
    return primary[0]


def _destination(plan: Table, model: Table, text: str, sender: str) -> str:
    """An address as it stands; a thing by its private address inside its VPC, by its public one from elsewhere."""
    text = text.removeprefix(f"{INTERNET}:")
    try:
        ip_number(text)
    except ValueError:
        interface = find_interface(model, text)
    else:
        return text
    if _domain(plan, sender) != interface.vpc:
        public = _public(plan, interface)
        if public is not None:
            return public
    return interface.primary_ip


def _public(plan: Table, interface: NetworkInterface) -> str | None:
    inside = {address.ip for address in plan.by(Address, "port", interface.id)}
    mappings = [one for one in plan.all(Mapping) if one.inside in inside and interface.id in one.origin]
    return mappings[0].outside if mappings else None


def _domain(plan: Table, port: str) -> str:
    row = plan.get(Port, port)
    segment = plan.get(Segment, row.segment) if row else None
    return segment.domain if segment else ""


def _owner(plan: Table, destination: str, domain: str) -> str | None:
    """The port to watch although the plan says that nothing arrives there.

    None where that is a NAT gateway's or a load balancer's: what they refuse gets to them, and arrives nowhere.
    """
    mapped = plan.by(Mapping, "outside", destination)
    inside = [address for one in mapped for address in plan.all(Address) if address.ip == one.inside]
    owners = {address.port for address in inside} & {name for one in mapped for name in one.origin}
    here = plan.get(Address, domain, destination)
    port = plan.get(Port, here.port if here else next(iter(sorted(owners)), ""))
    node = plan.get(Node, port.node) if port is not None and port.node else None
    passes_on = node is not None and node.kind in (NodeKind.TRANSLATOR, NodeKind.BALANCER)
    return port.id if port is not None and not passes_on else None


def _taker(plan: Table, port: str | None) -> str | None:
    """The port if what comes to it is taken there. NAT gateways and load balancers also get what they refuse."""
    row = plan.get(Port, port) if port else None
    node = plan.get(Node, row.node) if row and row.node else None
    return port if node is None or node.kind not in FORWARDERS else None


def _namespace(server: "Server", port: str) -> Path | None:
    """Where a port's packets come in, or those for a domain's own services."""
    if server.writer.plan.get(Domain, port) is not None:
        return server.fabric.router(port)
    row = server.writer.plan.get(Port, port)
    return server.fabric.namespace(row.node) if row and row.node else None
