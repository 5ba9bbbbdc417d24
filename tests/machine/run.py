"""A longer campaign: `python -m tests.machine.run COUNT [SEED [MOST]]`. COUNT examples of up to STEPS calls each.

Prints how often each outcome was seen, and the smallest run that shows a disagreement if there is one. With MOST it
goes on until each outcome was seen, up to that many examples; the exit status is 1 when one never was.

The same seed makes the same calls in the same program only: Hypothesis draws from the constants of all modules that
are loaded as well.
"""

import sys
import time
from collections import Counter
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.machine import Machine
from tests.machine.rules import OPERATIONS
from tests.machine.site import Outcome

STEPS = 80
BATCH = 10
"""Examples of one run of Hypothesis's: after that many it goes on with variations of what it has had, not with news."""


def campaign(count: int, seed: int, *, machine: type[Machine] = Machine, shrink: bool = True) -> Counter[Outcome]:
    """Run a machine; the same seed makes the same calls. Answers what the calls came to."""
    outcomes: Counter[Outcome] = Counter()
    for done in range(0, count, BATCH):
        outcomes += _batch(min(BATCH, count - done), seed + done, machine, [Phase.generate, Phase.shrink][: 1 + shrink])
    return outcomes


def _batch(count: int, seed: int, machine: type[Machine], phases: list[Phase]) -> Counter[Outcome]:
    class Fresh(machine):  # type: ignore[misc, valid-type] # its own count, and its own seed
        outcomes: ClassVar[Counter[Outcome]] = Counter()

    chosen: Any = hypothesis.seed(seed)(Fresh)
    how = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    run_state_machine_as_test(chosen, settings=how)
    return Fresh.outcomes


def never(outcomes: Counter[Outcome]) -> list[Outcome]:
    """What no call came to, of all that the rules know."""
    known = {(name, code) for name, one in OPERATIONS.items() for code in (*one.codes, "ok")}
    return sorted(known - set(outcomes))


def main() -> int:
    """Run the campaign that the command line asks for."""
    count, seed, most = [*map(int, sys.argv[1:]), 0, 0][:3]
    begun = time.monotonic()
    outcomes = campaign(count, seed, shrink=not most)
    while count < most and never(outcomes):
        outcomes += campaign(BATCH, seed + count, shrink=False)
        count += BATCH
    for (operation, code), times in sorted(outcomes.items()):
        print(f"{times:8} {operation} {code}")
    spent = time.monotonic() - begun
    print(f"{count} examples, {sum(outcomes.values())} calls in {spent:.0f} s, {len(outcomes)} outcomes")
    print(f"never: {never(outcomes)}")
    return int(bool(most and never(outcomes)))


if __name__ == "__main__":
    sys.exit(main())
