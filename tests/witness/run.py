"""python -m tests.witness.run --designs N --seed S [--no-packets] [--log FILE] [--without NAME ...]"""

import argparse
import sys
import time
from pathlib import Path

from atoll.fabric.none import NoFabric
from tests.witness.cloud import Cloud
from tests.witness.examine import Examination, examine


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.witness.run", description="Random designs, three judges.")
    parser.add_argument("--designs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first design; the others follow")
    parser.add_argument("--no-packets", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--log", type=Path)
    parser.add_argument("--show", type=int, default=3)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    done = []
    for seed in range(options.seed, options.seed + options.designs):
        cloud = Cloud(seed, NoFabric())
        try:
            done.append(examine(cloud, seed, without=frozenset(options.without)))
        finally:
            cloud.close()
    took = time.monotonic() - started
    trials = [t for e in done for t in e.trials]
    failures = [(e, t) for e in done for t in e.failures]
    arrived = sum(t.spec.arrives for t in trials)
    answered = sum(t.spec.answered for t in trials)
    print(
        f"{len(done)} designs, {len(trials)} verdicts ({arrived} arrive, {answered} answered), {len(trials) / took:.0f}/s in {took:.1f} s, {len(failures)} disagreements in {len({e.design.seed for e, _ in failures})} designs"
    )
    for e, t in failures[: options.show]:
        print(f"seed {e.design.seed} {t.moment} {t.verb} {t.probe}")
        for line in t.disagreements:
            print("   ", line)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
