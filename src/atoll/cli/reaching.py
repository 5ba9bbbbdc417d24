"""reach: what is open between two ends, for all packets, and why the rest is not."""

from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, show_json

BAD_QUESTION = 2

ENDS = "internet, internet:IP, i-..., eni-..., subnet-..., sg-..., vpc-..., lb:NAME, tag:Name=x or a CIDR"
Source = Annotated[str, typer.Argument(help=ENDS)]
Destination = Annotated[
    str, typer.Argument(help="The same, then [:PORTS][/tcp|udp|icmp|all]; PORTS as 80,443,8000-8080")
]
Confirm = Annotated[bool, typer.Option("--confirm", help="Also send the example packet.")]


def reach(
    source: Source, destination: Destination, confirm: Confirm = False, json: Json = False, state: State = None
) -> None:
    """Prove over all packets what is open, and why the rest is not.

    Exit status 0 when something that you asked for is open, 1 when nothing is, 2 when the question is none.

    Example: atoll reach internet tag:Name=web:80
    """
    request = {"do": "reach", "source": source, "destination": destination, "confirm": confirm}
    found = call(state, request, status=BAD_QUESTION)
    if json:
        show_json(found)
    else:
        for number, pair in enumerate(found["pairs"]):
            print("\n" * (number > 0) + f"{pair['source']} -> {pair['destination']}")
            for line in _lines(pair):
                print(f"  {line}")
    raise typer.Exit(0 if found["reachable"] else 1)


def _lines(pair: dict[str, Any]) -> list[str]:
    lines = [f"open       {_flows(row)}" for row in pair["open"]]
    lines += [
        f"half-open  {_flows(row)}: arrives, and the answer is lost ({row['reason']})" for row in pair["half_open"]
    ]
    lines += [f"closed     {row['services']} ({row['reason']})" for row in pair["closed"]]
    lines += ["", *pair["path"]]
    lines += [f"to change: {one['change']}" for one in pair["changes"]]
    if confirmed := pair.get("confirmed"):
        agree = "as proved" if confirmed["agree"] else "NOT AS PROVED: please report this"
        lines.append(f"the packet: {confirmed['seen']} ({agree})")
    elif "confirmed" in pair:
        lines.append("the packet: not sent, for want of one that can be")
    return lines


def _flows(row: dict[str, str]) -> str:
    return f"{row['services']}  from {row['sources']} to {row['destinations']}"


def exposure(
    region: Annotated[str | None, typer.Option(help="Of this region alone.")] = None,
    json: Json = False,
    state: State = None,
) -> None:
    """List what the internet reaches, and what reaches the internet.

    Exit status 0 when the internet reaches nothing, 1 when it reaches something, 2 when there is no such region.

    Example: atoll exposure --region us-east-1
    """
    found = call(state, {"do": "exposure", "region": region}, status=BAD_QUESTION)
    inward = [one for one in found if one["inward"]]
    if json:
        show_json(found)
    else:
        _show("The internet reaches", inward)
        _show("The internet is reached by", [one for one in found if not one["inward"]])
    raise typer.Exit(1 if inward else 0)


def _show(title: str, found: list[dict[str, Any]]) -> None:
    print(f"{title}:" if found else f"{title}: nothing")
    for one in found:
        print(f"  {one['name']}")
        for row in one["open"]:
            print(f"    {_flows(row)}")
        for row in one["half_open"]:
            print(f"    half-open: {_flows(row)} ({row['reason']})")
