"""--as-of, --since and the default start of the parallel run."""

from datetime import UTC, date, datetime

import pytest

from parity_pipeline.errors import UsageError
from parity_pipeline.run_request import default_start, make_request, parse_instant

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)


def test_the_default_instant_is_today() -> None:
    """Without --as-of a run looks at everything before 00:00 UTC of today."""
    assert make_request(now=NOW).window.as_of == utc(2026, 3, 10)


@pytest.mark.parametrize(
    ("as_of", "start"),
    [
        (utc(2026, 3, 10), utc(2026, 2, 1)),
        (utc(2026, 3, 2), utc(2026, 1, 1)),
        (utc(2026, 3, 3), utc(2026, 2, 1)),
        (utc(2026, 1, 1), utc(2025, 11, 1)),
        (utc(2026, 1, 15), utc(2025, 12, 1)),
    ],
)
def test_the_default_start(as_of: datetime, start: datetime) -> None:
    """The first day of the month before the one in which as_of minus two days falls."""
    assert default_start(as_of) == start


def test_since_overrides_the_configured_start() -> None:
    """--since wins over parallel_run.start."""
    request = make_request(now=NOW, since="2026-02-05", configured_start=date(2026, 1, 1))
    assert request.window.start == utc(2026, 2, 5)
    assert make_request(now=NOW, configured_start=date(2026, 1, 1)).window.start == utc(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", utc(2026, 1, 31)),
        ("2026-01-31T10:00:00Z", utc(2026, 1, 31, 10)),
        ("2026-01-31T01:00:00+02:00", utc(2026, 1, 30, 23)),
    ],
)
def test_an_instant(text: str, instant: datetime) -> None:
    """A date is its first instant in UTC; a timestamp is brought to UTC."""
    assert parse_instant(text, option="--as-of") == instant


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-01-31T10:00:00"])
def test_a_bad_instant_is_told(text: str) -> None:
    """What is no date, or has no time zone, names the option."""
    with pytest.raises(UsageError, match="--as-of"):
        parse_instant(text, option="--as-of")


def test_a_bad_since_is_told() -> None:
    """--since takes a date only."""
    with pytest.raises(UsageError, match="--since must be a date"):
        make_request(now=NOW, since="then")


def test_a_start_after_the_end_is_told() -> None:
    """A parallel run that has not begun cannot be looked at."""
    with pytest.raises(UsageError, match="starts on 2026-04-01"):
        make_request(now=NOW, configured_start=date(2026, 4, 1))


def test_run_ids_differ() -> None:
    """Two runs in one second have different names that begin with the time."""
    first, second = make_request(now=NOW).run_id, make_request(now=NOW).run_id
    assert first != second
    assert first.startswith("20260310T153000Z-")
