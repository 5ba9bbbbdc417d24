"""What becomes of a mutant: a process of its own has the error in it, asks the witness, tells, and ends.

The parent has one thread and never any other: who forks beside threads may wait for ever.
"""

import contextlib
import gc
import json
import os
import random
import select
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutants.mutate import Mutant, apply
from tests.witness import properties, standing
from tests.witness.changes import change
from tests.witness.design import Design
from tests.witness.edges import Edges
from tests.witness.examine import Examiner
from tests.witness.features import build
from tests.witness.histories import SILENCES
from tests.witness.reach_judge import ReachJudge
from tests.witness.run import Laboratory, laboratory, look, own_world

PACKETS = 400
"""Fresh connections a design."""

CHANGES = 12
"""Changes that every third design has seen before any packet."""

LIVES = 5
"""Changes that open connections live through, unless more are asked for; where all live, three times as many."""

CRASHES = 3
"""Designs on which an error breaks the code before it is left alone."""

TESTING = ["-q", "-n0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
"""How a test is run in a process that has Atoll in it already."""

OF_THE_SPEC = ("health: ", "names: ")
"""How those properties begin that compare Atoll with the spec; the others compare Atoll with itself."""


class Outcome(NamedTuple):
    """What became of a mutant: killed, crashed, hung, survived or unfit; on which design, and who saw it.

    elsewhere: a test has seen it, the witness not.
    """

    state: str
    seed: int = -1
    words: str = ""
    seconds: float = 0.0


class Question(NamedTuple):
    """`packets`: real ones too; `by_spec`: what Atoll says against itself does not count.

    `test`: it alone is asked, and fails with an error that it sees.
    `lives`: how many changes connections live through on a design, and three times as many connections.
    """

    seeds: Sequence[int]
    patience: float
    packets: bool = False
    by_spec: bool = False
    lives: int = LIVES
    test: str = ""


def judged(mutants: Iterable[Mutant | None], question: Question, workers: int = 1) -> Iterator[tuple[int, Outcome]]:
    """Of each its number and what became of it, as they end. None: the code as it is."""
    waiting, running = list(enumerate(mutants))[::-1], list[_Child]()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    running.append(_Child(*waiting.pop(), question, folder))
                left = max(0.0, min(one.until for one in running) - time.monotonic())
                told = select.select([one.told for one in running], [], [], left)[0]
                for child in [one for one in running if one.told in told or one.until <= time.monotonic()]:
                    running.remove(child)
                    yield child.number, child.outcome()
        finally:
            for child in running:
                child.outcome()


class _Child:
    """The process of one mutant."""

    def __init__(self, number: int, mutant: Mutant | None, question: Question, folder: str) -> None:
        self.number = number
        self._began = time.monotonic()
        self.until = self._began + question.patience
        self.told, tell = os.pipe()
        self._id = os.fork()
        if self._id == 0:
            with contextlib.suppress(BaseException):
                os.close(self.told)
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
                tempfile.tempdir = folder  # what a process leaves that is ended, goes with the folder
                os.write(tell, json.dumps(_ask(mutant, question)).encode())
            os._exit(0)
        os.close(tell)

    def outcome(self) -> Outcome:
        """End it, if it has not told anything."""
        ended = bool(select.select([self.told], [], [], 0)[0])
        with os.fdopen(self.told, "rb") as words:
            said = words.read() if ended else b""
        if not ended:
            os.kill(self._id, signal.SIGKILL)
        os.waitpid(self._id, 0)
        found = Outcome("hung") if not ended else Outcome(*json.loads(said)) if said else Outcome("crashed")
        return found._replace(seconds=round(time.monotonic() - self._began, 1))


def _ask(mutant: Mutant | None, question: Question) -> Outcome:
    if mutant is not None and not apply(mutant):
        return Outcome("unfit")
    if question.test:
        failed = pytest.main([*TESTING, question.test]) == pytest.ExitCode.TESTS_FAILED
        return Outcome("elsewhere", words=question.test) if failed else Outcome("survived")
    crashes: list[str] = []
    with own_world() if question.packets else contextlib.nullcontext() as folder:
        for seed in question.seeds:
            try:
                if seen := _seen(seed, folder, question):
                    return Outcome("killed", seed, seen[:200])
            except Exception as error:
                crashes.append(f"{type(error).__name__}: {error}"[:200])
                if len(crashes) == CRASHES:
                    break
    return Outcome("crashed", words=crashes[0]) if crashes else Outcome("survived")


def _seen(seed: int, folder: Path | None, question: Question) -> str:
    """Who disagrees with the spec on a design, or which property does not hold; empty where all is well."""
    with laboratory(seed, folder, made=_made, whole=True) as lab:
        stages = _stages(lab, seed, folder, question.lives)
        return next((words for stage in stages if (words := _wrong(lab, stage, question.by_spec))), "")


def _made(design: Design, without: frozenset[str]) -> None:
    """By turns a random design, one that has changed since it was built, and one in which every connection lives."""
    if _stands(design.seed):
        standing.build(design, without)
        return
    build(design, without)
    for _ in range(CHANGES if design.seed % 3 == 1 else 0):
        change(design, without)


def _stands(seed: int) -> bool:
    """Whether it is the network of `standing`, where connections of all kinds are to live through changes."""
    return seed % 3 == 2


def _stages(lab: Laboratory, seed: int, folder: Path | None, lives: int) -> Iterator[str]:
    """The design as it is, then with histories, then read back and undone; between them somebody may look."""
    examiner, reach = lab.examiner, lab.examiner.judges["reach"]
    assert isinstance(reach, ReachJudge)
    examiner.settle("as built")
    chosen = Edges(random.Random(f"packets {seed}"), examiner.answers, reach.outcomes, examiner.tunnels).choose(PACKETS)
    examiner.round("as built", [("try", probe) for _, probe in chosen])
    yield "fresh"
    built, before = len(lab.cloud.fabric.deltas), properties.dump(lab.fabric) if lab.fabric else []
    lives = 3 * lives if _stands(seed) else lives
    examiner.live(3 * lives, lives)
    yield "history"
    if folder is None:
        _silences(lab.examiner)
        yield "silence"
    look(lab, folder, before, built)
    yield "property"


def _silences(examiner: Examiner) -> None:
    """Nobody says anything for as long as something is remembered, or not quite; then everybody does.

    Without packets: what of the kernel's time can be tried, tests/kernel/test_fabric_idle.py tries.
    """
    opened = dict.fromkeys(trial.probe for trial in examiner.result.trials if trial.moment == "histories")
    for seconds in SILENCES:
        examiner.wait(seconds)
        examiner.round("silence", [("reply", probe) for probe in opened if probe in examiner.received])
        examiner.round("silence", [("send", probe) for probe in opened])


def _wrong(lab: Laboratory, stage: str, by_spec: bool) -> str:
    result = lab.examiner.result
    if result.failures:
        return f"{stage}: {', '.join(sorted(result.failures[0].disagreeing))}"
    lines = [one for one in result.violations if not by_spec or any(word in one for word in OF_THE_SPEC)]
    return lines[0] if lines else ""
