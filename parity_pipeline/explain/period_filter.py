"""Which billing periods `--period` asks for: a month, a day, or all."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from parity_pipeline.errors import UsageError


@dataclass(frozen=True)
class PeriodFilter:
    """Periods and days that overlap the span from `start` up to `end` (UTC, exclusive); None for all."""

    start: datetime | None = None
    end: datetime | None = None

    def has_period(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether a period overlaps the span; what has no period always counts."""
        if self.start is None or self.end is None or start is None or end is None:
            return True
        return start < self.end and end > self.start

    def has_row(self, row: dict[str, Any]) -> bool:
        """Whether a row of a check, by its day or its period, is asked for."""
        day: date | None = row.get("usage_date")
        if day is not None:
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # as DuckDB gives UTC
            return self.has_period(midnight, midnight + timedelta(days=1))
        return self.has_period(row.get("period_start"), row.get("period_end"))


def read_period(text: str | None) -> PeriodFilter:
    """`2026-05` or `2026-05-17`; raise UsageError for anything else."""
    if text is None:
        return PeriodFilter()
    given = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}", given):
            start = datetime.fromisoformat(f"{given}-01")
            return PeriodFilter(start, (start + timedelta(days=31)).replace(day=1))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            start = datetime.fromisoformat(given)
            return PeriodFilter(start, start + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--period {given!r} is no month or day: {error}.") from error
    raise UsageError(
        f"--period must be a month such as 2026-05 or a day such as 2026-05-17 (it is {given!r})."
    )
