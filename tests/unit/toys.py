"""Two kinds of toy records, a derivation over them, and strategies that make deltas of them."""

from collections.abc import Iterable
from typing import ClassVar

from hypothesis import strategies as st

from atoll.records import Delta, Key, Overlay, Pass, Record, Table, View

TEAMS = ("red", "blue", "green")
NAMES = ("a", "b", "c", "d")


class Person(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "person"
    INDEX: ClassVar[tuple[str, ...]] = ("team", "skills")
    id: str
    team: str | None = None
    skills: tuple[str, ...] = ()
    age: int = 0


class Team(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "team"
    id: str
    colour: str = ""
    wants: str | None = None


class Badge(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "badge"
    KEY: ClassVar[tuple[str, ...]] = ("person", "team")
    INDEX: ClassVar[tuple[str, ...]] = ("team",)
    person: str
    team: str
    colour: str


class Roll(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "roll"
    id: str
    count: int
    oldest: int = 0


def badge(view: View, person: Record) -> Iterable[Record]:
    """Reads one record by key, and only where there is a team."""
    assert isinstance(person, Person)
    team = view.get(Team, person.team) if person.team else None
    if team:
        yield Badge(person=person.id, team=team.id, colour=team.colour)


def roll(view: View, team: Record) -> Iterable[Record]:
    """Reads a membership (keys), and another team's members (by) if it wants one."""
    assert isinstance(team, Team)
    members = view.keys(Person, "team", team.id)
    rivals = view.by(Person, "team", team.wants) if team.wants else []
    if members or rivals:
        yield Roll(id=team.id, count=len(members), oldest=max((rival.age for rival in rivals), default=0))


PASSES = (Pass(Person, badge), Pass(Team, roll))

persons = st.builds(
    Person,
    id=st.sampled_from(NAMES),
    team=st.none() | st.sampled_from(TEAMS),
    skills=st.lists(st.sampled_from(("dive", "sail")), max_size=2, unique=True).map(tuple),
    age=st.integers(0, 2),
)
teams = st.builds(
    Team, id=st.sampled_from(TEAMS), colour=st.sampled_from(("dark", "light")), wants=st.none() | st.sampled_from(TEAMS)
)
writes = st.tuples(st.booleans(), persons | teams)
"""(put it, or delete what has its key; the record)"""
steps = st.lists(st.lists(writes, max_size=6), max_size=6)
"""A program: deltas, each made of writes."""


def drafted(table: Table, program: list[tuple[bool, Record]]) -> Overlay:
    draft = Overlay(table)
    for keep, record in program:
        if keep:
            draft.put(record)
        else:
            draft.delete(record)
    return draft


def full(records: dict[Key, Record]) -> Delta:
    """The delta from nothing to these records."""
    return {key: (None, record) for key, record in records.items()}
