"""exec, shell, internet, run: run a command somewhere inside."""

import contextlib
import errno
import os
import shutil
import signal
import socket
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from atoll.cli.common import State, call, fail
from atoll.cli.environment import filled
from atoll.linux.visit import ask_instead, visit

PASSED_ON = ("TERM", "LANG", "LC_ALL", "COLUMNS", "LINES")
DEFAULT_HOST = "203.0.113.10"

Command = Annotated[list[str], typer.Argument(help="The command, after --.")]
Source = Annotated[str, typer.Option("--from", help="The host's address on Atoll's internet.")]
Instance = Annotated[str, typer.Argument(help="i-... or tag:Name=x")]


def exec_(instance: Instance, command: Command, state: State = None) -> None:
    """Run a command in an instance, as root. Its exit status is this one's.

    It gets a terminal of its own where you have one, and what you pipe into it otherwise.

    Example: atoll exec tag:Name=web -- cat /var/log/apache2/access.log
    """
    tty = all(os.isatty(fd) for fd in (0, 1, 2))
    raise typer.Exit(_in_guest(instance, command, tty=tty, state=state))


def shell(instance: Instance, state: State = None) -> None:
    """Open a shell in an instance.

    Example: atoll shell i-0123456789abcdef0
    """
    if not sys.stdin.isatty():
        fail("a shell needs a terminal; for one command use: atoll exec INSTANCE -- COMMAND")
    raise typer.Exit(_in_guest(instance, ["/bin/sh", "-c", _LOGIN], tty=True, state=state))


_LOGIN = "if command -v bash >/dev/null; then exec bash -l; fi; exec sh -l"
"""An image of the user's own may have no bash."""


def _in_guest(instance: str, command: list[str], *, tty: bool, state: State) -> int:
    request = {
        "do": "exec",
        "instance": instance,
        "command": command,
        "tty": tty,
        "env": {name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }
    with _terminal_kept() if tty else contextlib.nullcontext():
        status: int = call(state, request, (0, 1, 2))
    return status


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """The terminal is in raw mode while a guest has it: give it back as it was, even if the server dies meanwhile."""
    before = termios.tcgetattr(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def internet(
    command: Command,
    source: Source = DEFAULT_HOST,
    state: State = None,
) -> None:
    """Run a command of this machine on a host of Atoll's internet. Its exit status is this one's.

    Example: atoll internet -- curl -s http://198.18.0.7
    """
    request = {"do": "internet", "ip": source, "command": command, "env": dict(os.environ), "cwd": os.getcwd()}
    status: int = call(state, request, (0, 1, 2))
    raise typer.Exit(status)


def run(
    command: Command,
    source: Source = DEFAULT_HOST,
    state: State = None,
) -> None:
    """Run a program of yours on Atoll's internet, with the API there.

    The API has the address that it has here. The program keeps your files, user, terminal and environment, to which
    those variables of `atoll env` are added that you have not set. Public addresses are reachable; this machine's own
    network is not.

    Example: atoll run -- pytest tests/
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        told = call(state, {"do": "run", "ip": source}, (theirs.fileno(),))
        _, (network,), _, _ = socket.recv_fds(ours, 16, 1)
    try:
        visit(network)
        ask_instead(Path(told["resolvers"]))
    except OSError as error:
        fail(f"you may not enter this Atoll's network ({error.strerror}): run this as the user who started Atoll.")
    os.close(network)
    _become(command, filled(os.environ, told["endpoint"]))


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    """This process goes on as the command, so that its exit status, signals and terminal are the command's."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and a program inherits that
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        # A folder of PATH that may not be entered makes execvp(3) say "Permission denied" of what is nowhere.
        nowhere = "/" not in command[0] and shutil.which(command[0], os.F_OK, environment.get("PATH")) is None
        if nowhere or isinstance(error, FileNotFoundError):
            fail(f"{command[0]}: {os.strerror(errno.ENOENT)}", 127)
        fail(f"{command[0]}: {error.strerror}", 126)
