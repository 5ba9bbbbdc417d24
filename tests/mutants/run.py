"""python -m tests.mutants.run [--of GROUP] [--count N] [--seed S] [--designs D] [--workers W] [--json FILE]

Puts one error after the other into the code and asks the witness. Killed: on some design a judge disagrees with the
spec. An error that only makes the code break, or go on for ever, is not killed by that: it is told apart. Mutants of
the kernel's passes are judged by real packets, as root or inside a user namespace; all others without.
"""

import argparse
import contextlib
import json
import os
import select
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

from tests.mutants.mutate import Mutant, apply, sample
from tests.witness.run import examine, own_world

PATIENCE = 60.0
"""Seconds that all designs together may take for one mutant, times `--slow`."""

_COMPILE = (
    "filters gateways instances interfaces internet load_balancers nat_gateways prefix_lists routes sites subnets"
)
_WALK = "balancers history links lookup rules state translators walk"
_REACH = "balancers beam flows leg links routes rules spans translators"
_SPEC = "balancers filters flow history journey things world"
_KERNEL = "balancers fences groups links ports routes segments translators"

GROUPS: dict[str, list[str]] = {
    "compile": [f"atoll.compile.{one}" for one in _COMPILE.split()] + ["atoll.model.balancing"],
    "walk": [f"atoll.analyze.{one}" for one in _WALK.split()],
    "reach": [f"atoll.analyze.reach.{one}" for one in _REACH.split()],
    "spec": [f"tests.spec.{one}" for one in _SPEC.split()],
    "kernel": [f"atoll.fabric.kernel.passes.{one}" for one in _KERNEL.split()]
    + ["atoll.fabric.kernel.boxes", "atoll.fabric.kernel.pipeline", "atoll.fabric.kernel.uses"],
}


class Outcome(NamedTuple):
    """What became of a mutant: killed, crashed, hung, survived or unfit; on which design, and who saw it."""

    state: str
    seed: int = -1
    words: str = ""


def judged(mutant: Mutant | None, seeds: Sequence[int], packets: bool, patience: float) -> Outcome:
    """In a process of its own, which ends with it. None: the code as it is."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        with contextlib.suppress(BaseException):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.write(tell, json.dumps(_ask(mutant, seeds, packets)).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told, "rb") as words:
        ended = bool(select.select([words], [], [], patience)[0])
        said = words.read() if ended else b""
    if not ended:
        os.kill(child, 9)
    os.waitpid(child, 0)
    if not ended:
        return Outcome("hung")
    return Outcome(*json.loads(said)) if said else Outcome("crashed")


def _ask(mutant: Mutant | None, seeds: Sequence[int], packets: bool) -> Outcome:
    if mutant is not None and not apply(mutant):
        return Outcome("unfit")
    crashed = ""
    with own_world() if packets else contextlib.nullcontext() as folder:
        for seed in seeds:
            try:
                failures = examine(seed, folder).failures
            except Exception as error:
                crashed = f"{type(error).__name__}: {error}"
                continue
            if failures:
                return Outcome("killed", seed, ", ".join(sorted(failures[0].disagreeing)))
    return Outcome("crashed", words=crashed[:200]) if crashed else Outcome("survived")


def sound(seeds: Sequence[int], patience: float) -> list[int]:
    """Those on whose designs all agree while nothing is wrong: on others no mutant is killed."""
    left = list(seeds)
    while (outcome := judged(None, left, False, patience)).state == "killed":
        print(f"left out: on design {outcome.seed} {outcome.words} disagrees without any error", flush=True)
        left.remove(outcome.seed)
    if outcome.state != "survived":
        raise RuntimeError(f"without any error: {outcome}")
    return left


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run", description=__doc__)
    parser.add_argument("--of", choices=sorted(GROUPS), nargs="*", default=sorted(GROUPS))
    parser.add_argument("--count", type=int, default=40, help="mutants of each group")
    parser.add_argument("--seed", type=int, default=1, help="which mutants")
    parser.add_argument("--designs", type=int, default=40, help="designs that try each of them")
    parser.add_argument("--first", type=int, default=500_000, help="the first design's seed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slow", type=float, default=1.0, help="how many times longer all may take here")
    parser.add_argument("--json", type=Path, help="a line a mutant, with what became of it")
    options = parser.parse_args(arguments)
    seeds = sound(range(options.first, options.first + options.designs), PATIENCE * options.slow * 10)
    totals: dict[str, Counter[str]] = {}
    with contextlib.ExitStack() as held:
        log = held.enter_context(options.json.open("w")) if options.json else None
        for group in options.of:
            totals[group] = _group(group, options, seeds, log)
    for group, count in totals.items():
        real = count["killed"] + count["survived"]
        share = f"{count['killed'] / real:.0%}" if real else "-"
        print(f"{group:8} {share:>4} killed: {dict(count)}")
    return 1 if any(count["survived"] for count in totals.values()) else 0


def _group(group: str, options: argparse.Namespace, seeds: Sequence[int], log: IO[str] | None) -> Counter[str]:
    chosen = sample(GROUPS[group], options.count, options.seed)
    packets, count = group == "kernel", Counter[str]()
    patience = PATIENCE * options.slow * (4 if packets else 1)
    started = time.monotonic()
    with ThreadPoolExecutor(options.workers) as pool:
        outcomes = pool.map(lambda one: judged(one, seeds, packets, patience), chosen)
        for mutant, outcome in zip(chosen, outcomes, strict=True):
            count[outcome.state] += 1
            if log is not None:
                print(json.dumps({"group": group, "mutant": str(mutant), **outcome._asdict()}), file=log, flush=True)
            if outcome.state != "killed":
                print(f"{outcome.state:9} {mutant}  {outcome.words}", flush=True)
    print(f"{group}: {len(chosen)} mutants in {time.monotonic() - started:.0f} s", flush=True)
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
