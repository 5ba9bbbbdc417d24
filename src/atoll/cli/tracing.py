"""trace: one real packet, and what the plan says about it."""

from typing import Annotated

import typer

from atoll.cli.common import Json, State, call, fail, show_json

PROTOCOLS = ("tcp", "udp", "icmp")


def trace(
    source: Annotated[str, typer.Argument(help="internet, internet:IP, i-..., eni-... or tag:Name=x")],
    destination: Annotated[str, typer.Argument(help="An address, i-..., eni-... or tag:Name=x, then :PORT[/tcp|udp]")],
    json: Json = False,
    state: State = None,
) -> None:
    """Send one real packet and show each hop and rule that it met.

    Exit status 0 when it was answered, 1 when not, 2 when the packet and the plan disagree.

    Example: atoll trace internet 198.18.0.7:80
    """
    target, port, protocol = split(destination)
    found = call(
        state,
        {"do": "trace", "source": source, "destination": target, "port": port, "protocol": protocol},
    )
    if json:
        show_json(found)
    else:
        for line in found["lines"]:
            print(line)
        print(f"the packet: {found['seen']}")
        print(
            "the plan and the packet agree"
            if found["agree"]
            else "THE PLAN AND THE PACKET DISAGREE: please report this"
        )
    raise typer.Exit(2 if not found["agree"] else 0 if found["answered"] else 1)


def split(text: str) -> tuple[str, int, str]:
    """target, port and protocol of "198.18.0.7:80/udp"; a target alone is asked by ping."""
    address, slash, protocol = text.partition("/")
    target, colon, port = address.rpartition(":")
    if not colon or (target.startswith("tag") and ":" not in target):
        if slash and protocol != "icmp":
            fail(f"{text} names no port. Example: 198.18.0.7:80/tcp", 64)
        return address, 0, "icmp"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        fail(f"{port!r} is no port. Example: 198.18.0.7:80", 64)
    if slash and protocol not in PROTOCOLS:
        fail(f"{protocol!r} is no protocol that trace knows: {', '.join(PROTOCOLS)}", 64)
    return target, int(port), protocol or "tcp"
