"""Reads back what the last run published: its verdict for the gate, its files for `parity report`.

Only the published files are read, never a sandbox run's. What cannot be read or is too old is UNDECIDED.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from parity_pipeline.errors import UsageError
from parity_pipeline.home import REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN, Home
from parity_pipeline.periods import rfc3339
from parity_pipeline.quality.gate import EXIT_CODES, Verdict

_KINDS: Final = {"html": REPORT_HTML, "md": REPORT_MARKDOWN, "json": REPORT_JSON}


def read_verdict(home: Path, *, now: datetime, max_age_hours: int) -> Verdict:
    """The published verdict; UNDECIDED when there is none, or when it is too old to act on."""
    file = Home(home).published / REPORT_JSON
    try:
        published = json.loads(file.read_text(encoding="utf-8"))
        as_of = datetime.fromisoformat(published["as_of"])
        decision, reasons = published["verdict"], tuple(published["reasons"])
    except FileNotFoundError:
        return _undecided(f"There is no published verdict in {home}; run `parity run` first.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _undecided(f"The published verdict {file} cannot be read: {error}.")
    if decision not in EXIT_CODES:
        return _undecided(f"The published verdict {file} says {decision!r}, which is no verdict.")
    age = now - as_of
    if age > timedelta(hours=max_age_hours):
        hours = age // timedelta(hours=1)
        return _undecided(
            f"The published verdict ({decision}) is stale: it is for {rfc3339(as_of)}, {hours} hours ago; "
            f"at most {max_age_hours} are allowed.",
            *reasons,
        )
    if age < timedelta(0):
        return _undecided(
            f"The published verdict ({decision}) is for {rfc3339(as_of)}, which is in the future."
        )
    return Verdict(decision, reasons)


def report_file(home: Path, *, kind: str) -> Path:
    """The last published report in one format."""
    if kind not in _KINDS:
        raise UsageError(f"--format must be one of {', '.join(_KINDS)} (it is {kind}).")
    file = Home(home).published / _KINDS[kind]
    if not file.is_file():
        raise UsageError(f"There is no published report in {home}; run `parity run` or `parity demo` first.")
    return file


def _undecided(*reasons: str) -> Verdict:
    return Verdict("UNDECIDED", reasons)
