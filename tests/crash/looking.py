"""What is there after a restart: by the API, in the world's namespaces, and among processes and control groups.

python -m tests.crash.looking FOLDER PORT ACCOUNT...   prints what is half made, from where it is run
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from atoll.linux import cgroups, netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink
from atoll.linux.syscalls import Clone, setns
from atoll.local.control import ask
from tests.crash.aws import Aws, Element
from tests.crash.shadow import Things
from tests.scenarios import host

DESCRIBES = (
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeInternetGateways",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaces",
    "DescribeAddresses",
    "DescribeInstances",
    "DescribeInstanceStatus",
    "DescribeTags",
    "DescribeDhcpOptions",
    "DescribeKeyPairs",
)
CHANGING = {"pending", "stopping", "shutting-down", "rebooting"}


class Seen(NamedTuple):
    """An account's things by their names, and the ids behind these."""

    things: Things
    ids: dict[str, str]


def answers(aws: Aws) -> dict[str, bytes]:
    """Every Describe answer as it is."""
    return {action: aws.answer(action) for action in DESCRIBES}


def settling(aws: Aws) -> bool:
    """Whether some instance is on its way to another state."""
    items = aws.call("DescribeInstances").all("reservationSet/item/instancesSet/item")
    return any(one.text("instanceState/name") in CHANGING for one in items)


def look(aws: Aws) -> Seen:
    """An account's things, in the words of the shadow; what has no name and should not be there as ("stray", id)."""
    seen = Seen({}, {})
    names: dict[str, str] = {}  # by id
    for one in aws.call("DescribeVpcs").all("vpcSet/item"):
        if one.text("isDefault") != "true":
            _add(seen, names, "vpc", one, "vpcId", one.text("cidrBlock"))
    for one in aws.call("DescribeSubnets").all("subnetSet/item"):
        if one.text("defaultForAz") != "true":
            _add(seen, names, "subnet", one, "subnetId", names[one.text("vpcId")], one.text("cidrBlock"))
    for one in aws.call("DescribeInternetGateways").all("internetGatewaySet/item"):
        if _name(one):
            _add(seen, names, "gateway", one, "internetGatewayId", names.get(one.text("attachmentSet/item/vpcId"), ""))
    _groups(aws, seen, names)
    primaries = _instances(aws, seen, names)
    for one in aws.call("DescribeNetworkInterfaces").all("networkInterfaceSet/item"):
        _interface(one, seen, names, primaries)
    for one in aws.call("DescribeAddresses").all("addressesSet/item"):
        at = names.get(one.text("networkInterfaceId"), one.text("networkInterfaceId"))
        _add(seen, names, "address", one, "allocationId", at, one.text("privateIpAddress"))
    return seen


