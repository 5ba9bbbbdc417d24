"""Tables and overlays against brute force."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.records import Delta, IndexKey, Overlay, Record, Table, inverse
from tests.unit.toys import NAMES, TEAMS, Badge, Person, Team, drafted, full, steps, writes

QUESTIONS: tuple[tuple[type[Record], str, tuple[str, ...]], ...] = (
    (Person, "team", TEAMS),
    (Person, "skills", ("dive", "sail")),
    (Badge, "team", TEAMS),
)


def brute(records: Iterable[Record], kind: type[Record], field: str, value: str) -> set[tuple[str, ...]]:
    found = set()
    for record in records:
        if isinstance(record, kind):
            held = getattr(record, field)
            if value in (held if isinstance(held, tuple) else (held,)):
                found.add(record.key)
    return found


def agrees(view: Table | Overlay, records: list[Record]) -> None:
    """Every question, asked of the view and of the bare records."""
    by_key = {record.key: record for record in records}
    for kind, field, values in QUESTIONS:
        for value in values:
            expected = brute(records, kind, field, value)
            keys = view.keys(kind, field, value)
            assert len(keys) == len(set(keys)) == view.count(kind, field, value)
            assert set(keys) == expected
            assert [record.key for record in view.by(kind, field, value)] == keys
    for name in NAMES:
        assert view.get(Person, name) == by_key.get(("person", name))
    for team in TEAMS:
        assert view.find(("team", team)) == by_key.get(("team", team))


def run(program: list[list[tuple[bool, Record]]]) -> Table:
    table = Table()
    for one in program:
        table.apply(drafted(table, one).delta())
    return table


@given(steps, st.lists(writes, max_size=12))
def test_an_overlay_shows_what_the_table_will_hold_after_its_delta(
    before: list[list[tuple[bool, Record]]], program: list[tuple[bool, Record]]
) -> None:
    table = run(before)
    untouched = dict(table.records)
    draft = drafted(table, program)
    expected = dict(untouched)
    for keep, record in program:
        expected.pop(record.key, None)
        if keep:
            expected[record.key] = record
    agrees(draft, list(expected.values()))
    assert table.records == untouched
    agrees(table, list(untouched.values()))
    delta = draft.delta()
    assert all(old != new for old, new in delta.values())
    table.apply(delta)
    assert table.records == expected
    assert len(table) == len(expected)
    agrees(table, list(expected.values()))


@given(steps, st.lists(writes, max_size=12))
def test_a_delta_then_its_inverse_is_nothing(
    before: list[list[tuple[bool, Record]]], program: list[tuple[bool, Record]]
) -> None:
    table = run(before)
    untouched = dict(table.records)
    delta = drafted(table, program).delta()
    table.apply(delta)
    table.apply(inverse(delta))
    assert table.records == untouched
    agrees(table, list(untouched.values()))


@given(steps)
def test_the_indices_of_an_emptied_table_are_empty(program: list[list[tuple[bool, Record]]]) -> None:
    table = run(program)
    table.apply(inverse(full(dict(table.records))))
    assert len(table) == 0
    agrees(table, [])
    assert table._index == {}, "an index value without members is forgotten"


def test_a_key_is_the_kind_and_its_fields() -> None:
    assert Badge(person="a", team="red", colour="dark").key == ("badge", "a", "red")
    assert Person(id="a").index_keys() == set()
    assert Person(id="a", team="red", skills=("dive", "sail")).index_keys() == {
        IndexKey("person", "team", "red"),
        IndexKey("person", "skills", "dive"),
        IndexKey("person", "skills", "sail"),
    }


def test_a_look_up_without_an_index_is_an_error_at_once() -> None:
    table = Table([Person(id="a", age=3)])
    for view in (table, Overlay(table)):
        for ask in (view.by, view.keys, view.count):
            with pytest.raises(LookupError, match=r"Person\.age has no index"):
                ask(Person, "age", 3)


def test_all_of_a_kind() -> None:
    rows = [Person(id="a"), Team(id="red"), Person(id="b")]
    assert list(Table(rows).all(Person)) == [rows[0], rows[2]]


def test_a_table_refuses_what_its_indices_could_not_follow() -> None:
    """A delta that starts from another record than the table holds would leave index entries behind."""
    old, new = Person(id="a", team="red"), Person(id="a", team="blue")
    cases: list[tuple[list[Record], Delta]] = [
        ([old], {old.key: (None, new)}),
        ([new], {old.key: (old, None)}),
        ([], {old.key: (old, new)}),
    ]
    for held, delta in cases:
        table = Table(held)
        with pytest.raises(AssertionError, match="person/a"):
            table.apply(delta)
        agrees(table, list(held))
    with pytest.raises(AssertionError, match="person/a"):
        Table([old, new])
