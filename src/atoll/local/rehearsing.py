"""A scratch world for what would be: a second Atoll on a state of its own, in which the packets of a case are sent.

The running one is asked for the state and for nothing else. The second has no guests, only their namespaces, and no
health checks: what would be healthy was settled. It is gone when its packets have been sent.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from atoll.local.control import ControlError, ask
from atoll.local.folder import StateFolder
from atoll.local.servers import Progress, Started, end, start

Results = list[dict[str, Any]]


def rehearse_cases(running: StateFolder, file: object, results: Results, progress: Progress) -> None:
    """Have the packets of a file's cases sent, and put into these results of the proof what became of them. Nothing is
    sent where the running Atoll is no network, or no second world can be made: a word tells. ControlError.
    """
    cases = dict.fromkeys(one["number"] for one in results if one["case"])
    if not cases or ask(running.control, {"do": "status"})["fabric"] == "none":
        return
    for number in cases:
        mine = [one for one in results if one["case"] and one["number"] == number]
        tried = _rehearse(running, file, number, progress)
        for proved, seen in zip(mine, tried or [], strict=tried is not None):
            proved["tried"] = seen["tried"]
            proved["strayed"] = seen["strayed"]
            if seen["holds"] != proved["holds"]:
                proved |= {"holds": False, "why": seen["why"] or "the rehearsal holds: please report this"}


def _rehearse(running: StateFolder, file: object, case: int, progress: Progress) -> Results | None:
    """The results of a case's intents, tried with packets; None where no world can be made."""
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
        supposed = Path(folder) / "supposed.json"
        with supposed.open("wb") as made:
            ask(running.control, {"do": "suppose", "file": file, "case": case}, [made.fileno()], progress)
        where = StateFolder(Path(folder) / "state")
        try:
            server = _start(where, supposed, progress)
        except ControlError as error:
            progress(f"there is no scratch world for what would be, which is proved alone: {error}")
            return None
        try:
            found: Results = ask(where.control, {"do": "verify", "file": file, "case": case}, (), progress)
        finally:
            end(where)
            server.process.wait()
        return found


def _start(where: StateFolder, supposed: Path, progress: Progress) -> Started:
    where.make()
    command = [sys.executable, "-m", "atoll.app.main", "--state", str(where.path), "--port", "0"]
    return start([*command, "--socks-port", "0", "--no-default-vpc", "--rehearse", str(supposed)], where, progress)
