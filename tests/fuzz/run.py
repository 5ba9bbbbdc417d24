"""Spoilt requests in process: `python -m tests.fuzz.run COUNT [SEED]`. Prints what it found, and ends with 1 if it did.

A spoilt request that runs a line that none before it ran joins the corpus (until it is full).
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.fuzz.corpus import Wire, load
from tests.fuzz.judge import code_of, fault
from tests.fuzz.mutate import Mutator
from tests.fuzz.site import Coverage, Site

LARGEST_CORPUS = 6000
AFRESH = 4000
"""Requests after which the cloud is emptied: a cloud whose quotas are full refuses everything for one reason."""
WATCHED = 3
"""One request in so many is watched for new lines: watching takes three times as long as answering."""

SLOW = 1.0
"""Seconds of the processor that no single request may take."""


class Finding(NamedTuple):
    """A request whose answer must not be."""

    problem: str
    wire: Wire
    answer: bytes


class Result(NamedTuple):
    """What a run saw."""

    asked: int
    codes: Counter[str]
    lines: int
    findings: list[Finding]


async def run(count: int, seed: int, *, guided: bool = True, report: int = 0) -> Result:
    """Ask `count` spoilt requests; the same seed asks the same."""
    site, coverage, mutator = Site(), Coverage(), Mutator(seed, load())
    await site.writer.load()
    codes: Counter[str] = Counter()
    findings: dict[str, Finding] = {}
    for number in range(1, count + 1):
        if number % AFRESH == 0:
            await site.effects.idle()
            await site.writer.reset()
            mutator.ids.clear()
        wire = mutator.next()
        watched = guided and number % WATCHED == 0
        begun = time.process_time()
        if watched:
            coverage.start()
        status, headers, body = await site.ask(wire)
        coverage.stop()
        if time.process_time() - begun > SLOW:
            findings.setdefault("slow", Finding(f"took {time.process_time() - begun:.1f} s", wire, body[:200]))
        problem = fault(status, headers, body)
        if problem is not None:
            findings.setdefault(f"{problem} {wire.body[:40]!r}", Finding(problem, wire, body[:500]))
        elif status == 200:
            mutator.learn(body)
        if watched and coverage.is_fresh() and len(mutator.corpus) < LARGEST_CORPUS:
            mutator.corpus.append(wire)
        codes["200" if status == 200 else code_of(headers, body)] += 1
        if report and number % report == 0:
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            line = f"{number} asked, {len(coverage.lines)} lines, {len(codes)} codes, corpus {len(mutator.corpus)}"
            print(f"{line}, {used} MiB at most, {len(findings)} findings", flush=True)
    await site.close()
    return Result(count, codes, len(coverage.lines), list(findings.values()))


def main() -> int:
    """A long run."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    result = asyncio.run(run(count, seed, report=max(1, count // 20)))
    for code, times in result.codes.most_common():
        print(f"{times:>9} {code}")
    for finding in result.findings:
        print(f"\n{finding.problem}\n  {finding.wire}\n  {finding.answer!r}")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
