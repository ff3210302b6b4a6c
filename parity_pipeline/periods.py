"""Half-open UTC periods and the rounding of instants to whole days and hours.

What a billing period means is decided in sql/; here is only the arithmetic of time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Period:
    """From `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        """Whether no instant lies in it."""
        return self.end <= self.start

    def whole_days(self) -> "Period":
        """The whole UTC days inside this period; empty when there is none."""
        return Period(ceil_day(self.start), floor_day(self.end))

    def until(self, limit: datetime) -> "Period":
        """This period, cut off at an instant."""
        return Period(self.start, min(self.end, limit))


@dataclass(frozen=True)
class Window:
    """What a run looks at: from a UTC midnight up to `as_of`; nothing at or after `as_of` counts."""

    start: datetime
    as_of: datetime

    def __post_init__(self) -> None:
        for name, instant in (("start", self.start), ("as_of", self.as_of)):
            if instant.utcoffset() != timedelta(0):
                raise ValueError(f"{name} must be an instant in UTC")
        if self.start != floor_day(self.start):
            raise ValueError("start must be a UTC midnight")
        if self.as_of <= self.start:
            raise ValueError("as_of must be after start")

    @property
    def whole_days(self) -> Period:
        """The days of the window that are over at `as_of`."""
        return Period(self.start, floor_day(self.as_of))


def floor_day(instant: datetime) -> datetime:
    """The UTC midnight at or before an instant."""
    return _floor(instant, DAY)


def ceil_day(instant: datetime) -> datetime:
    """The UTC midnight at or after an instant."""
    return _ceil(instant, DAY)


def floor_hour(instant: datetime) -> datetime:
    """The whole hour at or before an instant."""
    return _floor(instant, HOUR)


def ceil_hour(instant: datetime) -> datetime:
    """The whole hour at or after an instant."""
    return _ceil(instant, HOUR)


def from_unix(seconds: int) -> datetime:
    """The instant of a Unix time."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def to_unix(instant: datetime) -> int:
    """The Unix time of an instant, fractions dropped."""
    return (instant - _EPOCH) // timedelta(seconds=1)


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 text in UTC: `2026-01-31T00:00:00Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _floor(instant: datetime, step: timedelta) -> datetime:
    return instant - (instant - _EPOCH) % step


def _ceil(instant: datetime, step: timedelta) -> datetime:
    return instant + (_EPOCH - instant) % step
