"""What a pull has to remember of every customer: on disk, so that its memory does not grow with them.

It is gone when the pull ends, however it ends; what the next pull goes on with is in journal.py.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import count, groupby
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from parity_pipeline.errors import LandingError

T = TypeVar("T")
Row = tuple[str, bytes]

_ROWS_AT_ONCE: Final = 500
_SETTINGS: Final = (
    "journal_mode = off",
    "synchronous = off",
    "locking_mode = exclusive",
    "cache_size = -4000",
)
_TABLE: Final = "create table notes (of, key, value, primary key (of, key, value)) without rowid"


class Notes:
    """One file for all that is noted; without a path it lies where the operating system keeps such files."""

    def __init__(self, path: Path | None = None) -> None:
        self._numbers = count()
        try:
            if path is not None:
                path.unlink(missing_ok=True)
            self._file = sqlite3.connect(path or "", isolation_level=None)
            for setting in _SETTINGS:
                self._file.execute(f"pragma {setting}")
            self._file.execute(_TABLE)
            self._file.execute("begin")  # never ended: nothing of it is to last
            if path is not None:
                path.unlink()  # the open file stays, and goes with the process
        except (sqlite3.Error, OSError) as error:
            raise LandingError(f"cannot keep notes in {path}: {error}") from error

    def keys(self) -> "NotedKeys":
        """A new set of texts, empty."""
        return NotedKeys(self, next(self._numbers))

    def facts(self, kind: type[T], key: Callable[[T], str]) -> "NotedFacts[T]":
        """A new set of facts, empty, each found by its key."""
        return NotedFacts(self, next(self._numbers), kind, key)

    def insert(self, of: int, rows: Iterable[Row]) -> int:
        """Add rows to what has this number; returns how many were not there before."""
        try:
            return self._file.executemany(
                "insert into notes values (?, ?, ?) on conflict do nothing", ((of, *row) for row in rows)
            ).rowcount
        except sqlite3.Error as error:
            raise LandingError(f"cannot keep notes: {error}") from error

    def run(self, statement: str, *values: str | bytes | int) -> list[tuple[Any, ...]]:
        """Do what a statement says; returns the rows that it finds."""
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise LandingError(f"cannot keep notes: {error}") from error

    def close(self) -> None:
        """Forget everything. Closing twice is harmless."""
        self._file.close()


class NotedKeys(Set[str]):
    """A set of texts, in order. It may grow while somebody goes through it."""

    def __init__(self, notes: Notes, number: int) -> None:
        self._notes = notes
        self._number = number

    def add(self, key: str) -> bool:
        """Whether it was new."""
        return self._notes.insert(self._number, [(key, b"")]) > 0

    def update(self, keys: Iterable[str]) -> None:
        """Add many."""
        self._notes.insert(self._number, ((key, b"") for key in keys))

    def discard(self, key: str) -> None:
        """Remove it, if it is there."""
        self._notes.run("delete from notes where of = ? and key = ?", self._number, key)

    def __contains__(self, key: object) -> bool:
        found = "select 1 from notes where of = ? and key = ? limit 1"
        return isinstance(key, str) and bool(self._notes.run(found, self._number, key))

    def __iter__(self) -> Iterator[str]:
        following = "select distinct key from notes where of = ? and key > ? order by key limit ?"
        last = ""
        while rows := self._notes.run(following, self._number, last, _ROWS_AT_ONCE):
            yield from (key for (key,) in rows)
            last = rows[-1][0]

    def __len__(self) -> int:
        ((found,),) = self._notes.run("select count(distinct key) from notes where of = ?", self._number)
        return int(found)

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> set[Any]:  # a plain one is small
        return set(it)


class NotedFacts(Generic[T]):
    """Different facts, in order of their keys. There may come more while somebody goes through them."""

    def __init__(self, notes: Notes, number: int, kind: type[T], key: Callable[[T], str]) -> None:
        self.keys = NotedKeys(notes, number)
        self._notes = notes
        self._number = number
        self._key = key
        self._encoded = msgspec.msgpack.Encoder().encode
        self._decoded = msgspec.msgpack.Decoder(kind).decode

    def add(self, fact: T) -> None:
        """Note one."""
        self.update([fact])

    def update(self, facts: Iterable[T]) -> None:
        """Note many."""
        self._notes.insert(self._number, ((self._key(each), self._encoded(each)) for each in facts))

    def of(self, key: str) -> list[T]:
        """The facts with this key."""
        found = "select value from notes where of = ? and key = ?"
        return [self._decoded(value) for (value,) in self._notes.run(found, self._number, key)]

    def by_key(self) -> Iterator[tuple[str, list[T]]]:
        """Every key with its facts."""
        for key, rows in groupby(self._rows(), key=lambda row: row[0]):
            yield key, [self._decoded(value) for _, value in rows]

    def __iter__(self) -> Iterator[T]:
        return (self._decoded(value) for _, value in self._rows())

    def __len__(self) -> int:
        ((found,),) = self._notes.run("select count(*) from notes where of = ?", self._number)
        return int(found)

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        following = (
            "select key, value from notes where of = ? and (key, value) > (?, ?) order by key, value limit ?"
        )
        last: tuple[str, bytes] = ("", b"")
        while rows := self._notes.run(following, self._number, *last, _ROWS_AT_ONCE):
            yield from rows
            last = rows[-1]
