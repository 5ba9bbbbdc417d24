"""What the command line asks of a whole design; with a real packet where that is wanted."""

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.analyze.internet import ANYONE
from atoll.analyze.lookup import without_power
from atoll.app.hosts import ALWAYS, ensure_host
from atoll.app.tracing import trace
from atoll.compile.internet import host_id
from atoll.packet import ICMP, Flow, has_ports, protocol_name
from atoll.plan.rows import INTERNET, Port
from atoll.review import checks, exposures, reaching

if TYPE_CHECKING:
    from atoll.app.server import Server

DEFAULT = host_id(ALWAYS[0])
"""The host that speaks for the whole internet."""


def reach(server: "Server", request: dict[str, Any], caller: int) -> dict[str, Any]:
    """The answer to one question. LookupError and ValueError tell the user what to write instead."""
    source, destination = str(request["source"]), str(request["destination"])
    found = server.analyse(reaching.answer, source, destination, caller=caller)
    said: dict[str, Any] = msgspec.to_builtins(found)
    if request.get("confirm"):
        for pair, shown in zip(found.pairs, said["pairs"], strict=True):
            shown["confirmed"] = send(server, pair.sender, pair.at, pair.example) if pair.example else None
    return said


def exposure(server: "Server", request: dict[str, Any], caller: int) -> Any:
    """What the internet reaches and what reaches it. `region`: of that region alone; LookupError where it is none."""
    return msgspec.to_builtins(server.analyse(exposures.exposure, request["region"], caller=caller))


def check(server: "Server", request: dict[str, Any], caller: int) -> Any:
    """The findings. LookupError for a region or a kind that is none."""
    found = server.analyse(checks.check, request["region"], request["kinds"], caller=caller)
    return msgspec.to_builtins(found)


def send(server: "Server", sender: str, at: str, flow: Flow) -> dict[str, Any] | None:
    """What `atoll trace` says of a packet from one port to another ("": unknown).

    None where it cannot be sent: of a protocol that nobody here speaks, or from what has no network or no power.
    """
    if server.options.fabric == "none" or not (has_ports(flow.protocol) or flow.protocol == ICMP):
        return None
    port = server.writer.plan.get(Port, sender)
    if port is not None and (port.node is None or server.fabric.namespace(port.node) is None):
        return None
    if port is not None and server.read(lambda: without_power(server.writer.plan, port)) is not None:
        return None
    source = DEFAULT if sender == ANYONE else sender
    for end in (source, at):
        if end.startswith(f"{INTERNET}/"):
            ensure_host(server, end.removeprefix(f"{INTERNET}/"))
    return trace(
        server,
        {
            "source": source.replace(f"{INTERNET}/", f"{INTERNET}:"),
            "destination": flow.destination,
            "port": flow.destination_port,
            "protocol": protocol_name(flow.protocol),
        },
    )
