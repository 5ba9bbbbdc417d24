"""All pairs at once say what each pair says alone: the matrix of a domain against reach, on random plans."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atoll.analyze.between import private
from atoll.analyze.matrix import Matrix, answered_at
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, place, subtract_all
from atoll.analyze.reach.spans import Span, joined, single
from atoll.packet import TCP
from atoll.plan.rows import Domain, DomainKind, Filter, Segment
from atoll.records import Table
from tests.unit.lagoon import IN, OUT, VPC, change, lab, row, rule
from tests.unit.test_reach_walk import random_lively_plan


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_what_is_open_between_two_addresses_is_what_reach_says(seed: int) -> None:
    chance = random.Random(seed)
    plan = random_lively_plan(chance, fenced=0.8)
    for domain in [one.id for one in plan.all(Domain) if one.kind is DomainKind.VPC]:
        matrix = Matrix(plan, domain)
        for line, sender in enumerate(matrix.addresses):
            for column, asked in enumerate(matrix.addresses):
                if matrix.direct[line, column] and chance.random() < 0.5:
                    port = matrix.ports[matrix.port_of[line]].id
                    said = matrix.arriving(sender, asked), matrix.open(sender, asked)
                    _same(plan, port, sender, asked, *said)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_where_every_answer_is_said_to_get_back_none_is_lost(seed: int) -> None:
    plan = random_lively_plan(random.Random(seed), fenced=0.5)
    for domain in [one.id for one in plan.all(Domain) if one.kind is DomainKind.VPC]:
        for port, asked in answered_at(plan, domain).items():
            box = Box(private(plan, port), asked, SERVICES)
            lost = [one for one in reach(plan, port, [box]) if one.arrives and not one.answered]
            assert lost == [], (port, asked)


def test_of_most_pairs_without_fences_that_is_known() -> None:
    found = answered_at(lab(), VPC)
    assert found["eni-web"] == joined(tuple(single(place(f"10.0.{block}.5"))[0] for block in (1, 2, 3)))


def _same(plan: Table, port: str, sender: str, asked: str, arriving: Span, said: list[Box]) -> None:
    box = Box(single(place(sender)), single(place(asked)), SERVICES)
    outcomes = reach(plan, port, [box])
    there = (part for one in outcomes if one.arrives for part in one.flows.service)
    assert arriving == joined(tuple(there)), (port, sender, asked)
    alone = [one.flows for one in outcomes if one.answered]
    assert subtract_all(said, alone) == [], (port, sender, asked)
    assert subtract_all(alone, said) == [], (port, sender, asked)


def test_many_pairs_are_direct_and_some_are_open() -> None:
    chance = random.Random(5)
    direct = others = open_pairs = partly = 0
    for _ in range(30):
        plan = random_lively_plan(chance)
        for domain in [one.id for one in plan.all(Domain) if one.kind is DomainKind.VPC]:
            matrix = Matrix(plan, domain)
            direct += int(matrix.direct.sum())
            others += int((~matrix.direct).sum())
            found = matrix.forward.any(axis=2) & matrix.direct
            open_pairs += int(found.sum())
            partly += int(((matrix.forward != matrix.forward.max()).any(axis=2) & found).sum())
    assert min(direct, others, open_pairs, partly) > 20


def test_one_rule_changes_one_answer() -> None:
    plan = lab()
    assert Matrix(plan, VPC).open("10.0.2.5", "10.0.1.5") == [
        Box(single(place("10.0.2.5")), single(place("10.0.1.5")), single((TCP << 16) + 80))
    ]
    shut = change(plan, rule("sgr-db-out", "sg-db", OUT, "10.0.3.0/24"))
    assert Matrix(shut, VPC).open("10.0.2.5", "10.0.1.5") == []


@pytest.mark.parametrize(("first", "passes"), [(False, False), (True, True)])
def test_of_a_fence_the_first_rule_that_matches_decides(first: bool, passes: bool) -> None:
    plan = lab()
    public = row(plan, Segment, "pub")
    fenced = change(
        plan,
        Filter(id="acl", domain=VPC, ordered=True),
        rule("acl-1", "acl", IN, "10.0.2.0/24", TCP, (80, 80), allow=first, order=1),
        rule("acl-2", "acl", IN, allow=not first, order=2),
        rule("acl-3", "acl", OUT, order=1),
        replace(public, fence="acl"),
    )
    assert bool(Matrix(fenced, VPC).open("10.0.2.5", "10.0.1.5")) is passes


def test_a_pair_whose_way_is_no_straight_one_is_refused() -> None:
    chance = random.Random(5)
    while True:
        plan = random_lively_plan(chance)
        domains = [one.id for one in plan.all(Domain) if one.kind is DomainKind.VPC]
        for matrix in (Matrix(plan, domain) for domain in domains):
            rows, columns = (~matrix.direct).nonzero()
            if len(rows):
                with pytest.raises(LookupError, match="no straight one"):
                    matrix.open(matrix.addresses[rows[0]], matrix.addresses[columns[0]])
                return
