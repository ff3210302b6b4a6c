"""How long landings are kept: old ones go, but for those that something still rests on.

History, reports and the published files are never touched.
"""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from parity_pipeline.errors import LandingError
from parity_pipeline.home import REPORT_JSON, Home
from parity_pipeline.setting_sections import Retention

_STARTED: Final = re.compile(r"(\d{8}T\d{6})Z-")
_RUN: Final = re.compile(r'"run_id"\s*:\s*"([^"]+)"')
_RECORDED: Final = re.compile(r"\d{8}_(.+)")


def old_landings(home: Home, retention: Retention, *, now: datetime) -> list[Path]:
    """The landings that may go, the oldest first."""
    limit = now - timedelta(days=retention.landing_days)
    kept = _rested_on(home, retention)
    return sorted(
        folder
        for folder in home.landings()
        if folder.name not in kept and (started := _started(folder)) is not None and started < limit
    )


def drop(folders: list[Path]) -> int:
    """Remove them; returns the bytes that were freed."""
    freed = 0
    for folder in folders:
        freed += size_of(folder)
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise LandingError(f"cannot remove {folder}: {error.strerror}") from error
    return freed


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _rested_on(home: Home, retention: Retention) -> set[str]:
    """Runs whose landing stays: the published one, the newest of the history, those that are signed off."""
    records = sorted((file.stem for file in home.history.glob("*.json")), reverse=True)
    runs = [found.group(1) for record in records if (found := _RECORDED.fullmatch(record))]
    return {*runs[: retention.newest_runs], *_named_in(home.published / REPORT_JSON), *_signed_off(home)}


def _signed_off(home: Home) -> set[str]:
    try:
        return set(_RUN.findall(home.signoffs.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise LandingError(f"{home.signoffs} cannot be read; nothing was removed") from error


def _named_in(file: Path) -> set[str]:
    """The run that a file names; one that cannot be read must not cost a landing, so it is an error."""
    if not file.is_file():
        return set()
    try:
        return {str(json.loads(file.read_text(encoding="utf-8"))["run_id"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LandingError(f"{file} names no run; nothing was removed") from error


def _started(folder: Path) -> datetime | None:
    """When a run began, by its name; a folder of another name is nobody's to remove."""
    found = _STARTED.match(folder.name)
    return datetime.strptime(found.group(1), "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if found else None