def _groups(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    for one in aws.call("DescribeSecurityGroups").all("securityGroupInfo/item"):
        group = one.text("groupName")
        if group == "default":
            names[one.text("groupId")] = "default"
            continue
        _add(seen, names, "group", one, "groupId", names[one.text("vpcId")])
        for rule in one.all("ipPermissions/item"):
            seen.things["rule", group, rule.text("fromPort")] = ()


def _instances(aws: Aws, seen: Seen, names: dict[str, str]) -> dict[str, str]:
    """Primary ENIs by instance."""
    found: dict[str, str] = {}
    for one in aws.call("DescribeInstances").all("reservationSet/item/instancesSet/item"):
        state = one.text("instanceState/name")
        if state != "terminated":
            subnet = names[one.text("subnetId")]
            _add(seen, names, "instance", one, "instanceId", subnet, one.text("privateIpAddress"), state)
            for eni in one.all("networkInterfaceSet/item"):
                if eni.text("attachment/deviceIndex") == "0":
                    found[eni.text("networkInterfaceId")] = one.text("instanceId")
    return found


def _interface(one: Element, seen: Seen, names: dict[str, str], primaries: dict[str, str]) -> None:
    id_ = one.text("networkInterfaceId")
    if id_ in primaries:
        return
    ips = sorted(one.all("privateIpAddressesSet/item"), key=lambda ip: (ip.text("primary") != "true", _ip(ip)))
    group = names.get(one.text("groupSet/item/groupId"), "")
    at = names.get(one.text("attachment/instanceId"), one.text("attachment/instanceId"))
    subnet = names[one.text("subnetId")]
    _add(seen, names, "eni", one, "networkInterfaceId", subnet, group, at, *map(_ip, ips))
    seen.ids[f"attachment of {_name(one)}"] = one.text("attachment/attachmentId")


def _ip(item: Element) -> str:
    return item.text("privateIpAddress")


def _add(seen: Seen, names: dict[str, str], kind: str, one: Element, field: str, *value: str) -> None:
    id_, name = one.text(field), _name(one)
    names[id_] = name
    seen.ids[name] = id_
    seen.things[(kind, name) if name else ("stray", id_)] = value


def _name(one: Element) -> str:
    return next((tag.text("value") for tag in one.all("tagSet/item") if tag.text("key") == "Name"), "")


def half_made_of_user(folder: Path, port: int, accounts: Sequence[str]) -> list[str]:
    """`half_made` for an ordinary user, who sees the world's namespaces from its user namespace alone."""
    command = [sys.executable, "-m", "tests.crash.looking", str(folder), str(port), *accounts]
    done = subprocess.run([*host.entering(folder), *command], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() + ([done.stderr] if done.returncode else [])


def half_made(folder: Path, accounts: list[Aws]) -> list[str]:
    """What is in the kernel, the world's folder and the processes, and not in the model, or the reverse."""
    found = [f"audit: {line}" for line in ask(folder / "control", {"do": "audit"})]
    keeper = host.keeper(folder)
    world = Path(f"/proc/{keeper}/root{folder}/world")
    found += _namespaces(world, ask(folder / "control", {"do": "plan"}))
    running: set[str] = set()
    for aws in accounts:
        for one in aws.call("DescribeInstances").all("reservationSet/item/instancesSet/item"):
            if one.text("instanceState/name") == "running":
                running.add(one.text("instanceId"))
                found += _addresses(world, one)
    found += [f"temporary file: {path.name}" for path in temporary(folder).iterdir()]
    found += ungrouped(cgroups.recorded(folder / "cgroups"), running)
    return found + _processes(keeper, folder, running)


def ungrouped(parents: list[Path], running: set[str]) -> list[str]:
    """Control groups: under each parent one for each guest that runs, and no other."""
    found = []
    for parent in parents:
        there = {path.name for path in parent.iterdir() if path.is_dir()} if parent.is_dir() else {"no parent"}
        found += [f"control group: {parent}: {one} is too many" for one in there - running]
        found += [f"control group: {parent}: {one} is missing" for one in running - there]
    return found


def temporary(folder: Path) -> Path:
    """Where the server of that state folder finds a place for temporary files: it must leave none."""
    return folder.with_name(f"{folder.name}-tmp")


def _namespaces(world: Path, plan: str) -> list[str]:
    wanted: set[str] = set()
    for line in plan.splitlines():
        kind, name, *_ = line.split()
        if kind == "domain":
            wanted |= {f"router-{name}", f"router-{name}.numbers"}
        elif kind == "node":
            wanted.add("".join(char if char.isalnum() or char in "-_." else "_" for char in name))
    there = {path.name for path in world.iterdir() if path.name != "given.addresses"}
    return [f"world: too many {one}" for one in there - wanted] + [f"world: missing {one}" for one in wanted - there]


def _addresses(world: Path, instance: Element) -> list[str]:
    """A guest has the addresses that its instance is described with, each on its device."""
    wanted = {
        (f"eth{eni.text('attachment/deviceIndex')}", ip.text("privateIpAddress"))
        for eni in instance.all("networkInterfaceSet/item")
        for ip in eni.all("privateIpAddressesSet/item")
    }
    with netns.call(world / instance.text("instanceId"), lambda: Netlink(ROUTE)) as netlink:
        links = {link.number: link for link in rtnl.links(netlink)}
        there = {(links[one.link].name, one.ip) for one in rtnl.addresses(netlink) if not one.ip.startswith("127.")}
        sources = {(f"eth{rule.table - 10_000}", rule.source) for rule in rtnl.rules(netlink) if rule.source}
    routed = {(device, ip) for device, ip in wanted if device != "eth0"}
    name = instance.text("instanceId")
    return [
        *(f"{name}: address {one} is too many" for one in there - wanted),
        *(f"{name}: address {one} is missing" for one in wanted - there),
        *(f"{name}: policy rule {one} is too many" for one in sources - routed),
        *(f"{name}: policy rule {one} is missing" for one in routed - sources),
        *(f"{name}: {link.name} is down" for link in links.values() if not link.up),
    ]


def _processes(keeper: int, folder: Path, running: set[str]) -> list[str]:
    """Beside the server the keeper has the guests' first processes, one each, and nothing else."""
    children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
    found = []
    for pid in children:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if command:  # a zombie that is about to be reaped has none
            found.append(command)
    guests = [command for command in found if "/usr/lib/atoll/init" in command]
    others = [f"process: {command}" for command in found if command not in guests]
    kept = {path.name for path in (folder / "guests" / "instances").glob("*")}
    if len(guests) != len(running):
        others.append(f"{len(guests)} guests run for {len(running)} running instances")
    return others + [f"no files of {one}" for one in running - kept]


def main(state: str, port: str, *accounts: str) -> None:
    """Print what is half made. In the user namespace of the world, whose network is the only one to come back to."""
    folder = Path(state)
    asking = [Aws(int(port), account) for account in accounts]
    answered = [answers(one) for one in asking]  # their connections stay in the host's network
    assert all(answered)
    with open(f"/proc/{host.keeper(folder)}/ns/net") as network:
        setns(network.fileno(), Clone.NEWNET)
    sys.stdout.writelines(f"{line}\n" for line in half_made(folder, asking))


if __name__ == "__main__":
    main(*sys.argv[1:])
