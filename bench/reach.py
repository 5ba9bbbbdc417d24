"""Proof: all pairs in every VPC, all that the internet touches, one question, one rule changed to the new answer.

`python -m bench.reach [VPCs]`: 100 unless said otherwise, each with 100 ENIs in 4 subnets (two with public addresses,
two behind a NAT gateway), 50 groups of 20 rules and an ACL of 8 entries a subnet; "odd ports": every rule of every
group has a range of its own. Each ENI wears two groups at random, so hardly any two of them are alike: no class helps.
`python -m bench.reach sizes`: from 10 to 100,000 ENIs, in one process. Times are of the processor, if not said
otherwise.
"""

import concurrent.futures
import gc
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from atoll.analyze.loaded import Loaded
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.packet import TCP
from atoll.plan.rows import Direction, Rule, Wearing
from atoll.records import Delta, Table
from bench.reach_plan import ENIS, SUBNETS, build
from tests.unit.lagoon import rule

QUESTIONS = 500


class Found(NamedTuple):
    """`pairs`: between which the way is straight; `opened`: those between which something arrives;
    `inward`, `outward`: ENIs that the internet reaches, and that reach it; `classes`: of ends by what they have open;
    `refused`: ends of which nothing was said.
    """

    pairs: int = 0
    opened: int = 0
    inward: int = 0
    outward: int = 0
    classes: int = 0
    refused: int = 0

    def plus(self, other: "Found") -> "Found":
        return Found(*(one + more for one, more in zip(self, other, strict=True)))


def everything(loaded: Loaded, domains: list[str]) -> tuple[Found, list[float]]:
    """All pairs in each of these VPCs, and all that the internet touches; seconds of the processor for each of both."""
    total, spent = Found(), [0.0, 0.0]
    for domain in domains:
        start = time.process_time()
        matrix = loaded.matrix(domain)
        sizes = matrix.sizes
        straight, opened = (
            int(sizes @ pairs @ sizes) for pairs in (matrix.leads, matrix.leads & matrix.arrives.any(axis=2))
        )
        between = time.process_time()
        found = loaded.exposure(domain)
        inward, outward = (sum(len(one.members) for one in found.classes if one.inward is way) for way in (True, False))
        spent = [spent[0] + between - start, spent[1] + time.process_time() - between]
        mine = (straight, opened, inward, outward, len(found.classes), len(found.refused))
        total = total.plus(Found(*mine))
    return total, spent


class Shared(NamedTuple):
    """What a process reports: `memory` is its part of what all use together, in MiB."""

    found: Found
    load: float
    pairs: float
    exposure: float
    memory: float


def _share(plan: Table, domains: list[str]) -> Shared:
    start = time.process_time()
    loaded = Loaded.load(plan, domains)
    load = time.process_time() - start
    found, (pairs, exposure) = everything(loaded, domains)
    return Shared(found, load, pairs, exposure, memory())


def memory() -> float:
    """MiB of this process, of what it shares with others its share."""
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def by_two(plan: Table, vpcs: int) -> tuple[float, list[Shared], float]:
    """Everything, from a plan that nobody has read, by two processes: seconds of the clock, what each of them reports,
    and what memory the first has left over.
    """
    names = [f"vpc-{number}" for number in range(vpcs)]
    start = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork"), _given, (plan,)) as pool:
        found = list(pool.map(_half, (names[::2], names[1::2])))
    return time.monotonic() - start, found, memory()


_plan: list[Table] = []


def _given(plan: Table) -> None:
    _plan[:] = [plan]


def _half(domains: list[str]) -> Shared:
    return _share(_plan[0], domains)


def a_pair(chance: random.Random, vpcs: int, enis: int) -> tuple[str, str, Box]:
    """Two ENIs of a VPC, and all flows between their addresses."""
    number, (one, other) = chance.randrange(vpcs), chance.sample(range(enis), 2)
    source, asked = (single(place(f"10.0.{eni % SUBNETS}.{eni // SUBNETS + 4}")) for eni in (one, other))
    return f"eni-{number}-{one}", f"eni-{number}-{other}", Box(source, asked, SERVICES)


def seconds(act: Callable[[], object]) -> float:
    """Of the processor."""
    start = time.process_time()
    act()
    return time.process_time() - start


def questions(loaded: Loaded, vpcs: int, enis: int = ENIS) -> list[float]:
    """Seconds for each of some questions about all services between two ENIs of a VPC."""
    chance = random.Random(2)
    pairs = [a_pair(chance, vpcs, enis) for _ in range(QUESTIONS)]
    return [seconds(partial(loaded.open, one, other)) for one, other, _ in pairs]


