"""When the daily job starts: at an hour of a configured time zone, always for the last whole UTC day."""

import dagster as dg

from parity_pipeline.defs.partitions import last_day
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
    def daily_parity_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = last_day(context.scheduled_execution_time)
        return dg.RunRequest(run_key=day, partition_key=day)

    return daily_parity_schedule
