"""Sorts any number of lines within bounded memory and writes them as one compressed file.

The order of arrival does not matter, so that two pulls of the same facts give the same bytes.
"""

import gzip
import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Final

BUFFER_BYTES: Final = 8 * 1024 * 1024
_LINES_A_WRITE: Final = 1000
_PARTS_AT_ONCE: Final = 32
"""So many parts are merged into one, so that few files are open however many lines there are."""
_BYTES_A_LINE: Final = 48
"""What a line in memory takes besides its bytes."""


class Spool:
    """Lines on their way into one sorted file; what does not fit the buffer waits on disk."""

    def __init__(self, target: Path, *, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._target = target
        self._buffer_bytes = buffer_bytes
        self.size = 0
        """The memory that it takes, in bytes."""
        self._lines: list[bytes] = []
        self._parts: defaultdict[int, list[Path]] = defaultdict(list)
        self._numbers = count()

    def add(self, lines: Iterable[bytes]) -> None:
        """Take lines, each with its newline."""
        for line in lines:
            self._lines.append(line)
            self.size += len(line) + _BYTES_A_LINE
        if self.size >= self._buffer_bytes:
            self.spill()

    def write(self) -> str:
        """Write the target file and return its SHA-256."""
        self._lines.sort()
        with _merged([part for parts in self._parts.values() for part in parts]) as lines:
            _write_compressed(self._target, heapq.merge(self._lines, lines))
        return digest(self._target)

    def spill(self) -> None:
        """Let the lines wait on disk."""
        self._lines.sort()
        self._keep(self._lines, level=0)
        self._lines = []
        self.size = 0

    def _keep(self, lines: Iterable[bytes], *, level: int) -> None:
        """Write lines that are in order into a part; many parts of one level become one of the next."""
        part = self._target.with_name(f"{self._target.name}.part{next(self._numbers)}")
        with part.open("wb") as file:
            file.writelines(lines)
        parts = self._parts[level]
        parts.append(part)
        if len(parts) == _PARTS_AT_ONCE:
            with _merged(parts) as merged:
                self._keep(merged, level=level + 1)
            parts.clear()


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _merged(parts: list[Path]) -> Iterator[Iterator[bytes]]:
    """The lines of all parts in order; they are removed afterwards."""
    with ExitStack() as files:
        yield heapq.merge(*(files.enter_context(part.open("rb")) for part in parts))
    for part in parts:
        part.unlink()


def _write_compressed(path: Path, lines: Iterator[bytes]) -> None:
    # Neither name nor time goes into the header: equal lines give equal bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        while batch := list(islice(lines, _LINES_A_WRITE)):
            packed.write(b"".join(batch))
