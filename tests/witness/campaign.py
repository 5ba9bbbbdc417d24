"""python -m tests.witness.campaign [--designs N] [--packets N] [--seed S] [--log FILE] [--all-packets] [--no-packets]

The main test: random designs by the thousand, a million real packets, each compared with what the spec, the walk and
the analyzer predict. A process for each processor, each in namespaces of its own. Exit status 1 where anything
disagrees, where too few or too many packets arrive, or where some pair of features never meets in 2,000 designs.
"""

import argparse
import gc
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from tests.witness import bulk, features
from tests.witness.bulk import Told
from tests.witness.met import APART, PAIRS, Pair
from tests.witness.run import own_world

ROOT = Path(__file__).parents[2]
DESIGNS, PACKETS = 2000, 560
SHARE = (0.3, 0.7)
"""Of the real packets, how many may arrive at least and at most."""

EVERY = 50
"""Of so many designs one lives through histories, and its kernel is read back."""

SHOWN = 5

SUMS = ["packets", "verdicts", "arrived", "answered", "answer untold", "predicted to arrive", "balanced", "choices"]
SUMS += ["walk", "reach"]


@dataclass
class Tally:
    """What the designs have come to."""

    designs: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    lifted: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    met: set[tuple[str, ...]] = field(default_factory=set)
    together: set[tuple[str, ...]] = field(default_factory=set)
    disagreements: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """Count one design."""
        self.designs += 1
        self.sums.update({name: told[name] for name in SUMS})
        self.sources.update(told["sources"])
        self.reasons.update(told["reasons"])
        self.lifted.update(one["reason"] for one in told["controls"])
        self.dropped.update(chain for one in told["controls"] for chain in one["dropped in"] or ())
        self.met |= {tuple(pair) for pair in told["met"]}
        self.together |= set(combinations(told["features"], 2))
        self.disagreements += told["disagreements"]
        self.kept += told["kept"]
        self.violations += [f"{told['seed']} | {line}" for line in told["violations"]]

    @property
    def share(self) -> float:
        """How many of the real packets arrive; without them, of those that were predicted."""
        real, whole = self.sums["verdicts"], self.sums["packets"]
        return self.sums["arrived"] / real if real else self.sums["predicted to arrive"] / max(whole, 1)

    @property
    def apart(self) -> list[Pair]:
        """Pairs of features that no packet has met, although one can."""
        return sorted(PAIRS - APART - {(a, b) for a, b in self.met})

    def lines(self, wall: float, processor: float) -> Iterator[str]:
        """What to print of it."""
        one = self.sums
        yield (
            f"witness: {self.designs} designs, {one['packets']} packets ({_shares(self.sources)}); predictions of the "
            f"spec {one['packets']}, the walk {one['walk']}, reach {one['reach']}"
        )
        yield (
            f"  {one['verdicts']} verdicts of real packets (a packet whose arrival, place, translated addresses and "
            f"answer were compared; of {one['answer untold']} the answer was not): {self.share:.1%} arrive, "
            f"{one['answered']} answered, {one['balanced']} through load balancers, {one['choices']} with a choice"
        )
        yield f"  lost: {_shares(self.reasons)}"
        yield f"  let through by lifting the one thing that stopped them, and lost again: {_counts(self.lifted)}"
        yield f"  of {sum(self.dropped.values())} the kernel told in which chain it dropped them: what is blamed"
        names = list(combinations([one.__name__ for one in features.FEATURES], 2))
        there = f"{len(self.met)} of {len(PAIRS - APART)} on a packet's way"
        yield f"  pairs of features: {len(self.together)} of {len(names)} in a design, {there}"
        if self.apart:
            yield f"  never on one way: {'; '.join(f'{a} + {b}' for a, b in self.apart)}"
        yield (
            f"  {wall:.0f} s, {processor:.0f} seconds of processors; {len(self.disagreements)} disagreements, "
            f"{len(self.violations)} properties violated"
        )
        yield from (f"  {line}" for line in (*self.disagreements[:SHOWN], *self.violations[:SHOWN]))
        yield from (f"  shrunk and kept: {name}" for name in self.kept)


def main(arguments: list[str]) -> int:
    """Run, print, and say whether all agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.witness.campaign", description=__doc__)
    parser.add_argument("--designs", type=int, default=DESIGNS, help="how many; each has the seed after the one before")
    parser.add_argument("--packets", type=int, default=PACKETS, help="fresh connections a design")
    parser.add_argument("--seed", type=int, default=0, help="of the first design")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="one a processor")
    parser.add_argument("--no-packets", action="store_true", help="spec, walk and reach only: no kernel")
    parser.add_argument("--log", type=Path, help="a line of JSON a design")
    parser.add_argument("--all-packets", action="store_true", help="in the log, what was said of each packet")
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part is not None:
        _work(options)
        return 0
    tally, began = Tally(), time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as held, suppress(KeyboardInterrupt):  # then it tells what there is
        log = held.enter_context(options.log.open("w")) if options.log else None
        for line in _lines(options, arguments):
            tally.add(json.loads(line))
            if log:
                log.write(line)
    spent = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(one.ru_utime + one.ru_stime for one in spent)
    sys.stdout.write("".join(f"{line}\n" for line in tally.lines(time.monotonic() - began, processor)))
    agreed = not tally.disagreements and not tally.violations and tally.designs == options.designs
    whole = options.designs < DESIGNS or not tally.apart
    return 0 if agreed and whole and SHARE[0] <= tally.share <= SHARE[1] else 1


def _lines(options: argparse.Namespace, arguments: list[str]) -> Iterator[str]:
    """What the processes tell, a line a design, as it comes. RuntimeError: one has failed."""
    command = [sys.executable, "-m", "tests.witness.campaign", *arguments, "--processes", str(options.processes)]
    processes = [
        subprocess.Popen([*command, "--part", str(part)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for part in range(options.processes)
    ]
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read(process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            told.put(line)
        told.put(None)

    try:
        for process in processes:
            threading.Thread(target=read, args=(process,), daemon=True).start()
        for _ in processes:
            yield from iter(told.get, None)
        if sum(process.wait() != 0 for process in processes):
            raise RuntimeError("a process has failed")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _work(options: argparse.Namespace) -> None:
    """One process's share of the designs."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    with ExitStack() as held:
        folder = None if options.no_packets else held.enter_context(own_world(options.part))
        lifted: Counter[str] = Counter()
        for number in range(options.part, options.designs, options.processes):
            seed, thorough = options.seed + number, number % EVERY == 0
            try:
                told = bulk.examine(seed, folder, options.packets, lifted, thorough=thorough, all_=options.all_packets)
            except Exception as error:
                error.add_note(f"design {seed}")
                raise
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


def _shares(counted: Counter[str]) -> str:
    whole = max(sum(counted.values()), 1)
    return ", ".join(f"{name} {count / whole:.1%}" for name, count in counted.most_common())


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
