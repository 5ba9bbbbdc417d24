"""exec, shell, internet: run a command somewhere inside."""

import contextlib
import os
import sys
import termios
from collections.abc import Iterator
from typing import Annotated

import typer

from atoll.cli.common import State, call, fail

PASSED_ON = ("TERM", "LANG", "LC_ALL", "COLUMNS", "LINES")
DEFAULT_HOST = "203.0.113.10"

Command = Annotated[list[str], typer.Argument(help="The command, after --.")]
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
    raise typer.Exit(_in_guest(instance, ["/bin/bash", "-l"], tty=True, state=state))


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
    source: Annotated[str, typer.Option("--from", help="The host's address on Atoll's internet.")] = DEFAULT_HOST,
    state: State = None,
) -> None:
    """Run a command of this machine on a host of Atoll's internet. Its exit status is this one's.

    Example: atoll internet -- curl -s http://198.18.0.7
    """
    request = {"do": "internet", "ip": source, "command": command, "env": dict(os.environ), "cwd": os.getcwd()}
    status: int = call(state, request, (0, 1, 2))
    raise typer.Exit(status)
