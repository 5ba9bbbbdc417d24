"""save and diff: a state as a file, and what opens and closes between two of them."""

import json as json_
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, fail, show_json

RUNNING = "running"
BAD_STATE = 2
SIGNS = {"opens": "opens", "half-opens": "opens by half", "closes": "closes"}

ONE = "A file that atoll save has written, or the word running."


def _begun(incomplete: str) -> list[str]:
    """The word, once it is begun; a shell proposes files by itself."""
    return [RUNNING] if incomplete and RUNNING.startswith(incomplete) else []


def save(
    file: Annotated[Path, typer.Argument(help="Where to write it; what is there is replaced.")], state: State = None
) -> None:
    """Save the running Atoll's state to a file, for atoll diff.

    It holds everything that was asked for through the API, user data included, and nobody but you can read it.

    Example: atoll save before.json
    """
    _save(state, file)
    print(f"Saved: {file}")


def _save(state: Path | None, file: Path) -> None:
    """All of it or nothing."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.absolute().parent, delete=False) as made:
            try:
                call(state, {"do": "save"}, [made.fileno()], status=BAD_STATE)
                os.replace(made.name, file)
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        fail(f"{file}: {error.strerror}", BAD_STATE)


def diff(
    base: Annotated[str, typer.Argument(help=ONE, autocompletion=_begun)],
    head: Annotated[str, typer.Argument(help=ONE, autocompletion=_begun)] = RUNNING,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    json: Json = False,
    state: State = None,
) -> None:
    """Prove which flows open and close between two states.

    All packets are asked about, and the rules that let them pass or stop them are named.

    Exit status 0 when nothing opens, 1 when something does, 2 when one of the two is no saved state.

    Example: atoll diff before.json running
    """
    if json and markdown:
        fail("--json and --markdown are two ways to print it: choose one.", BAD_STATE)
    with tempfile.TemporaryDirectory() as folder:
        found = _compared(
            [_file(state, one, Path(folder) / f"running-{place}") for place, one in enumerate((base, head))]
        )
    if json:
        show_json(found)
    else:
        print(_markdown(found, base, head) if markdown else _text(found))
    raise typer.Exit(1 if found["wider"] else 0)


def _file(state: Path | None, name: str, place: Path) -> str:
    if name != RUNNING:
        return name
    _save(state, place)
    return str(place)


def _compared(files: list[str]) -> Any:
    command = [sys.executable, "-m", "atoll.app.comparing", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(done.stderr.strip(), BAD_STATE)
    return json_.loads(done.stdout)


def _text(found: dict[str, Any]) -> str:
    if not found["changes"]:
        return "No flow opens, and none closes."
    lines: list[str] = []
    for one in found["changes"]:
        lines.append(f"{SIGNS[one['effect']]:13}  {one['services']}  {_ends(one)}")
        lines.append(f"               packet {_packet(one['packet'])}")
        lines += (f"               by {line}" for line in one["by"])
    return "\n".join([*lines, "", _count(found)])


FEW = 3
"""So many ends are named; of more the number that is left."""


def _ends(one: dict[str, Any]) -> str:
    return f"{_end(one, 'source')} -> {_end(one, 'destination')}"


def _end(one: dict[str, Any], side: str) -> str:
    """Ends by their names; the internet with its addresses, where not all of them are meant."""
    names, addresses = one[f"{side}s"], one[f"{side}_addresses"]
    more = [f"{len(names) - FEW} more"] if len(names) > FEW else []
    text = ", ".join([*names[:FEW], *more])
    return text if addresses in ("", "the internet") else f"{text} ({addresses})"


def _packet(flow: dict[str, Any]) -> str:
    if flow["protocol"] in (6, 17):
        name = "tcp" if flow["protocol"] == 6 else "udp"
        ports = f":{flow['source_port']}", f":{flow['destination_port']}"
    else:
        name, ports = ("icmp" if flow["protocol"] == 1 else f"protocol {flow['protocol']}"), ("", "")
    return f"{name} {flow['source']}{ports[0]} > {flow['destination']}{ports[1]}"


def _count(found: dict[str, Any]) -> str:
    opened = sum(one["effect"] != "closes" for one in found["changes"])
    return f"{opened} opened, {len(found['changes']) - opened} closed."


def _markdown(found: dict[str, Any], base: str, head: str) -> str:
    title = "something opens" if found["wider"] else "nothing opens"
    lines = [f"### Network: {title} from `{base}` to `{head}`", ""]
    if not found["changes"]:
        return "\n".join([*lines, "No flow opens, and none closes. Proved over all packets."])
    lines += ["| | flows | from | to | example | by |", "|---|---|---|---|---|---|"]
    for one in found["changes"]:
        cells = (
            f"**{SIGNS[one['effect']]}**" if one["effect"] != "closes" else SIGNS[one["effect"]],
            one["services"],
            _end(one, "source"),
            _end(one, "destination"),
            f"`{_packet(one['packet'])}`",
            "<br>".join(one["by"]),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", f"{_count(found)} Proved over all packets."])