def reaches(plan: Table, vpcs: int) -> list[float]:
    """The same questions, asked of a plan of which nothing is loaded."""
    chance = random.Random(2)
    pairs = [a_pair(chance, vpcs, ENIS) for _ in range(QUESTIONS)]
    return [seconds(partial(reach, plan, one, [box])) for one, _, box in pairs]


PAIR, ENI, WHOLE = "a pair", "an ENI and the internet", "all pairs of its VPC and the internet"


def changes(loaded: Loaded, what: str, vpcs: int, enis: int = ENIS) -> list[float]:
    """Seconds from one more rule in a group until the plan has it and the new answer is there, which was asked for
    before.
    """
    chance = random.Random(3)
    found = []
    for index in range(100 if what == WHOLE else QUESTIONS):
        sender, asked, _ = a_pair(chance, vpcs, enis)
        domain = f"vpc-{asked.split('-')[1]}"
        group = loaded.plan.by(Wearing, "port", asked)[0].filter
        new = rule(f"new-{index}", group, Direction.IN, "0.0.0.0/0", TCP, (index, index))
        answers: dict[str, Callable[[], object]] = {
            PAIR: partial(loaded.open, sender, asked),
            ENI: partial(loaded.exposed, asked, inward=True),
            WHOLE: partial(everything, loaded, [domain]),
        }
        answer = answers[what]
        answer()
        found.append(seconds(partial(_changed, loaded, {new.key: (None, new)}, answer)))
        _changed(loaded, {new.key: (new, None)}, lambda: None)
    return found


def _changed(loaded: Loaded, delta: Delta, answer: Callable[[], object]) -> None:
    loaded.plan.apply(delta)
    loaded.update(delta)
    answer()


def spread(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1e3:.2f} ms, p99 {np.percentile(seconds, 99) * 1e3:.2f} ms"


def main(vpcs: int) -> None:
    for odd in (False, True):
        plan = build(vpcs, odd=odd)
        rules = sum(1 for _ in plan.all(Rule))
        gc.collect()
        gc.freeze()  # what a program does that holds a plan of millions of rows: else each collection walks them all
        print(f"{'odd' if odd else 'usual'} ports: {vpcs} VPCs, {vpcs * ENIS} ENIs, {rules} rules, {len(plan)} rows")
        print(f"  memory of the plan: {memory():.0f} MiB")
        clock, found, left = by_two(plan, vpcs)
        print(f"  by two processes, from nothing: {clock:.1f} s of the clock; of the processor, both together:")
        load, pairs, exposure = (
            sum(spent) for spent in zip(*((one.load, one.pairs, one.exposure) for one in found), strict=True)
        )
        print(f"    load {load:.2f} s, all pairs {pairs:.2f} s, what the internet touches {exposure:.2f} s")
        print(f"    {found[0].found.plus(found[1].found)}")
        print(f"    memory at the end: {left + sum(one.memory for one in found):.0f} MiB")
        print(f"  one question, nothing loaded: {spread(reaches(plan, vpcs))}")
        start = time.process_time()
        loaded = Loaded.load(plan)
        print(f"  loaded by one process: {time.process_time() - start:.2f} s, {memory():.0f} MiB")
        print(f"  one question: {spread(questions(loaded, vpcs))}")
        for what in (PAIR, ENI, WHOLE):
            print(f"  one more rule, to the new answer for {what}: {spread(changes(loaded, what, vpcs))}")
        del plan, loaded
        gc.unfreeze()


def sizes() -> None:
    """Cost against size: 10 to 100,000 ENIs."""
    for enis in (10, 100, 1_000, 10_000, 100_000):
        vpcs = -(-enis // ENIS)
        plan = build(vpcs, odd=False, enis=min(enis, ENIS))
        gc.collect()
        gc.freeze()
        start = time.process_time()
        loaded = Loaded.load(plan)
        load = time.process_time() - start
        _, (pairs, exposure) = everything(loaded, loaded.domains())
        ends = (vpcs, min(enis, ENIS))
        print(
            f"{enis} ENIs: load {load:.3f} s, all pairs {pairs:.3f} s, the internet {exposure:.3f} s; "
            f"a question {spread(questions(loaded, *ends))}; "
            + "; ".join(f"a rule, {what}: {spread(changes(loaded, what, *ends))}" for what in (PAIR, ENI, WHOLE)),
            flush=True,
        )
        del plan, loaded
        gc.unfreeze()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if sys.argv[1:] == ["sizes"]:
        sizes()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
