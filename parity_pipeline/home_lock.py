"""One run at a time in a home folder: who holds it, and that the next one stops.

The operating system drops the lock when its process ends, however it ends, so a dead one is never waited for.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from parity_pipeline.errors import UsageError
from parity_pipeline.periods import rfc3339


@contextmanager
def home_lock(
    file: Path, *, now: datetime, wait_seconds: int = 0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the home folder for as long as the block runs; raise UsageError naming who holds it already.

    With `wait_seconds` it asks again each second, so often at most.
    """
    with file.open("a+", encoding="utf-8") as held:
        for _ in range(wait_seconds):
            if _is_free(held):
                break
            sleep(1)
        else:
            if not _is_free(held):
                raise UsageError(
                    f"Another run is at work in {file.parent} ({_holder(held)}); wait for it or stop it."
                )
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": rfc3339(now)}
        held.truncate(0)
        held.write(json.dumps(holder) + "\n")
        held.flush()
        try:
            yield
        finally:
            held.truncate(0)


def _is_free(held: IO[str]) -> bool:
    """Whether the lock could be taken; it is ours then."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(held: IO[str]) -> str:
    held.seek(0)
    try:
        who = json.loads(held.read())
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "it has just begun"
