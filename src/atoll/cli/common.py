"""What all commands share: the state folder, talking to the server, and how errors look."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from atoll.local.control import ControlError, NotRunningError, ask
from atoll.local.folder import StateFolder, default_folder

State = Annotated[
    Path | None,
    typer.Option(
        "--state", help="State folder; several Atolls can run side by side.", envvar="ATOLL_STATE", readable=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def folder(state: Path | None) -> StateFolder:
    """The state folder that the user means."""
    return StateFolder((state or default_folder()).absolute())


def on(state: Path | None) -> str:
    """What a command in an advice needs to mean the same Atoll; nothing when the environment says it."""
    said = state is not None and str(state) != os.environ.get("ATOLL_STATE")
    return f" --state {shlex.quote(str(state))}" if said else ""


def call(state: Path | None, request: dict[str, Any], fds: Sequence[int] = (), status: int = 1) -> Any:
    """Ask the server; an error ends the command with its message and this exit status."""
    try:
        return ask(folder(state).control, request, fds, note)
    except NotRunningError as error:
        fail(f"{error}{on(state)}", status)
    except ControlError as error:
        fail(str(error), status)


def note(text: str) -> None:
    """Progress, for people: on standard error."""
    print(text, file=sys.stderr, flush=True)


def fail(text: str, status: int = 1) -> NoReturn:
    """End the command with an error."""
    print(f"atoll: {text}", file=sys.stderr)
    raise typer.Exit(status)


def show_json(value: object) -> None:
    """Machine-readable output."""
    print(json.dumps(value, indent=2, default=str))
