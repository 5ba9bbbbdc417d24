"""python -m tests.witness.run [--designs N] [--seed S] [--no-packets] [--log FILE] [--without NAME ...]

Prints what was tried and every disagreement with the command that repeats it; exit status 1 if there is one. With
packets it makes namespaces of its own.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from atoll.fabric.kernel import KernelFabric
from atoll.fabric.none import NoFabric
from atoll.linux import mounts, userns
from atoll.linux.syscalls import Clone, unshare
from tests.witness import properties
from tests.witness.cloud import Cloud
from tests.witness.design import Design
from tests.witness.examine import Examination, Examiner, Trial
from tests.witness.features import build
from tests.witness.judges import Judge
from tests.witness.packets.judge import Packets
from tests.witness.reach_judge import ReachJudge
from tests.witness.walk_judge import WalkJudge, Watch

SHOWN = 5
"""Disagreements that are printed in full."""


@dataclass
class Tally:
    """What a run has come to."""

    designs: int = 0
    trials: int = 0
    arrived: int = 0
    answered: int = 0
    balanced: int = 0
    choices: int = 0
    by_judge: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[Design, Trial]] = field(default_factory=list)
    violations: list[tuple[Design, str]] = field(default_factory=list)

    def add(self, done: Examination) -> None:
        """Count one design."""
        self.designs += 1
        self.trials += len(done.trials)
        self.arrived += sum(trial.spec.arrives for trial in done.trials)
        self.answered += sum(bool(trial.spec.answered) for trial in done.trials)
        self.balanced += sum(trial.spec.target is not None for trial in done.trials)
        self.choices += sum(len(trial.fates["spec"] or ()) > 1 for trial in done.trials)
        self.failures += [(done.design, trial) for trial in done.failures]
        self.violations += [(done.design, line) for line in done.violations]
        for trial in done.trials:
            for name, seen in trial.others.items():
                self.by_judge[name] = self.by_judge.get(name, 0) + (seen is not None)

    def summary(self, seconds: float) -> str:
        """One line."""
        judged = ", ".join(f"{name} {count}" for name, count in self.by_judge.items())
        verdicts = self.trials + sum(self.by_judge.values())
        return (
            f"witness: {self.designs} designs, {self.trials} packets ({self.arrived} arrive, "
            f"{self.answered} answered; {self.balanced} through load balancers, {self.choices} with a choice), "
            f"judged by the spec, {judged}; {verdicts / seconds:.0f} verdicts/s "
            f"in {seconds:.1f} s; {len(self.failures)} disagreements, {len(self.violations)} properties violated"
        )


def main(arguments: list[str]) -> int:
    """Run, print, and say whether all agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.witness.run", description=__doc__)
    parser.add_argument("--designs", type=int, default=20, help="how many; each has the seed after the one before")
    parser.add_argument("--seed", type=int, default=0, help="of the first design")
    parser.add_argument("--no-packets", action="store_true", help="spec and walk only: no kernel")
    parser.add_argument("--without", nargs="*", default=[], help="features and changes to leave out")
    parser.add_argument(
        "--log",
        type=Path,
        help="a line a packet: seed, packet, prediction, arrival; one for all answers of the API, one for its calls",
    )
    options = parser.parse_args(arguments)
    tally, started = Tally(), time.monotonic()
    with contextlib.ExitStack() as held:
        folder = None if options.no_packets else held.enter_context(own_world())
        log = held.enter_context(options.log.open("w")) if options.log else None
        for seed in range(options.seed, options.seed + options.designs):
            try:
                done = examine(seed, folder, frozenset(options.without))
            except Exception as error:
                error.add_note(f"design {seed}; again: python -m tests.witness.run --seed {seed} --designs 1")
                raise
            tally.add(done)
            if log:
                log.writelines(log_line(seed, trial) for trial in done.trials)
                log.write(f"{seed} | answers: {done.design.cloud.answered}\n")
                made = sorted({call.split()[0] for call in done.design.calls})
                log.write(f"{seed} | operations: {' '.join(made)}\n")
    _print(tally, time.monotonic() - started, options)
    return 1 if tally.failures or tally.violations else 0


def examine(seed: int, folder: Path | None, without: frozenset[str] = frozenset()) -> Examination:
    """One design from its seed to its verdicts; with real packets if there is a folder for namespaces."""
    with laboratory(seed, folder, without) as lab:
        lab.examiner.probe()
        built, before = len(lab.cloud.fabric.deltas), properties.dump(lab.fabric) if lab.fabric else []
        lab.examiner.live()
        look(lab, folder, before, built)
        return lab.examiner.result


