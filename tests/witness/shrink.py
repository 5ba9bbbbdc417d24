"""python -m tests.witness.shrink FILE ... [--no-packets]: play kept disagreements again.

A packet on which the judges do not agree, and the calls that make the design: as few as it takes. What is found is
kept in a file of `kept/`, so that it is tried ever after (test_kept.py). Exit status 1 if a packet still divides them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.spec import Probe
from tests.witness.design import Design, Line
from tests.witness.examine import Trial
from tests.witness.replay import Replay, ids
from tests.witness.run import laboratory, log_line, own_world

KEPT = Path(__file__).parent / "kept"
TRIES = 300
"""Designs that are built at most to make one smaller."""


def divides(seed: int, folder: Path | None, script: Sequence[Line], probe: Probe) -> Trial | None:
    """What the judges say of the packet where these calls are the design, if they do not agree."""
    replay: list[Replay] = []

    def play(design: Design, _without: frozenset[str]) -> None:
        replay.append(Replay(design))
        replay[0].play(script)

    with laboratory(seed, folder, made=play, whole=True) as lab:
        lab.examiner.settle("played again")
        lab.examiner.round("played again", [("try", replay[0].probe(probe))])
        wrong = [one for one in lab.examiner.result.trials[-1:] if one.disagreeing]
    return wrong[0] if wrong else None


def shrunk(script: Sequence[Line], holds: Callable[[Sequence[Line]], bool], tries: int = TRIES) -> list[Line]:
    """As few of the lines as it still holds with: ever smaller pieces are left out, from the end."""
    left, size = list(script), max(len(script) // 2, 1)
    while size and tries:
        before = end = len(left)
        while end > 0 and tries:
            start, tries = max(end - size, 0), tries - 1
            fewer = left[:start] + left[end:]
            if holds(fewer):
                left = fewer
            end = start
        size = size // 2 if size > 1 or len(left) == before else 1
    return left


def keep(seed: int, folder: Path | None, script: Sequence[Line], probe: Probe, where: Path = KEPT) -> Path | None:
    """Shrink and write down; None where it does not come again."""
    first = divides(seed, folder, script, probe)
    if first is None:
        return None

    def holds(lines: Sequence[Line]) -> bool:
        """Whether the same judges disagree with the same prediction."""
        try:
            trial = divides(seed, folder, lines, probe)
        except Exception:
            return False  # a design on which the judges give up is another thing
        return trial is not None and (trial.spec.why, trial.disagreeing) == (first.spec.why, first.disagreeing)

    few = shrunk(script, holds)
    trial = divides(seed, folder, few, probe)
    assert trial is not None
    kept = {
        "said": log_line(seed, trial).strip(),
        "seed": seed,
        "probe": asdict(probe),
        "calls": [[line.operation, line.params, ids(line.answer)] for line in few],
    }
    where.mkdir(exist_ok=True)
    path = where / f"design-{seed}-{probe.protocol}-{probe.source_port}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return path


def again(path: Path, folder: Path | None) -> str | None:
    """What the judges say of a kept packet, if they still do not agree."""
    kept: dict[str, Any] = json.loads(path.read_text())
    trial = divides(kept["seed"], folder, [Line(*line) for line in kept["calls"]], Probe(**kept["probe"]))
    return log_line(kept["seed"], trial).strip() if trial else None


def main(arguments: list[str]) -> int:
    """Play files again."""
    parser = argparse.ArgumentParser(prog="python -m tests.witness.shrink", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--no-packets", action="store_true", help="spec, walk and reach only: no kernel")
    options = parser.parse_args(arguments)
    with ExitStack() as held:
        folder = None if options.no_packets else held.enter_context(own_world())
        said = [(path, again(path, folder)) for path in options.files]
    sys.stdout.write("".join(f"{path.name}: {one or 'all agree'}\n" for path, one in said))
    return 1 if any(one for _, one in said) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
