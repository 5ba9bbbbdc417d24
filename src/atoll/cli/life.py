"""up, down, status, reset, logs: the server's life."""

import ipaddress
import os
import shutil
import subprocess
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, fail, folder, note, on, show_json
from atoll.linux import cgroups, keeper, world
from atoll.local import servers
from atoll.local.control import ControlError, ask
from atoll.local.folder import StateFolder

PORT = 4566


def _block(text: str) -> str:
    """An IPv4 block, or the command line's own error."""
    try:
        ipaddress.IPv4Network(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}. Example: 198.18.0.0/16") from error
    return text


UNITS = {"M": 1 << 20, "G": 1 << 30}
LEAST = 16 << 20


def _size(text: str) -> str:
    """A size in bytes, or the command line's own error."""
    number, unit = text[:-1], text[-1:].upper()
    if not number.isdecimal() or unit not in UNITS or int(number) * UNITS[unit] < LEAST:
        raise typer.BadParameter(f"{text} is no size of at least 16M. Examples: 512M, 2G")
    return str(int(number) * UNITS[unit])


SocksPort = Annotated[
    int | None,
    typer.Option(
        help="Port of the SOCKS proxy to Atoll's internet, 0 for none; else the API's + 10000, or any free one.",
        envvar="ATOLL_SOCKS_PORT",
        min=0,
        max=65535,
    ),
]
GuestProcesses = Annotated[int, typer.Option(help="How many processes a guest may have.", min=64)]
GuestMemory = Annotated[str, typer.Option(help="How much memory a guest may take: 512M, 2G.", callback=_size)]
GuestDisk = Annotated[str, typer.Option(help="How much a guest may write to its root volume.", callback=_size)]


class Fabric(StrEnum):
    """What makes packets obey."""

    KERNEL = "kernel"
    NONE = "none"


