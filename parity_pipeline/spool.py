"""Sorts any number of lines within bounded memory and writes them as one compressed file.

The order of arrival does not matter, so that two pulls of the same facts give the same bytes.
"""

import gzip
import hashlib
import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final

BUFFER_BYTES: Final = 8 * 1024 * 1024
_LINES_A_WRITE: Final = 1000


class Spool:
    """Lines on their way into one sorted file; what does not fit the buffer waits on disk."""

    def __init__(self, target: Path, *, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._target = target
        self._buffer_bytes = buffer_bytes
        self._lines: list[bytes] = []
        self._size = 0
        self._parts: list[Path] = []

    def add(self, lines: Iterable[bytes]) -> None:
        """Take lines, each with its newline."""
        for line in lines:
            self._lines.append(line)
            self._size += len(line)
        if self._size >= self._buffer_bytes:
            self._spill()

    def write(self) -> str:
        """Write the target file and return its SHA-256."""
        self._lines.sort()
        with ExitStack() as files:
            parts = [files.enter_context(part.open("rb")) for part in self._parts]
            _write_compressed(self._target, heapq.merge(self._lines, *parts))
        for part in self._parts:
            part.unlink()
        return digest(self._target)

    def _spill(self) -> None:
        self._lines.sort()
        part = self._target.with_name(f"{self._target.name}.part{len(self._parts)}")
        with part.open("wb") as file:
            file.writelines(self._lines)
        self._parts.append(part)
        self._lines = []
        self._size = 0


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_compressed(path: Path, lines: Iterator[bytes]) -> None:
    # Neither name nor time goes into the header: equal lines give equal bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        while batch := list(islice(lines, _LINES_A_WRITE)):
            packed.write(b"".join(batch))