def look(lab: "Laboratory", folder: Path | None, before: list[str], built: int) -> None:
    """Add to the result's violations what is otherwise than it must be, in plan and kernel. Undoes the deltas since
    there were `built` of them, when the kernel's dump was `before`.
    """
    found = lab.examiner.result.violations
    found += properties.plan_from_scratch(lab.cloud)
    if lab.fabric and folder:
        fresh = Path(lab.held.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        found += properties.observed(lab.fabric)
        found += properties.counted(lab.cloud, lab.fabric, properties.describe(lab.cloud))
        found += properties.kernel_from_scratch(lab.cloud, lab.fabric, fresh)
        found += properties.undone(lab.fabric, before, lab.cloud.fabric.deltas[built:])


class Laboratory(NamedTuple):
    """A design that is built, its judges, and whatever has to be cleaned up."""

    examiner: Examiner
    cloud: Cloud
    fabric: KernelFabric | None
    held: contextlib.ExitStack


Maker = Callable[[Design, frozenset[str]], None]
"""What makes a design, and without which features."""


@contextlib.contextmanager
def laboratory(
    seed: int,
    folder: Path | None,
    without: frozenset[str] = frozenset(),
    made: Maker = build,
    watch: Watch | None = None,
    *,
    whole: bool = False,
    wired: bool | None = None,
) -> Iterator[Laboratory]:
    """Build the design of a seed; with real packets if there is a folder for namespaces.

    `watch`, `whole`, `wired`: see WalkJudge, ReachJudge and Design.
    """
    with contextlib.ExitStack() as held:
        fabric = _kernel(folder, held) if folder else None
        cloud = held.enter_context(contextlib.closing(Cloud(seed, fabric or NoFabric())))
        design = Design(seed, cloud, wired=wired)
        made(design, without)
        judges: dict[str, Judge] = {"walk": WalkJudge(cloud, watch), "reach": ReachJudge(cloud, whole=whole)}
        if fabric:
            judges["packets"] = held.enter_context(contextlib.closing(Packets(cloud, fabric, reap=seed % 2 == 0)))
        yield Laboratory(Examiner(design, judges, without), cloud, fabric, held)


def _kernel(folder: Path, held: contextlib.ExitStack) -> KernelFabric:
    place = held.enter_context(tempfile.TemporaryDirectory(dir=folder))
    return held.enter_context(contextlib.closing(KernelFabric(Path(place))))


@contextlib.contextmanager
def own_world(processor: int = 0) -> Iterator[Path]:
    """Network and mount namespaces of this process's own, for good; one processor; a folder for namespaces.

    `processor`: which of those that it may use, counted round.
    """
    if userns.needed():
        userns.enter()
    unshare(Clone.NEWNET | Clone.NEWNS)
    mounts.make_private()
    able = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {able[processor % len(able)]})
    with tempfile.TemporaryDirectory(prefix="witness-") as folder:
        yield Path(folder)


def log_line(seed: int, trial: Trial) -> str:
    """A packet, what it was predicted to do and what it did, in one line."""
    probe = trial.probe
    packet = f"{probe.protocol} {probe.source}:{probe.source_port} > {probe.destination}:{probe.destination_port}"
    said = " | ".join(f"{name}: {seen if seen else 'not asked'}" for name, seen in trial.others.items())
    return f"{seed} | {trial.moment} | {trial.verb} {packet} from {probe.at} | spec: {trial.spec} | {said}\n"


def _print(tally: Tally, seconds: float, options: argparse.Namespace) -> None:
    shown: set[int] = set()
    for design, trial in tally.failures[:SHOWN]:
        if design.seed not in shown:
            shown.add(design.seed)
            _say(f"\nDesign {design.seed}:", *(f"  {call}" for call in design.calls))
        _say(log_line(design.seed, trial).replace(" | ", "\n  ").rstrip())
        packets = " --no-packets" if options.no_packets else ""
        without = f" --without {' '.join(options.without)}" if options.without else ""
        _say(f"  again: python -m tests.witness.run --seed {design.seed} --designs 1{packets}{without}")
    for design, line in tally.violations[:SHOWN]:
        _say(f"\nseed {design.seed}: {line}")
    _say(tally.summary(seconds))


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
