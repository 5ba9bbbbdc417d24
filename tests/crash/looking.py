"""What is half made after a restart: in the world's namespaces, and among processes and control groups.

python -m tests.crash.looking FOLDER PORT ACCOUNT...   prints it, from where it is run
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from atoll.linux import cgroups, netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink
from atoll.linux.syscalls import Clone, setns
from atoll.local.control import ask
from tests.crash.aws import Aws, Element
from tests.crash.seen import answers
from tests.scenarios import host

FORWARDS = re.compile(r" kind=(translator|balancer)\b")
"""A node that sends packets on, and has a table of its own, with numbers."""


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
            place = "".join(char if char.isalnum() or char in "-_." else "_" for char in name)
            wanted |= {place, f"{place}.numbers"} if FORWARDS.search(line) else {place}
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
