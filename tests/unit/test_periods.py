"""Half-open UTC periods and rounding to days and hours."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from parity_pipeline.periods import (
    Period,
    Window,
    ceil_day,
    ceil_hour,
    floor_day,
    floor_hour,
    from_unix,
    rfc3339,
    to_unix,
)

NOON = datetime(2026, 3, 14, 12, 30, 15, tzinfo=UTC)


def test_rounding_to_days() -> None:
    """An instant inside a day lies between its midnight and the next one."""
    assert floor_day(NOON) == datetime(2026, 3, 14, tzinfo=UTC)
    assert ceil_day(NOON) == datetime(2026, 3, 15, tzinfo=UTC)


def test_rounding_to_hours() -> None:
    """An instant inside an hour lies between its whole hours."""
    assert floor_hour(NOON) == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert ceil_hour(NOON) == datetime(2026, 3, 14, 13, tzinfo=UTC)


def test_midnight_is_its_own_bound() -> None:
    """A midnight is rounded to itself, both ways."""
    midnight = datetime(2026, 3, 14, tzinfo=UTC)
    assert floor_day(midnight) == ceil_day(midnight) == midnight


def test_before_1970() -> None:
    """Rounding down goes down before the epoch too."""
    assert floor_day(datetime(1969, 12, 31, 23, tzinfo=UTC)) == datetime(1969, 12, 31, tzinfo=UTC)


def test_unix_time() -> None:
    """Unix seconds and instants correspond."""
    assert from_unix(1767225600) == datetime(2026, 1, 1, tzinfo=UTC)
    assert to_unix(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)) == 1767225600


def test_rfc3339_is_utc() -> None:
    """An instant of another zone is written in UTC."""
    assert rfc3339(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-01T00:00:00Z"


def test_whole_days_of_an_unaligned_period() -> None:
    """Only days that lie inside a period count."""
    period = Period(NOON, datetime(2026, 3, 17, 1, tzinfo=UTC))
    assert period.whole_days() == Period(datetime(2026, 3, 15, tzinfo=UTC), datetime(2026, 3, 17, tzinfo=UTC))


def test_a_short_period_has_no_whole_day() -> None:
    """A period inside one day holds no whole day."""
    assert Period(NOON, NOON + timedelta(hours=3)).whole_days().is_empty


def test_window_days_end_before_as_of() -> None:
    """The day in which as_of falls is not over."""
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), NOON)
    assert window.whole_days.end == datetime(2026, 3, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "as_of"),
    [
        (datetime(2026, 3, 1, 1, tzinfo=UTC), NOON),
        (datetime(2026, 3, 15, tzinfo=UTC), NOON),
        (datetime(2026, 3, 1), NOON),
        (datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2))), NOON),
    ],
)
def test_window_refuses(start: datetime, as_of: datetime) -> None:
    """A window starts at a UTC midnight, before its end."""
    with pytest.raises(ValueError, match="must be"):
        Window(start, as_of)