def up(
    port: Annotated[int, typer.Option(help="Port of the API.", envvar="ATOLL_PORT", min=1, max=65535)] = PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on; only loopback unless you say otherwise.")
    ] = "127.0.0.1",
    fabric: Annotated[Fabric, typer.Option(help="kernel: real packets; none: records only.")] = Fabric.KERNEL,
    public_pool: Annotated[
        str, typer.Option(help="Where public addresses come from.", callback=_block)
    ] = "198.18.0.0/16",
    socks_port: SocksPort = None,
    quota: Annotated[
        list[str] | None, typer.Option(help="Change one of AWS's quotas: NAME=NUMBER; may be repeated.")
    ] = None,
    default_vpc: Annotated[
        bool,
        typer.Option(
            "--default-vpc/--no-default-vpc", help="Whether every account finds a default VPC in each region."
        ),
    ] = True,
    uplink: Annotated[
        bool, typer.Option("--uplink", help="Let Atoll's internet lead to the real one, through slirp4netns.")
    ] = False,
    guest_processes: GuestProcesses = 1024,
    guest_memory: GuestMemory = "2G",
    guest_disk: GuestDisk = "8G",
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay in front, log to the terminal.")] = False,
    state: State = None,
) -> None:
    """Start Atoll. Returns when it is ready.

    Example: atoll up && eval "$(atoll env)" && aws ec2 describe-availability-zones
    """
    where = folder(state)
    if _running(where):
        _stays(_status(where), port, socks_port, state)
        return
    try:
        where.make()
        os.close(os.open(where.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError as error:
        fail(f"{where.path} cannot hold Atoll's state: {error.strerror}. Choose another: --state DIR")
    command = [sys.executable, "-m", "atoll.app.main", "--state", str(where.path), "--port", str(port)]
    command += ["--host", host, "--fabric", fabric.value, "--public-pool", public_pool]
    command += ["--socks-port", str(socks_port)] if socks_port is not None else []
    command += [] if default_vpc else ["--no-default-vpc"]
    command += ["--uplink"] if uplink else []
    command += [word for one in quota or [] for word in ("--quota", one)]
    command += ["--guest-processes", str(guest_processes), "--guest-memory", guest_memory, "--guest-disk", guest_disk]
    if foreground:
        os.execv(sys.executable, command)
    try:
        ready = servers.start(command, where, note).said
    except ControlError as error:
        fail(str(error))
    print(f"Atoll is up: {ready['endpoint']}")
    _show_proxy(ready["socks"])
    print(f'Point clients at it with: eval "$(atoll env{on(state)})"   Stop it with: atoll down{on(state)}')


def _stays(found: dict[str, Any], port: int, socks_port: int | None, state: State) -> None:
    """What runs already stays as it is; an error when it was asked to be elsewhere."""
    endpoint, socks = found["endpoint"], found["socks"]
    print(f"Atoll is already up: {endpoint}")
    if not endpoint.endswith(f":{port}") and port != PORT:
        fail(f"it stays there: it cannot move to port {port}. Stop it first: atoll down{on(state)}")
    if socks_port is not None and socks_port != (int(socks.rpartition(":")[2]) if socks else 0):
        fail(f"its SOCKS proxy stays too: {socks or 'there is none'}. Stop it first: atoll down{on(state)}")


def _show_proxy(socks: str | None) -> None:
    if socks is not None:
        print(f"Its internet, for a browser or curl --proxy: {socks}")


def down(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the state folder as well: all that was built.")
    ] = False,
    state: State = None,
) -> None:
    """Stop Atoll: every guest, every namespace. What was built stays in the state folder.

    Example: atoll down
    """
    where = folder(state)
    if _running(where):
        try:
            servers.end(where)
        except ControlError as error:
            fail(str(error))
        print("Atoll is down.")
    else:
        _end_world(where)
    try:
        cgroups.sweep(where.cgroups)  # what a killed server left; nothing after an orderly end
    except OSError as error:
        fail(f"a control group of the guests could not be removed: {error}")
    if delete and where.path.exists():
        _delete(where)


def _end_world(where: StateFolder) -> None:
    """End a world whose server was killed; its guests end at once, as at a power cut."""
    left = keeper.find(where.keeper)
    if left is None:
        print(f"Atoll is not running on {where.path}.")
        return
    left.end()
    print("Atoll is down. Its server had been killed; guests were ended at once.")


def _delete(where: StateFolder) -> None:
    """Delete the state folder. Much of what guests wrote belongs to ids that only the user's own world has."""
    if not where.database.exists():
        fail(f"{where.path} is no state folder of Atoll's: there is no {where.database.name} in it.")
    try:
        _delete_files(where)
    except PermissionError:
        where.make()  # some of it may be gone already, and a world needs its place
        world.run(lambda: _delete_files(where), where.keeper, where.world)
    shutil.rmtree(where.path)
    print(f"Deleted: {where.path}")


def _delete_files(where: StateFolder) -> int:
    for made in (where.guests, where.cache):
        if made.is_relative_to(where.path) and made.exists():  # it was elsewhere if $ATOLL_CACHE said so
            shutil.rmtree(made)
    return 0


def status(json: Json = False, state: State = None) -> None:
    """Say whether Atoll runs, where, and what it holds. Exit status 3 when it does not run.

    Example: atoll status --json
    """
    where = folder(state)
    if not _running(where):
        left = keeper.find(where.keeper)
        if json:
            show_json({"running": False, "world": left is not None, "state": str(where.path)})
        elif left is None:
            print(f"Atoll is not running on {where.path}. Start it with: atoll up{on(state)}")
        else:
            print(
                f"Atoll's server on {where.path} was killed. Its network and guests go on without it: "
                f"atoll up{on(state)} takes them up again, atoll down{on(state)} ends them."
            )
        raise typer.Exit(3)
    found = _status(where)
    if json:
        show_json({"running": True, **found})
        return
    print(f"Atoll is up: {found['endpoint']}   fabric {found['fabric']}   for {found['seconds']} s   {found['state']}")
    _show_proxy(found["socks"])
    for name, count in found["counts"].items():
        print(f"  {count:6} {name}")
    for zone in found["zones_down"]:
        print(f"  zone {zone} is down: atoll az up {zone}{on(state)}")
    for words in found["unbounded"]:
        print(f"  not bounded: {words}")


def reset(state: State = None) -> None:
    """Forget everything that was built; Atoll stays up.

    Example: atoll reset
    """
    call(state, {"do": "reset"})
    print("Atoll is empty.")


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 100,
    state: State = None,
) -> None:
    """Show the server's log.

    Example: atoll logs -f
    """
    where = folder(state)
    if not where.log.exists():
        fail(f"there is no log at {where.log}: Atoll never ran in the background there.")
    arguments = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(where.log)]
    raise typer.Exit(subprocess.call(arguments))


def _running(where: StateFolder) -> bool:
    try:
        _status(where)
    except ControlError:
        return False
    return True


def _status(where: StateFolder) -> dict[str, Any]:
    found: dict[str, Any] = ask(where.control, {"do": "status"})
    return found
