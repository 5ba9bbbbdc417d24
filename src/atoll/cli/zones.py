"""az: an availability zone is gone, or is back."""

from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, show_json

app = typer.Typer(invoke_without_command=True)

Zone = Annotated[str, typer.Argument(help="Its name or id: us-east-1a, use1-az6.")]

COUNTED = {
    "subnets": "subnets",
    "instances": "instances",
    "nat_gateways": "NAT gateways",
    "load_balancer_nodes": "load balancer nodes",
}


@app.callback()
def az(context: typer.Context, json: Json = False, state: State = None) -> None:
    """List the availability zones in use; let one fail, bring it back.

    Those are listed that have something in them, and those that are down.

    Example: atoll az
    """
    if context.invoked_subcommand is not None:
        return
    found: list[dict[str, Any]] = call(state, {"do": "zones"})
    if json:
        show_json(found)
        return
    for one in found:
        held = ", ".join(f"{one[key]} {noun}" for key, noun in COUNTED.items() if one[key]) or "nothing in it"
        standing = "up" if one["up"] else f"DOWN since {one['down_since']}"
        print(f"{one['zone']:16} {one['id']:10} {standing}  {held}")


@app.command()
def down(zone: Zone, state: State = None) -> None:
    """Let a zone fail, for every account.

    Nothing in it sends or receives any more, as when its power is cut, and nothing else changes: health checks and DNS
    find out by themselves. What runs in its instances goes on, cut off, so that it is there when the zone is back.

    Example: atoll az down us-east-1a
    """
    done = call(state, {"do": "zone-down", "zone": zone})
    print(f"{done['zone']} is down." if done["changed"] else f"{done['zone']} was down already.")


@app.command()
def up(zone: Zone, state: State = None) -> None:
    """Bring a zone back.

    Example: atoll az up us-east-1a
    """
    done = call(state, {"do": "zone-up", "zone": zone})
    print(f"{done['zone']} is up." if done["changed"] else f"{done['zone']} was up already.")
