"""The disk: one SQLite file. Its commit is the only commit point of a call."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atoll.model.kinds import BY_KIND
from atoll.records import Delta, Record

FORMAT = 1

WRITE = "insert into row values (?, ?, ?, ?) on conflict (kind, id) do update set body = excluded.body"
"""What is written again keeps its place, so that Describe answers keep their order over a restart."""


def to_disk(record: Record) -> bytes:
    """An entity as its row keeps it: msgpack with field names, so a new field needs no migration."""
    return msgspec.msgpack.encode(record)


def from_disk(kind: str, body: bytes) -> Record:
    """The entity of such a row; KeyError or msgspec.DecodeError when this Atoll does not understand it."""
    return msgspec.msgpack.decode(body, type=BY_KIND[kind])


class StoreError(Exception):
    """The state folder cannot be used; the message says why and what to do."""


class Store:
    """Entities as rows (kind, id, place, body): `place` is the order of creation.

    The body is msgpack with field names, so a new field needs no migration.
    """

    def __init__(self, path: Path | None) -> None:
        """`path`: the file; None for memory alone, which keeps nothing."""
        self._path = path
        if path is not None:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # it holds user data; SQLite keeps the mode
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        try:
            self._refuse_what_is_not_ours()
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            self._make_tables()
            (self._place,) = self._db.execute("select coalesce(max(place), 0) from row").fetchone()
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{path}: {error}. Name another folder with --state, or move this file away.") from error
        except StoreError:
            self._db.close()
            raise

    def _make_tables(self) -> None:
        """All or none: a file with one of them would be taken for something else's."""
        self._db.execute("begin immediate")
        self._db.execute(
            "create table if not exists row "
            "(kind text, id text, place integer, body blob, primary key (kind, id)) without rowid"
        )
        self._db.execute("create table if not exists meta (name text primary key, value text) without rowid")
        self._db.execute("insert or ignore into meta values ('format', ?)", (str(FORMAT),))
        self._db.execute("commit")

    def _refuse_what_is_not_ours(self) -> None:
        """Before a byte of it is changed: somebody else's database, or a newer Atoll's."""
        tables = {name for (name,) in self._db.execute("select name from sqlite_master where type = 'table'")}
        if not tables:
            return
        found = (
            self._db.execute("select value from meta where name = 'format'").fetchone() if "meta" in tables else None
        )
        if found is None or not str(found[0]).isdecimal() or "row" not in tables:
            raise StoreError(
                f"{self._path} is a database of something else (it holds {', '.join(sorted(tables)[:4])}). "
                "Name another folder with --state, or move this file away."
            )
        (value,) = found
        if int(value) > FORMAT:
            raise StoreError(
                f"{self._path} was written by a newer Atoll (format {value}; this one knows {FORMAT}). "
                "Install that version again, or name another folder with --state."
            )

    def load(self) -> Iterator[Record]:
        """Every entity, in the order of creation. StoreError for one that this Atoll does not understand."""
        try:
            rows = self._db.execute("select kind, id, body from row order by place").fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read: {error}. Name another folder with --state.") from error
        for kind, id_, body in rows:
            try:
                yield from_disk(kind, body)
            except (KeyError, msgspec.DecodeError) as error:
                raise StoreError(
                    f"{self._path} holds a {kind} {id_} that this Atoll does not understand ({error}). "
                    "Use the version that wrote it, or name another folder with --state."
                ) from error

    def commit(self, delta: Delta) -> None:
        """Write a delta durably: when this returns it survives a crash of the process or the machine."""
        db = self._db
        db.execute("begin immediate")
        try:
            for (kind, *rest), (_, new) in delta.items():
                id_ = "/".join(rest)
                if new is None:
                    db.execute("delete from row where kind = ? and id = ?", (kind, id_))
                else:
                    self._place += 1
                    db.execute(WRITE, (kind, id_, self._place, to_disk(new)))
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()
