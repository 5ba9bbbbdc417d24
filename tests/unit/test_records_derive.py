"""Derivations: incremental work is the same as full work, and costs what the change costs."""

import copy
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.records import Derivation, Overlay, Pass, Proposal, Record, Table, View, inverse
from tests.unit.toys import PASSES, Badge, Person, Roll, Team, drafted, full, steps, writes

Program = list[list[tuple[bool, Record]]]


class Chain:
    """A source table, and what is derived from it."""

    def __init__(self, passes: Iterable[Pass] = PASSES) -> None:
        self.source = Table()
        self.made = Table()
        self.derivation = Derivation(tuple(passes))

    def step(self, program: list[tuple[bool, Record]]) -> Proposal:
        """One draft: proposed on the overlay, then kept."""
        draft = drafted(self.source, program)
        delta = draft.delta()
        proposal = self.derivation.propose(draft, delta)
        self.derivation.accept(proposal)
        self.source.apply(delta)
        self.made.apply(proposal.delta)
        return proposal

    def put(self, *records: Record) -> Proposal:
        return self.step([(True, record) for record in records])

    def remembered(self) -> dict[str, Any]:
        return copy.deepcopy({name: getattr(self.derivation, name) for name in ("_made", "_readers", "_owner")})


def from_scratch(source: Table) -> dict[tuple[str, ...], Record | None]:
    fresh = Derivation(PASSES).propose(source, full(dict(source.records)))
    return {key: new for key, (_, new) in fresh.delta.items()}


@given(steps)
def test_incremental_is_the_same_as_from_scratch(program: Program) -> None:
    chain = Chain()
    for one in program:
        chain.step(one)
        assert chain.made.records == from_scratch(chain.source)


@given(steps, st.lists(writes, max_size=8))
def test_a_step_and_its_inverse_leave_nothing_behind(program: Program, last: list[tuple[bool, Record]]) -> None:
    chain = Chain()
    for one in program:
        chain.step(one)
    before, remembered = dict(chain.made.records), chain.remembered()
    delta = drafted(chain.source, last).delta()
    for one_way in (delta, inverse(delta)):
        chain.source.apply(one_way)
        proposal = chain.derivation.propose(chain.source, one_way)
        chain.derivation.accept(proposal)
        chain.made.apply(proposal.delta)
    assert chain.made.records == before
    assert chain.remembered() == remembered


@given(steps)
def test_an_emptied_source_leaves_nothing_behind(program: Program) -> None:
    chain = Chain()
    for one in program:
        chain.step(one)
    chain.step([(False, record) for record in chain.source.records.values()])
    assert len(chain.made) == 0
    assert chain.remembered() == {"_made": {}, "_readers": {}, "_owner": {}}


@given(steps, st.lists(writes, max_size=8))
def test_a_proposal_that_is_dropped_changes_nothing(program: Program, last: list[tuple[bool, Record]]) -> None:
    chain = Chain()
    for one in program:
        chain.step(one)
    remembered = chain.remembered()
    draft = drafted(chain.source, last)
    chain.derivation.propose(draft, draft.delta())
    assert chain.remembered() == remembered


def test_a_change_runs_the_units_that_read_it_and_no_others() -> None:
    chain = Chain()
    chain.put(Team(id="red"), Team(id="blue"), Team(id="green", wants="red"))
    chain.put(*(Person(id=name, team="red") for name in "abc"), Person(id="z", team="blue"))
    ran = {unit.key for unit in chain.put(Team(id="blue", colour="dark")).made}
    assert ran == {("team", "blue"), ("person", "z")}
    ran = {unit.key for unit in chain.put(Person(id="a", team="red", age=2)).made}
    assert ran == {("person", "a"), ("team", "green")}, "keys alone were read by red, whole records by green"
    proposal = chain.put(Person(id="a", team="blue"))
    assert {unit.key for unit in proposal.made} == {
        ("person", "a"),
        ("team", "red"),
        ("team", "blue"),
        ("team", "green"),
    }
    assert proposal.units == 4


def test_a_read_of_what_is_not_there_yet_is_a_read() -> None:
    chain = Chain()
    assert chain.put(Person(id="a", team="red")).delta == {}
    proposal = chain.put(Team(id="red", colour="dark"))
    assert proposal.delta[("badge", "a", "red")] == (None, Badge(person="a", team="red", colour="dark"))


