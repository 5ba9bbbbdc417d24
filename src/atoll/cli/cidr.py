"""cidr: address blocks for VPCs to come, and what overlaps among those that there are."""

from typing import Annotated, Any

import typer

from atoll.cli.addressing import RESERVED, Named, Network, NoRoomError, Tier, overlaps, propose
from atoll.cli.common import Json, State, fail, folder, show_json
from atoll.local.control import ControlError, ask
from atoll.packet import Prefix

BAD_QUESTION = 2

ZONES = "abcdef"


def cidr(
    hosts: Annotated[
        list[str], typer.Option(help="Hosts in each zone today: a number, or NAME=NUMBER. Again for each tier.")
    ],
    vpcs: Annotated[int, typer.Option(min=1, help="How many VPCs.")] = 1,
    azs: Annotated[int, typer.Option(min=1, max=len(ZONES), help="Availability Zones of each.")] = 2,
    growth: Annotated[float, typer.Option(min=1, help="Room to leave: times today's hosts, times the subnets.")] = 2,
    avoid: Annotated[
        list[str] | None, typer.Option(help="A block used elsewhere: office, VPN, other accounts. Again for each.")
    ] = None,
    json: Json = False,
    state: State = None,
) -> None:
    """Propose blocks for VPCs and subnets that overlap with nothing.

    Each tier gets a subnet in each zone, with the five addresses that AWS keeps and room for growth. The blocks of
    the VPCs in a running Atoll are avoided, and overlaps among them are named: AWS makes such VPCs without a word, but
    can never peer them.

    Exit status 1 when there is no room for them, 2 when the question is none.

    Example: atoll cidr --hosts 200

    Example: atoll cidr --vpcs 2 --azs 2 --hosts web=50 --hosts db=10 --avoid 10.0.0.0/16
    """
    avoided = [_block(text) for text in avoid or ()]
    there = existing(state)
    try:
        found = propose(vpcs, azs, _tiers(hosts), growth, [*avoided, *(one.block for one in there or ())])
    except NoRoomError as error:
        fail(str(error))
    warnings = _warnings(there or [], avoided)
    if json:
        show_json({"vpcs": [_as_json(one) for one in found], "warnings": warnings})
        return
    for number, network in enumerate(found, 1):
        print(f"VPC {number}  {network.block}  {network.block.size} addresses, {network.free} free for further subnets")
        for subnet in network.subnets:
            print(
                f"  {subnet.tier.name:<12} zone {ZONES[subnet.zone]}  {subnet.block!s:<18}  "
                f"{subnet.usable} usable ({RESERVED} are AWS's), for {subnet.tier.hosts} hosts"
            )
    if there is None:
        print("No Atoll is running here, so no existing VPC was looked at.")
    for text in warnings:
        print(f"Warning: {text}")


def existing(state: State) -> list[Named] | None:
    """The blocks of all VPCs of the running Atoll, of every account and region; None when none runs.

    AWS gives all default VPCs the same block, so they count as one owner: that they overlap is nobody's choice.
    """
    try:
        found = ask(folder(state).control, {"do": "blocks"})
    except ControlError:
        return None
    return [Named("the default VPC" if one["default"] else _called(one), Prefix.parse(one["block"])) for one in found]


def shared(one: Named, other: Named) -> str:
    """What an overlap means."""
    both = max(one.block, other.block, key=lambda block: block.length)
    return f"{one.name} and {other.name} share {both}: they can never be peered, nor routed to one another."


def _called(vpc: dict[str, Any]) -> str:
    name = f" ({vpc['name']})" if vpc["name"] else ""
    return f"{vpc['vpc']}{name} in {vpc['region']}"


def _warnings(there: list[Named], avoided: list[Prefix]) -> list[str]:
    return [shared(one, other) for one, other in overlaps(there)] + [
        f"{one.name} has {one.block}, in what is to be avoided: {block}."
        for one in there
        for block in avoided
        if one.block.overlaps(block)
    ]


def _tiers(texts: list[str]) -> list[Tier]:
    tiers: list[Tier] = []
    for text in texts:
        name, _, number = text.rpartition("=")
        if not number.isdecimal():
            fail(f"--hosts {text!r}: write a number of hosts, or NAME=NUMBER. Example: --hosts web=50", BAD_QUESTION)
        tiers.append(Tier(name or f"tier {len(tiers) + 1}", int(number)))
    if len({tier.name for tier in tiers}) < len(tiers):
        fail("--hosts: each tier needs a name of its own.", BAD_QUESTION)
    return tiers


def _block(text: str) -> Prefix:
    try:
        block = Prefix.parse(text)
    except ValueError:
        block = None
    if block is None or block.family != 4:
        fail(f"--avoid {text!r} is no IPv4 block. Example: --avoid 10.0.0.0/16", BAD_QUESTION)
    return block


def _as_json(network: Network) -> dict[str, Any]:
    return {
        "cidr": str(network.block),
        "free": network.free,
        "subnets": [
            {
                "tier": one.tier.name,
                "zone": ZONES[one.zone],
                "cidr": str(one.block),
                "usable": one.usable,
                "hosts": one.tier.hosts,
            }
            for one in network.subnets
        ],
    }
