"""A scratch world for what would be: a second Atoll on a state of its own, in which the packets of a case are sent.

The running one is asked for the state and for nothing else. The second has no guests, only their namespaces, and no
health checks: what would be healthy was settled. It is gone when its packets have been sent.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import typer

from atoll.cli import life
from atoll.cli.common import call, note
from atoll.local.folder import StateFolder

Results = list[dict[str, Any]]


def rehearse(state: Path | None, file: object, case: int) -> Results | None:
    """The results of the intents of a case, tried with packets; None, and a word to the user, where no world can be
    made.
    """
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
        supposed = Path(folder) / "supposed.json"
        with supposed.open("wb") as made:
            call(state, {"do": "suppose", "file": file, "case": case}, [made.fileno()])
        where = StateFolder(Path(folder) / "state")
        try:
            _start(where, supposed)
        except typer.Exit:
            note("there is no scratch world for what would be: it is proved alone")
            return None
        try:
            found: Results = call(where.path, {"do": "verify", "file": file, "case": case})
        finally:
            life.end(where)
        return found


def _start(where: StateFolder, supposed: Path) -> None:
    where.make()
    command = [sys.executable, "-m", "atoll.app.main", "--state", str(where.path), "--port", "0"]
    life.start([*command, "--socks-port", "0", "--no-default-vpc", "--rehearse", str(supposed)], where)