def test_equal_records_stop() -> None:
    chain = Chain()
    chain.put(Team(id="red"), Person(id="a", team="red"))
    proposal = chain.put(Person(id="a", team="red", skills=("dive",)))
    assert proposal.units == 1
    assert proposal.delta == {}
    assert drafted(chain.source, [(True, Team(id="red"))]).delta() == {}


def test_the_cost_of_a_change_does_not_grow_with_the_source() -> None:
    costs = []
    for size in (10, 1000):
        chain = Chain()
        chain.put(Team(id="red"), *(Person(id=f"p{number}", team="red") for number in range(size)))
        costs.append(chain.put(Person(id="p3", team="red", age=1)).units)
    assert costs == [1, 1]


def one_roll(view: View, record: Record) -> Iterable[Record]:
    yield Roll(id="all", count=len(view.keys(Person, "team", "red")))


def test_a_record_has_one_owner() -> None:
    chain = Chain([Pass(Person, one_roll)])
    with pytest.raises(AssertionError, match=r"two owners: one_roll\(person/b\) and one_roll\(person/a\)"):
        chain.put(Person(id="a"), Person(id="b"))
    chain = Chain([Pass(Person, one_roll)])
    chain.put(Person(id="a"))
    with pytest.raises(AssertionError, match="two owners"):
        chain.put(Person(id="b"))


def test_what_stands_is_there_where_no_unit_makes_it() -> None:
    """As an old record and as a new one: neither a delta nor its inverse takes it away."""
    standing, worn = (Badge(person="a", team="red", colour=colour) for colour in ("plain", "dark"))
    chain = Chain()
    chain.derivation, chain.made = Derivation(PASSES, [standing]), Table([standing])
    assert chain.put(Team(id="red", colour="dark")).delta == {}
    assert chain.put(Person(id="a", team="red")).delta[standing.key] == (standing, worn)
    assert chain.put(Person(id="a")).delta[standing.key] == (worn, standing)
    assert chain.made.get(Badge, "a", "red") == standing
    chain.put(Person(id="a", team="red"), Team(id="red", colour="plain"))
    assert standing.key not in chain.put(Person(id="a")).delta, "it was equal"


def test_a_unit_makes_a_key_once() -> None:
    def twice(view: View, record: Record) -> Iterable[Record]:
        yield from (Roll(id="x", count=number) for number in (1, 2))

    with pytest.raises(AssertionError, match=r"twice\(team/red\) made .* twice"):
        Chain([Pass(Team, twice)]).put(Team(id="red"))


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_ownership_may_pass_from_one_unit_to_another_in_one_step(order: str) -> None:
    def captain(view: View, record: Record) -> Iterable[Record]:
        assert isinstance(record, Person)
        if record.age:
            yield Roll(id="captain", count=record.age)

    chain = Chain([Pass(Person, captain)])
    chain.put(Person(id=order[0], age=1), Person(id=order[1]))
    proposal = chain.put(*(Person(id=name, age=2 if name == order[1] else 0) for name in "ab"))
    assert proposal.delta == {("roll", "captain"): (Roll(id="captain", count=1), Roll(id="captain", count=2))}
    chain.put(Person(id=order[1]))
    assert len(chain.made) == 0
    assert chain.remembered()["_owner"] == {}


def test_passes_see_the_draft_and_not_the_table() -> None:
    chain = Chain()
    chain.put(Team(id="red"), Person(id="a", team="red"))
    draft = Overlay(chain.source)
    draft.delete(Team(id="red"))
    delta = chain.derivation.propose(draft, draft.delta()).delta
    assert {key: new for key, (_, new) in delta.items()} == {("badge", "a", "red"): None, ("roll", "red"): None}


def test_a_pass_must_ask_by_an_index() -> None:
    def ages(view: View, record: Record) -> Iterable[Record]:
        yield from (Roll(id=person.id, count=person.age) for person in view.by(Person, "age", 1))

    with pytest.raises(LookupError, match=r"Person\.age has no index"):
        Chain([Pass(Team, ages)]).put(Team(id="red"))
