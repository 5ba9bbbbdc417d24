"""compile: one change against the number of ENIs in one VPC, beside compiling all of it from scratch.

A slope in the first column is a bug.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.compile import compiler
from atoll.records import Delta, Derivation, Overlay, Table
from tests.support import small_cloud as cloud

SIZES = (10, 100, 1_000, 10_000, 100_000)
ROUNDS = 200


def build(interfaces: int) -> tuple[Table, Derivation, float]:
    subnets = [cloud.subnet(f"subnet-{number}", f"10.{number}.0.0/16") for number in range(2)]
    entities = [*cloud.network("vpc-1", "10.0.0.0/8"), *subnets]
    for number in range(interfaces):
        where = subnets[number % 2]
        entities += cloud.interface(f"eni-{number}", where, where.prefix.address(number // 2 + 10))
    model, passes = Table(entities), compiler()
    whole: Delta = {key: (None, record) for key, record in model.records.items()}
    start = time.perf_counter()
    passes.accept(passes.propose(model, whole))
    return model, passes, time.perf_counter() - start


def one_change(model: Table, passes: Derivation, make: str, number: int) -> float:
    draft = Overlay(model)
    if make == "rule":
        draft.put(cloud.rule(f"sgr-{number}", "sg-default", 80, f"192.0.2.{number % 250}/32"))
    else:
        for entity in cloud.interface(
            f"eni-new-{number}", cloud.subnet("subnet-0", "10.0.0.0/16"), f"10.0.255.{number % 250}"
        ):
            draft.put(entity)
    start = time.perf_counter()
    delta = draft.delta()
    proposal = passes.propose(draft, delta)
    passes.accept(proposal)
    model.apply(delta)
    return time.perf_counter() - start


def main() -> None:
    print(f"{'ENIs':>8} {'one rule, ms':>14} {'one ENI, ms':>14} {'from scratch, ms':>18}")
    for size in SIZES:
        model, passes, scratch = build(size)
        rule = statistics.median(one_change(model, passes, "rule", number) for number in range(ROUNDS))
        eni = statistics.median(one_change(model, passes, "eni", number) for number in range(ROUNDS))
        print(f"{size:>8} {rule * 1e3:>14.3f} {eni * 1e3:>14.3f} {scratch * 1e3:>18.1f}")


if __name__ == "__main__":
    main()
