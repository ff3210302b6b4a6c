"""What one run is asked for: its instant, its window and its id.

The rules for `--as-of`, `--since` and the default start of the parallel run are here.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from parity_pipeline.errors import UsageError
from parity_pipeline.periods import Window, floor_day

_START_LAG: Final = timedelta(days=2)


@dataclass(frozen=True)
class RunRequest:
    """One run. A reconstructed one looks at a past day with what the APIs say today."""

    run_id: str
    window: Window
    is_reconstructed: bool = False
    is_full: bool = False
    """Whether everything is asked for, also what an earlier landing knows."""


def make_request(
    *,
    now: datetime,
    as_of: str | None = None,
    since: str | None = None,
    configured_start: date | None = None,
    is_reconstructed: bool = False,
) -> RunRequest:
    """The request of a run that starts now; raise UsageError for an instant that cannot be meant."""
    instant = parse_instant(as_of, option="--as-of") if as_of is not None else floor_day(now)
    start = _start(instant, since=since, configured=configured_start)
    if start >= instant:
        raise UsageError(
            f"The parallel run starts on {start.date()}, which is not before --as-of {instant.date()}; "
            "set parallel_run.start or --since to an earlier day."
        )
    return RunRequest(
        run_id=new_run_id(now), window=Window(start, instant), is_reconstructed=is_reconstructed
    )


def new_run_id(now: datetime) -> str:
    """The UTC time, for people, and a few random characters, for two runs in one second."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def default_start(as_of: datetime) -> datetime:
    """The first day of the calendar month before the one in which `as_of` minus two days falls."""
    month = (as_of - _START_LAG).replace(day=1)
    return floor_day((month - timedelta(days=1)).replace(day=1))


def parse_instant(text: str, *, option: str) -> datetime:
    """An RFC 3339 timestamp or a date, which means its first instant in UTC."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{option} must be a date or an RFC 3339 timestamp such as 2026-01-31T00:00:00Z (it is {text})."
        ) from error
    if instant.tzinfo is None:
        if len(text.strip()) > len("2026-01-31"):
            raise UsageError(f"{option} {text} has no time zone; end it with Z for UTC.")
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)


def _start(as_of: datetime, *, since: str | None, configured: date | None) -> datetime:
    if since is not None:
        try:
            configured = date.fromisoformat(since.strip())
        except ValueError as error:
            raise UsageError(f"--since must be a date such as 2026-01-31 (it is {since}).") from error
    if configured is None:
        return default_start(as_of)
    return datetime(configured.year, configured.month, configured.day, tzinfo=UTC)
