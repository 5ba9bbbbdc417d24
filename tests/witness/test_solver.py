"""Between two interfaces of a VPC the solver finds no packet on which reach and the filters' formula differ."""

from collections.abc import Iterator
from typing import Any

import pytest

from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.plan.rows import Rule
from atoll.records import Delta
from tests.witness import solver
from tests.witness.run import Laboratory, laboratory
from tests.witness.snapshot import Answers

Pair = tuple[dict[str, Any], dict[str, Any]]

WITHOUT = frozenset({"balancers", "nat_gateways", "check_off", "stopped"})
"""Of middleboxes, and of what sends for others, the formula knows nothing."""


def _pairs(answers: Answers) -> Iterator[Pair]:
    running = {one["InstanceId"] for one in answers["Instances"] if one["State"]["Name"] == "running"}
    enis = [one for one in answers["NetworkInterfaces"] if (one.get("Attachment") or {}).get("InstanceId") in running]
    for one in enis:
        for other in enis:
            apart = one["Attachment"]["InstanceId"] != other["Attachment"]["InstanceId"]
            checked = one["SourceDestCheck"] and other["SourceDestCheck"]
            if apart and checked and one["VpcId"] == other["VpcId"] and solver.is_delivered(answers, one, other):
                yield one, other


def _differing(lab: Laboratory, pair: Pair) -> str | None:
    sender, receiver = pair
    source, destination = (single(place(one["PrivateIpAddress"])) for one in pair)
    name = sender["NetworkInterfaceId"]
    outcomes = reach(lab.cloud.plan, name, [Box(source, destination, SERVICES)])
    formula = solver.passes(lab.examiner.answers, sender, receiver)
    return solver.differing(formula, solver.arrives(outcomes, receiver["NetworkInterfaceId"]))


def test_there_is_no_packet_on_which_they_differ() -> None:
    asked = open_ = 0
    for seed in range(30_000, 30_020):
        with laboratory(seed, None, WITHOUT) as lab:
            for pair in _pairs(lab.examiner.answers):
                assert _differing(lab, pair) is None, (seed, pair)
                asked += 1
                nothing = solver.arrives([], "")
                open_ += solver.differing(solver.passes(lab.examiner.answers, *pair), nothing) is not None
    assert asked > 100
    assert asked / 4 < open_ < asked, "some pairs are closed to everything"


@pytest.mark.parametrize("ordered", [False, True], ids=["rules of groups", "entries of ACLs"])
def test_a_rule_that_is_missing_in_the_plan_is_found(ordered: bool) -> None:
    found = 0
    for seed in range(30_000, 30_005):
        with laboratory(seed, None, WITHOUT) as lab:
            lost = [one for one in lab.cloud.plan.all(Rule) if (one.order is not None) == ordered]
            gone: Delta = {one.key: (one, None) for one in lost[:1] + lost[-1:]}
            lab.cloud.plan.apply(gone)
            found += any(_differing(lab, pair) is not None for pair in _pairs(lab.examiner.answers))
    assert found
