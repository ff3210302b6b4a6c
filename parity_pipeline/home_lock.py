"""One run at a time in a home folder: who holds it, and that the next one stops.

The operating system drops the lock when its process ends, however it ends, so a dead one is never waited for.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from parity_pipeline.errors import UsageError
from parity_pipeline.periods import rfc3339


@contextmanager
def home_lock(file: Path, *, now: datetime) -> Iterator[None]:
    """Hold the home folder for as long as the block runs; raise UsageError naming who holds it already."""
    with file.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"Another run is at work in {file.parent} ({_holder(held)}); wait for it or stop it."
            ) from error
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": rfc3339(now)}
        held.truncate(0)
        held.write(json.dumps(holder) + "\n")
        held.flush()
        try:
            yield
        finally:
            held.truncate(0)


def _holder(held: IO[str]) -> str:
    held.seek(0)
    try:
        who = json.loads(held.read())
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "it has just begun"
