"""The lock on a home folder, held by real processes."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parity_pipeline.errors import UsageError
from parity_pipeline.home_lock import home_lock

NOW = datetime(2026, 5, 3, 9, 30, tzinfo=UTC)
HOLDER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from parity_pipeline.home_lock import home_lock
with home_lock(Path(sys.argv[1]), now=datetime(2026, 5, 3, 9, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_run_says_who_holds_the_lock(tmp_path: Path) -> None:
    """It names process, host and time, and stops with exit 2; a killed holder is no hindrance."""
    file = tmp_path / "parity.lock"
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UsageError) as caught, home_lock(file, now=NOW):
            pass
        os.kill(holder.pid, signal.SIGKILL)
    named = f"process {holder.pid} on {socket.gethostname()} since 2026-05-03T09:00:00Z"
    assert named in str(caught.value)
    assert caught.value.exit_code == 2
    with home_lock(file, now=NOW):
        assert f'"pid": {os.getpid()}' in file.read_text(encoding="utf-8")


def test_one_that_waits_takes_the_lock_when_it_is_free(tmp_path: Path) -> None:
    """It asks again each second, so often as it was told; a second that ends the holder is enough."""
    file = tmp_path / "parity.lock"
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        slept: list[float] = []
        with (
            pytest.raises(UsageError, match="Another run is at work"),
            home_lock(file, now=NOW, wait_seconds=3, sleep=slept.append),
        ):
            pass
        assert slept == [1, 1, 1]

        def end_the_holder(_: float) -> None:
            holder.kill()
            holder.wait()

        with home_lock(file, now=NOW, wait_seconds=3, sleep=end_the_holder):
            assert f'"pid": {os.getpid()}' in file.read_text(encoding="utf-8")


def test_the_lock_is_free_after_the_block(tmp_path: Path) -> None:
    """One run after another may hold it; nobody is named in between."""
    for _ in range(2):
        with home_lock(tmp_path / "parity.lock", now=NOW):
            pass
    assert (tmp_path / "parity.lock").read_bytes() == b""


def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path) -> None:
    """A lock without a name is held all the same."""
    file = tmp_path / "parity.lock"
    with home_lock(file, now=NOW):
        file.write_text("", encoding="utf-8")
        with pytest.raises(UsageError, match="it has just begun"), home_lock(file, now=NOW):
            pass
