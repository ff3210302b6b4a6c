"""The sandbox of `parity demo` serves from a process of its own, and only for as long as it is asked to."""

from datetime import UTC, datetime
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import httpx
import pytest

from parity_pipeline.errors import UsageError
from parity_pipeline.sandbox.own_process import Wanted, sandbox_process, serve
from parity_pipeline.sandbox.server import RunningSandbox

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)


def _meters(served: RunningSandbox) -> int:
    answer = httpx.get(f"{served.stripe_url}/v1/billing/meters", auth=(served.stripe_key, ""))
    return len(answer.raise_for_status().json()["data"])


def test_another_process_serves_the_scenario(tmp_path: Path) -> None:
    """It answers inside the block, with its configuration in the folder, and is gone after it."""
    with sandbox_process("clean", as_of=AS_OF, folder=tmp_path) as served:
        assert served.as_of == AS_OF
        assert served.config_path == tmp_path / "parity.toml"
        assert served.config_path.is_file()
        assert _meters(served) > 0
    with pytest.raises(httpx.ConnectError):
        _meters(served)


def test_an_unknown_scenario_is_told_here(tmp_path: Path) -> None:
    """What the other process cannot serve is the caller's mistake, in one line."""
    with (
        pytest.raises(UsageError, match="no scenario nothing_such"),
        sandbox_process("nothing_such", as_of=AS_OF, folder=tmp_path),
    ):
        pass


def test_it_ends_with_whoever_asked(tmp_path: Path) -> None:
    """Also when that process is killed: then its end of the pipe is closed as well."""
    ours, theirs = Pipe()
    serving = Thread(target=serve, args=(theirs,))
    serving.start()
    ours.send(Wanted("clean", AS_OF, tmp_path))
    served = ours.recv()
    assert _meters(served) > 0
    ours.close()
    serving.join(timeout=20)
    assert not serving.is_alive()
    with pytest.raises(httpx.ConnectError):
        _meters(served)
