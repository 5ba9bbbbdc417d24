"""The store: what is committed comes back, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from atoll.engine.store import Store, StoreError
from atoll.model.kinds import Entity
from atoll.records import Delta, inverse
from tests.support import small_cloud as cloud


def everything() -> list[Entity]:
    web = cloud.subnet("subnet-web", "10.0.1.0/24")
    return [
        *cloud.network(),
        web,
        cloud.instance("i-1", web),
        *cloud.interface("eni-1", web, "10.0.1.10", instance="i-1"),
        cloud.gateway(),
        cloud.route("igw-1"),
        cloud.elastic_ip("eni-1", "10.0.1.10"),
        cloud.rule("sgr-1", "sg-default", 80, "0.0.0.0/0"),
    ]


def created(entities: list[Entity]) -> Delta:
    return {entity.key: (None, entity) for entity in entities}


def test_what_was_committed_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    store.commit(created(everything()))
    store.close()
    again = Store(tmp_path / "atoll.db")
    assert {entity.key: entity for entity in again.load()} == {entity.key: entity for entity in everything()}
    again.close()


def test_the_order_of_creation_outlives_a_change_and_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    groups = [cloud.group(name)[0] for name in ("sg-b", "sg-c", "sg-a")]
    for one in groups:
        store.commit(created([one]))
    store.commit({groups[0].key: (groups[0], groups[0])})
    store.close()
    again = Store(tmp_path / "atoll.db")
    again.commit(created(cloud.group("sg-0")[:1]))
    assert [entity.key[1] for entity in again.load()] == ["sg-b", "sg-c", "sg-a", "sg-0"]
    again.close()


def test_what_was_deleted_does_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    store.commit(created(everything()))
    store.commit(inverse(created(everything())))
    assert list(store.load()) == []
    store.close()


def test_a_commit_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    broken: Delta = {**created(cloud.network()), ("vpc", "x"): (None, object())}  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        store.commit(broken)
    assert list(store.load()) == []
    store.commit(created(cloud.network()))
    assert len(list(store.load())) == len(cloud.network())
    store.close()


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    (level,) = store._db.execute("pragma synchronous").fetchone()
    (mode,) = store._db.execute("pragma journal_mode").fetchone()
    assert (level, mode) == (2, "wal")
    store.close()


def test_a_newer_format_is_refused_in_words(tmp_path: Path) -> None:
    Store(tmp_path / "atoll.db").close()
    with sqlite3.connect(tmp_path / "atoll.db") as db:
        db.execute("update meta set value = '99' where name = 'format'")
    db.close()
    with pytest.raises(StoreError, match="newer Atoll"):
        Store(tmp_path / "atoll.db")


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "atoll.db").write_text("this is a letter, not a database\n" * 100)
    with pytest.raises(StoreError, match="--state"):
        Store(tmp_path / "atoll.db")


def test_an_entity_that_is_not_understood_is_refused_in_words(tmp_path: Path) -> None:
    store = Store(tmp_path / "atoll.db")
    store._db.execute("insert into row values ('vpc', 'vpc-1', 1, ?)", (b"\x80",))
    with pytest.raises(StoreError, match="vpc-1"):
        list(store.load())
    store.close()
