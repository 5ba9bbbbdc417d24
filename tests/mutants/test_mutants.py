"""The witness sees errors: some of each folder, put in one by one. `python -m tests.mutants.run` tries hundreds."""

import pytest

from tests.mutants.mutate import Mutant, mutants, sample
from tests.mutants.run import GROUPS, judged, sound

DESIGNS = range(500_000, 500_012)
PATIENCE = 300.0
"""Seconds; an error is seen within two."""

NAMED = [
    ("atoll.compile.filters", "group_rule", "Direction.OUT  ->  Direction.IN"),
    ("atoll.compile.routes", "local", "if not view.keys(VpcRoute"),
    ("atoll.analyze.rules", "judge_port", "if rule.direction is not direction"),
    ("atoll.analyze.walk", "_Walker._fence", "if segment.fence is None"),
    ("atoll.analyze.reach.rules", "pass_fence", "rule.direction is direction"),
    ("tests.spec.filters", "acl_allows", "packet.destination  ->  packet.source"),
]
HARMLESS = ("atoll.analyze.walk", "_judged", "'' if judgement.tracked else ', untracked'")
"""It changes what an explanation says, and nothing that happens."""

IN_THE_KERNEL = (
    "atoll.fabric.kernel.passes.fences",
    "lines",
    "pipeline.RETURN if rule.allow else pipeline.DROP  ->  pipeline.RETURN if True",
)


def named(module: str, function: str, words: str) -> Mutant:
    """The first mutant of that function whose words begin so."""
    return next(one for one in mutants(module) if one.function == function and one.words.startswith(words))


@pytest.fixture(scope="module")
def agreed() -> list[int]:
    return sound(DESIGNS, PATIENCE)


@pytest.mark.parametrize("place", NAMED, ids=" ".join)
def test_it_is_killed(agreed: list[int], place: tuple[str, str, str]) -> None:
    assert judged(named(*place), agreed, False, PATIENCE).state == "killed"


def test_what_changes_nothing_survives(agreed: list[int]) -> None:
    assert judged(named(*HARMLESS), agreed[:3], False, PATIENCE).state == "survived"


@pytest.mark.kernel
def test_real_packets_kill_one_of_the_kernels_passes(agreed: list[int]) -> None:
    assert judged(named(*IN_THE_KERNEL), agreed, True, PATIENCE).state == "killed"


def test_there_are_enough_and_the_same_every_time() -> None:
    assert sum(len(sample(modules, 60, 1)) for modules in GROUPS.values()) >= 150
    modules = GROUPS["compile"]
    assert sample(modules, 20, 7) == sample(modules, 20, 7) != sample(modules, 20, 8)
