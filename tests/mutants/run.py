"""python -m tests.mutants.run [--of GROUP] [--count N] [--seed S] [--designs D] [--workers W] [--json FILE]

Puts one error after the other into the code and asks the witness. Killed: on some design a judge disagrees with the
spec, or a property does not hold. An error that only makes the code break, or go on for ever, is not killed by that: it
is told apart. Mutants of the kernel's passes are judged by real packets, as root or inside a user namespace; all others
without. What survives is looked up in tests/mutants/explained.py: exit status 1 where it does not explain one.
"""

import argparse
import contextlib
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tests.mutants.asking import LIVES, Outcome, Question, judged
from tests.mutants.explained import judge, why
from tests.mutants.mutate import Mutant, mutants, sample

AGAIN = ("survived", "equivalent", "elsewhere")
"""What has become of those that --again tries."""

PATIENCE = 60.0
"""Seconds that all designs together may take for one mutant, times `--slow`; with real packets four times as many."""

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


def sound(question: Question) -> Question:
    """With those designs alone on which all agree while nothing is wrong: on others no mutant is killed."""
    while (outcome := next(one for _, one in judged([None], question))).state == "killed":
        print(f"left out: on design {outcome.seed} {outcome.words} without any error", flush=True)
        question = question._replace(seeds=[one for one in question.seeds if one != outcome.seed])
    if outcome.state != "survived":
        raise RuntimeError(f"without any error: {outcome}")
    return question


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run", description=__doc__)
    parser.add_argument("--of", choices=sorted(GROUPS), nargs="*", default=sorted(GROUPS))
    parser.add_argument("--count", type=int, default=40, help="mutants of each group")
    parser.add_argument("--seed", type=int, default=1, help="which mutants")
    parser.add_argument("--designs", type=int, default=40, help="designs that try each of them")
    parser.add_argument("--first", type=int, default=500_000, help="the first design's seed")
    parser.add_argument("--lives", type=int, default=LIVES, help="changes that connections live through on a design")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slow", type=float, default=1.0, help="how many times longer all may take here")
    parser.add_argument(
        "--only", nargs="*", default=[], help="instead of a sample: those in whose line one of these is"
    )
    parser.add_argument(
        "--again", type=Path, help="instead of a sample: those that survived in what --json wrote there"
    )
    parser.add_argument("--packets", action="store_true", help="real packets for all groups")
    parser.add_argument("--json", type=Path, help="a line a mutant, with what became of it")
    options = parser.parse_args(arguments)
    totals: dict[str, Counter[str]] = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that its children end too
    with contextlib.ExitStack() as held:
        log = held.enter_context(options.json.open("w")) if options.json else None
        for group in options.of:
            totals[group] = _group(group, options, log)
    for group, count in totals.items():
        print(f"{group:8} {share(count)}: {dict(count)}")
    return 1 if any(count["survived"] for count in totals.values()) else 0


def share(count: Counter[str]) -> str:
    """How many the witness kills: of all that break nothing and come to an end; of those of which anything is seen."""
    killed, unknown = count["killed"], count["survived"] + count["elsewhere"]
    whole, real = (
        f"{killed / of:.1%}" if of else "-" for of in (killed + unknown + count["equivalent"], killed + unknown)
    )
    return f"{whole} killed, {real} without the equivalent"


def _group(group: str, options: argparse.Namespace, log: IO[str] | None) -> Counter[str]:
    chosen = _chosen(GROUPS[group], options)
    packets, count = options.packets or group == "kernel", Counter[str]()
    patience = PATIENCE * options.slow * (4 if packets else 1)
    seeds = range(options.first, options.first + options.designs)
    question = Question(seeds, patience, packets=packets, by_spec=group == "compile", lives=options.lives)
    question = sound(question._replace(patience=patience * 10))._replace(patience=patience)
    started = time.monotonic()
    for number, seen in judged(chosen, question, options.workers):
        mutant = chosen[number]
        outcome = _looked_up(mutant, question) if seen.state == "survived" else seen
        count[outcome.state] += 1
        if log is not None:
            line = {"group": group, "mutant": str(mutant), **outcome._asdict()}
            print(json.dumps(line), file=log, flush=True)
        if outcome.state != "killed":
            print(f"{outcome.state:10} {mutant}  {outcome.words}", flush=True)
    print(f"{group}: {len(chosen)} mutants in {time.monotonic() - started:.0f} s", flush=True)
    return count


def _looked_up(mutant: Mutant, question: Question) -> Outcome:
    """What explained.py says of one that survived; the test that it names is run."""
    if test := judge(mutant):
        return next(judged([mutant], question._replace(test=test)))[1]
    return Outcome("equivalent", words=reason) if (reason := why(mutant)) else Outcome("survived")


def _chosen(modules: Sequence[str], options: argparse.Namespace) -> list[Mutant]:
    every = [one for module in modules for one in mutants(module)]
    if options.again:
        told = map(json.loads, options.again.read_text().splitlines())
        survivors = {one["mutant"] for one in told if one["state"] in AGAIN}
        return [one for one in every if str(one) in survivors]
    if options.only:
        return [one for one in every if any(text in str(one) for text in options.only)]
    return sample(modules, options.count, options.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
