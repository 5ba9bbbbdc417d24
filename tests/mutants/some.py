"""python -m tests.mutants.some [--packets]: a few errors of each folder, and what becomes of them, as JSON.

In a process of its own, which has one thread, as asking.py wants it.
"""

import json
import sys

from tests.mutants.asking import Question, judged
from tests.mutants.mutate import Mutant, mutants
from tests.mutants.run import sound

DESIGNS = (500_001, 500_002)
"""One that has changed, one as it was built; all of these are seen there."""
PATIENCE = 300.0
"""Seconds; an error is seen within two."""

NAMED = [
    ("atoll.compile.filters", "group_rule", "Direction.OUT  ->  Direction.IN"),
    ("atoll.compile.routes", "local", "if not view.keys(VpcRoute"),
    ("atoll.analyze.rules", "judge_port", "if rule.direction is not direction"),
    ("atoll.analyze.walk", "_Walker._fence", "if segment.fence is None"),
    ("atoll.analyze.reach.rules", "pass_fence", "rule.direction is direction"),
    ("tests.spec.filters", "acl_allows", "entry.direction is direction  ->"),
]
HARMLESS = ("atoll.analyze.walk", "_judged", "'' if judgement.tracked else ', untracked'")
"""It changes what an explanation says, and nothing that happens."""

IN_THE_KERNEL = ("atoll.fabric.kernel.passes.ports", "address", "not attached(view, owner)  ->")


def named(module: str, function: str, words: str) -> Mutant:
    """The first mutant of that function whose words begin so."""
    return next(one for one in mutants(module) if one.function == function and one.words.startswith(words))


def main(packets: bool) -> int:
    question = sound(Question(DESIGNS, PATIENCE, packets=packets))
    chosen = [IN_THE_KERNEL] if packets else [*NAMED, HARMLESS]
    outcomes = judged([named(*one) for one in chosen], question)
    told = [(" ".join(chosen[number]), outcome.state) for number, outcome in outcomes]
    sys.stdout.write(json.dumps(dict(told)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main("--packets" in sys.argv))
