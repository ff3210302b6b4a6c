"""Dagster's schedule: its hour in a time zone, and no day left out when the clocks change."""

from datetime import datetime

import dagster as dg
import pytest

from parity_pipeline.defs.build import build_definitions
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.schedules import ended_days
from parity_pipeline.setting_sections import Schedule


@pytest.mark.parametrize(
    ("schedule", "tick", "partition"),
    [
        ({}, "2026-06-10T02:00:00+00:00", "2026-06-09"),
        ({"HOUR": "7", "TIME_ZONE": "Europe/Berlin"}, "2026-06-10T07:00:00+02:00", "2026-06-09"),
        ({"HOUR": "2", "TIME_ZONE": "Asia/Tokyo"}, "2026-06-11T02:00:00+09:00", "2026-06-09"),
        ({"HOUR": "20", "TIME_ZONE": "America/New_York"}, "2026-06-09T20:00:00-04:00", "2026-06-09"),
    ],
)
def test_the_schedule_has_its_hour(schedule: dict[str, str], tick: str, partition: str) -> None:
    """At the hour of the configured time zone, by default 02:00 UTC, for the UTC day that ended last."""
    environment = {f"PARITY_SCHEDULE__{key}": value for key, value in schedule.items()}
    definitions = build_definitions(runs=PartitionRuns(environment))
    found = definitions.resolve_schedule_def("daily_parity_schedule")
    instant = datetime.fromisoformat(tick)
    assert (found.cron_schedule, found.execution_timezone) == (
        f"0 {instant.hour} * * *",
        schedule.get("TIME_ZONE", "UTC"),
    )
    context = dg.build_schedule_context(
        scheduled_execution_time=instant, repository_def=definitions.get_repository_def()
    )
    (request,) = found.evaluate_tick(context).run_requests or ()
    assert request.partition_key == partition


@pytest.mark.parametrize(
    ("hour", "time_zone", "ticks"),
    [
        (
            1,
            "Europe/Berlin",  # one hour before midnight UTC in summer, at midnight UTC in winter
            {
                "2026-10-25T01:00:00+02:00": ["2026-10-23"],
                "2026-10-26T01:00:00+01:00": ["2026-10-24", "2026-10-25"],
                "2026-10-27T01:00:00+01:00": ["2026-10-26"],
                "2026-03-29T01:00:00+01:00": ["2026-03-28"],
                "2026-03-30T01:00:00+02:00": [],
                "2026-03-31T01:00:00+02:00": ["2026-03-29"],
            },
        ),
        (
            19,
            "America/New_York",  # 23:00 UTC in summer, midnight UTC in winter
            {
                "2026-10-31T19:00:00-04:00": ["2026-10-30"],
                "2026-11-01T19:00:00-05:00": ["2026-10-31", "2026-11-01"],
            },
        ),
        (2, "Europe/Berlin", {"2026-03-29T03:00:00+02:00": ["2026-03-28"]}),  # there is no 02:00 that day
    ],
)
def test_no_day_is_left_out_when_the_clocks_change(
    hour: int, time_zone: str, ticks: dict[str, list[str]]
) -> None:
    """An hour that crosses midnight UTC asks for two days once a year, and for none once."""
    when = Schedule(hour=hour, time_zone=time_zone)
    assert {tick: ended_days(datetime.fromisoformat(tick), when) for tick in ticks} == ticks


def test_the_schedule_asks_for_each_ended_day() -> None:
    """Two requests after the clocks went back, a reason to skip after they went forward."""
    environment = {"PARITY_SCHEDULE__HOUR": "1", "PARITY_SCHEDULE__TIME_ZONE": "Europe/Berlin"}
    definitions = build_definitions(runs=PartitionRuns(environment))
    found = definitions.resolve_schedule_def("daily_parity_schedule")

    def ticked(tick: str) -> tuple[list[str | None], str | None]:
        context = dg.build_schedule_context(
            scheduled_execution_time=datetime.fromisoformat(tick),
            repository_def=definitions.get_repository_def(),
        )
        data = found.evaluate_tick(context)
        return [each.partition_key for each in data.run_requests or ()], data.skip_message

    assert ticked("2026-10-26T01:00:00+01:00") == (["2026-10-24", "2026-10-25"], None)
    assert ticked("2026-03-30T01:00:00+02:00") == (
        [],
        "No UTC day ended since yesterday: the clocks went forward.",
    )
