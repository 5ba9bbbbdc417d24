"""The server process, from its first line: bind, lock, make the world, and only then import what starts threads.

    python -m atoll.app.main --state DIR --port N ...

Writes lines of JSON to --ready-fd: {"progress": text}*, then {"ok": {...}} or {"error": text}.
"""

import argparse
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from atoll.agents import uplink
from atoll.app import socks_port
from atoll.guest import GuestError, Limits, prepare_image
from atoll.linux import cgroups, userns, world
from atoll.linux.process import ignore_alone
from atoll.linux.syscalls import Prctl, prctl
from atoll.local.control import address
from atoll.local.folder import StateFolder
from atoll.model import quotas
from atoll.model.tx import Settings
from atoll.packet import Prefix


class Options(NamedTuple):
    """How this server was asked to run.

    `rehearse`: a saved state to begin with, whose network is made without guests and without health checks: what was
    settled stays so. Each instance is a namespace, whose kernel answers.
    """

    folder: StateFolder
    port: int
    host: str
    fabric: str
    public_pool: str
    quota: tuple[str, ...]
    default_vpc: bool
    limits: Limits
    ready_fd: int
    pid: int  # of the outermost process, as the host sees it
    socks_port: int
    uplink: bool
    rehearse: Path | None


TOLD = 128 + signal.SIGTERM
"""The status of a server that was told to end before it served."""


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit status of the world."""
    options = _options(arguments)
    if options.ready_fd >= 0:
        os.set_inheritable(options.ready_fd, False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TOLD))  # so that what was begun is ended
    ignore_alone()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        if options.uplink and options.fabric == "none":
            raise StartError("--uplink: without a network (--fabric none) there is nothing to connect.")
        if options.uplink:
            uplink.check()
        settings(options)
        _make(options.folder)
        lock = _lock(options.folder)
        api = _listen(options)
        socks = socks_port.listen(options.socks_port, api.getsockname()[1], network=options.fabric != "none")
        control = _control_socket(options.folder)
        return _serve(options, api, control, socks, lock)
    except (StartError, socks_port.SocksPortError, uplink.UplinkError) as error:
        tell(options.ready_fd, {"error": str(error)})
        sys.stderr.write(f"{error}\n")
        return 1


def _serve(options: Options, api: socket.socket, control: socket.socket, socks: socket.socket | None, lock: int) -> int:
    def serve(joined: bool, launcher: uplink.Launcher | None = None) -> int:
        from atoll.app.server import serve as run  # late: it imports what may start threads

        return run(options, api, control, socks, joined=joined, launcher=launcher)

    try:
        return serve(False) if options.fabric == "none" else _serve_in_world(options, serve)
    finally:
        os.close(lock)


def _serve_in_world(options: Options, serve: Callable[[bool, uplink.Launcher | None], int]) -> int:
    """Join the world that an earlier server left, or make one. It goes on if this server is killed."""
    if not userns.needed():
        cgroups.remove_abandoned()
    world.hold_signals()
    try:
        made = world.find_or_make(options.folder.keeper, options.folder.world)
    except world.WorldError as error:
        raise StartError(
            f"Atoll has no world here: {error} Or start it as root (sudo atoll up), or without a network: "
            "atoll up --fabric none"
        ) from error
    status = 1
    try:
        world.let_signals()
        world.enter_user(made)  # what the image is made of belongs to the ids of the world
        # Not in its network: what guests need is fetched through the host's.
        if options.rehearse is None:
            prepare_image(options.folder.cache, lambda text: tell(options.ready_fd, {"progress": text}))
        launchers: list[uplink.Launcher] = []
        world.enter(made, lambda: launchers.append(uplink.Launcher()) if options.uplink else None)
        if options.rehearse is not None:
            prctl(Prctl.SET_PDEATHSIG, signal.SIGTERM)  # it is of use to nobody but to who has started it
        status = world.run_inside(lambda: serve(not made.fresh, launchers[0] if launchers else None))
        return world.exit_status(status)
    except (GuestError, world.WorldError, uplink.UplinkError) as error:
        raise StartError(str(error)) from error
    except SystemExit:
        status = TOLD
        raise
    finally:
        # It was told to end, and all with it. Below 0: it was killed. Else it could not start.
        if status in (0, TOLD) or (status > 0 and made.fresh):
            made.keeper.end()
            with contextlib.suppress(OSError):  # `atoll down` tries again, and says so
                cgroups.sweep(options.folder.cgroups)


def _make(folder: StateFolder) -> None:
    """Everything that must be in the folder, which must take what is written to it."""
    try:
        folder.make()
        with tempfile.TemporaryFile(dir=folder.path) as tried:
            tried.write(b"\0" * 4096)
    except OSError as error:
        raise StartError(
            f"{folder.path} cannot hold Atoll's state: {error.strerror}. Choose another: --state DIR"
        ) from error


def _lock(folder: StateFolder) -> int:
    try:
        fd = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"{folder.lock} cannot be opened: {error.strerror}. Choose another: --state DIR") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise StartError(f"Another Atoll already runs on {folder.path}. See it with: atoll status") from error
    return fd


def _listen(options: Options) -> socket.socket:
    """The API's socket, bound in the host's network before the world is entered."""
    # The protocol is named so that asyncio turns Nagle's algorithm off: an answer in two writes would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        raise StartError(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror}. Choose another: --port N"
        ) from error
    listener.listen(1024)
    return listener


def _control_socket(folder: StateFolder) -> socket.socket:
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder.control.unlink(missing_ok=True)
    before = os.umask(0o177)  # from its first moment nobody else may connect
    try:
        with address(folder.control) as name:
            control.bind(name)
    finally:
        os.umask(before)
    control.listen(64)
    return control


def tell(fd: int, message: dict[str, object]) -> None:
    """One line to whoever waits for this server to be ready. That nobody does any more is no reason to end."""
    if fd < 0:
        return
    with contextlib.suppress(BrokenPipeError):
        os.write(fd, msgspec.json.encode(message) + b"\n")


def _options(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="atoll.app")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--fabric", choices=["kernel", "none"], default="kernel")
    parser.add_argument("--public-pool", default="198.18.0.0/16")
    parser.add_argument("--socks-port", type=int, default=socks_port.AUTOMATIC)
    parser.add_argument("--quota", action="append", default=[])
    parser.add_argument("--default-vpc", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--uplink", action="store_true")
    parser.add_argument("--rehearse", type=Path)
    for limit, value in msgspec.structs.asdict(Limits()).items():
        parser.add_argument(f"--guest-{limit}", type=int, default=value)
    parser.add_argument("--ready-fd", type=int, default=-1)
    found = parser.parse_args(arguments)
    return Options(
        StateFolder(found.state.absolute()),
        found.port,
        found.host,
        found.fabric,
        found.public_pool,
        tuple(found.quota),
        found.default_vpc,
        Limits(found.guest_processes, found.guest_memory, found.guest_disk),
        found.ready_fd,
        os.getpid(),
        found.socks_port,
        found.uplink,
        found.rehearse,
    )


def settings(options: Options) -> Settings:
    """What was asked for on the command line. StartError for what cannot be."""
    pool, limits = _public_pool(options.public_pool), _limits(options.quota)
    try:
        return Settings(pool, limits, default_vpc=options.default_vpc)
    except ValueError as error:
        raise StartError(f"--quota: {error}") from error


def _limits(asked: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in asked:
        name, _, value = text.partition("=")
        if name not in quotas.DEFAULTS or not value.isdecimal():
            raise StartError(f"--quota {text} is not NAME=NUMBER. Names: {', '.join(quotas.DEFAULTS)}")
        found[name] = int(value)
    return found


NOT_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
"""Private, shared, special and multicast blocks, and the one of Atoll's internet hosts."""


def _public_pool(text: str) -> str:
    try:
        pool = Prefix.parse(text)
    except ValueError as error:
        raise StartError(f"--public-pool {text}: {error}. Example: 198.18.0.0/16") from error
    taken = [block for block in NOT_PUBLIC if Prefix.parse(block).overlaps(pool)]
    if pool.family != 4 or pool.size < 8 or taken:
        why = f"it overlaps {taken[0]}" if taken else "it must be IPv4 and hold at least 8 addresses"
        raise StartError(f"--public-pool {text} cannot be: {why}. Example: 198.18.0.0/16")
    return text


if __name__ == "__main__":
    sys.exit(main())
