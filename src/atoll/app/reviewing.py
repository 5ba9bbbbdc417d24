"""What the command line asks of a whole design; with a real packet where that is wanted."""

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.app.hosts import ensure_host
from atoll.app.tracing import trace
from atoll.packet import has_ports, protocol_name
from atoll.plan.rows import INTERNET
from atoll.review import exposures, reaching

if TYPE_CHECKING:
    from atoll.app.server import Server


def reach(server: "Server", request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question. LookupError and ValueError tell the user what to write instead."""
    writer = server.writer
    source, destination = str(request["source"]), str(request["destination"])
    found = server.read(lambda: reaching.answer(writer.model, writer.plan, source, destination))
    said: dict[str, Any] = msgspec.to_builtins(found)
    if request.get("confirm"):
        for pair, shown in zip(found.pairs, said["pairs"], strict=True):
            shown["confirmed"] = _confirm(server, pair)
    return said


def exposure(server: "Server", request: dict[str, Any]) -> Any:
    """What the internet reaches and what reaches it. `region`: of that region alone."""
    writer = server.writer
    return msgspec.to_builtins(server.read(lambda: exposures.exposure(writer.model, writer.plan, request["region"])))


def _confirm(server: "Server", pair: reaching.Pair) -> dict[str, Any] | None:
    """Send the example. None where there is no packet that could be sent: of a protocol that nobody here speaks."""
    flow = pair.example
    if flow is None or not (has_ports(flow.protocol) or protocol_name(flow.protocol) == "icmp"):
        return None
    for end in (pair.sender, pair.at):
        if end.startswith(f"{INTERNET}/"):
            ensure_host(server, end.removeprefix(f"{INTERNET}/"))
    return trace(
        server,
        {
            "source": pair.sender.replace(f"{INTERNET}/", f"{INTERNET}:"),
            "destination": flow.destination,
            "port": flow.destination_port,
            "protocol": protocol_name(flow.protocol),
        },
    )
