"""When the daily job starts: at an hour of a configured time zone, always for the last whole UTC day."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from parity_pipeline.periods import DAY, floor_day
from parity_pipeline.setting_sections import Schedule


def daily_schedule(job_name: str, when: Schedule) -> dg.ScheduleDefinition:
    """The schedule of that job."""

    @dg.schedule(
        name="daily_parity_schedule",
        job_name=job_name,
        cron_schedule=f"0 {when.hour} * * *",
        execution_timezone=when.time_zone,
        description=f"Each day at {when.hour:02}:00 {when.time_zone}, for the UTC day that ended last.",
    )
    def daily_parity_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        days = ended_days(context.scheduled_execution_time, when)
        for day in days:
            yield dg.RunRequest(run_key=day, partition_key=day)
        if not days:
            yield dg.SkipReason("No UTC day ended since yesterday: the clocks went forward.")

    return daily_parity_schedule


def ended_days(instant: datetime, when: Schedule) -> list[str]:
    """The partitions of the UTC days that ended since the schedule's hour of the day before.

    That is one day, but for an hour that crosses midnight UTC when the clocks change: then none or two.
    """
    zone = ZoneInfo(when.time_zone)
    yesterday = instant.astimezone(zone).date() - timedelta(days=1)
    before = datetime.combine(yesterday, time(when.hour), tzinfo=zone).astimezone(UTC)
    first, end = floor_day(before), floor_day(instant.astimezone(UTC))
    return [(first + number * DAY).date().isoformat() for number in range((end - first).days)]
