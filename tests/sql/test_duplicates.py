"""What stands twice is counted as often as it is too many, whatever windows and days there are."""

from collections import Counter
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from scene import MODELS

from parity_pipeline import warehouse
from parity_pipeline.setting_sections import CHECKS

PUBLISHED = (
    "account varchar, stripe_customer_id varchar, metronome_customer_id varchar, currency varchar, "
    "meter varchar, product varchar, pricing_group_values varchar, "
    "period_start timestamp, period_end timestamp, usage_date date, presence varchar, "
    "expected_value decimal(38, 12), actual_value decimal(38, 12), "
    "variance decimal(38, 12), variance_ratio decimal(18, 12), status varchar"
)

# First and last days of months of any length, and days beside them.
DAYS = st.sampled_from(
    [
        date(2024, 2, 29),
        date(2026, 2, 1),
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 3, 30),
        date(2026, 3, 31),
    ]
)


def _at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _hour(day: date, hour: int) -> tuple[datetime, datetime]:
    start = _at_midnight(day) + timedelta(hours=hour)
    return start, start + timedelta(hours=1)


WHOLE_DAYS = DAYS.map(lambda day: ("day", _at_midnight(day), _at_midnight(day) + timedelta(days=1)))
PERIODS = DAYS.map(lambda day: ("none", _at_midnight(day), _at_midnight(day) + timedelta(days=30)))
HOURS = st.builds(lambda day, hour: ("hour", *_hour(day, hour)), DAYS, st.sampled_from([0, 23]))
WINDOWS = st.tuples(
    st.sampled_from(["cus_1", "cus_2"]),
    st.sampled_from(["tokens", "images"]),
    WHOLE_DAYS | PERIODS | HOURS,
    st.integers(1, 2),
)


def _windows(connection: warehouse.Connection, table: str, window: str, rows: list[tuple]) -> None:
    named = "metronome_customer_id" if window == "window_size" else "stripe_customer_id"
    asked = "billable_metric_id" if window == "window_size" else "meter_id"
    connection.execute("create schema staging")
    connection.execute(
        f"create table {table} (account varchar, {named} varchar, {asked} varchar, {window} varchar, "
        "start_at timestamp, end_at timestamp, usage_value decimal(38, 12))"
    )
    for customer, meter, (size, start, end), value in rows:
        values = ["default", customer, meter, size, start, end, value]
        connection.execute(f"insert into {table} values (?, ?, ?, ?, ?, ?, ?)", values)


@settings(max_examples=60, deadline=None)
@given(st.lists(WINDOWS, max_size=25))
def test_usage_that_stands_twice_is_counted(rows: list[tuple]) -> None:
    """Each window of a customer and metric beyond the first."""
    with warehouse.connect(":memory:") as connection:
        _windows(connection, "staging.stg_metronome__usage", "window_size", rows)
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_metronome_customers__assigned as "
            "select 'default' as account, 'cus_1' as metronome_customer_id"
        )
        (found,) = warehouse.rows(connection, MODELS["audit.stg_metronome__usage"].sql)
    assert found["row_count"] == len(rows)
    assert found["duplicate_window_count"] == len(rows) - len({row[:3] for row in rows})
    assert found["unknown_customer_count"] == int(any(row[0] == "cus_2" for row in rows))


@settings(max_examples=60, deadline=None)
@given(st.lists(WINDOWS, max_size=25))
def test_summaries_that_stand_twice_are_counted(rows: list[tuple]) -> None:
    """Each bucket of a customer and meter beyond the first; an hour only where its value is another one."""
    with warehouse.connect(":memory:") as connection:
        _windows(connection, "staging.stg_stripe__event_summaries", "value_grouping_window", rows)
        (found,) = warehouse.rows(connection, MODELS["audit.stg_stripe__event_summaries"].sql)
    seen = [row if row[2][0] == "hour" else (*row[:3], number) for number, row in enumerate(rows)]
    assert found["duplicate_bucket_count"] == len(set(seen)) - len({row[:3] for row in rows})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["cus_1", None]), st.none() | DAYS, DAYS), max_size=25))
def test_published_rows_that_stand_twice_are_counted(rows: list[tuple]) -> None:
    """Each row of a grain beyond the first, of rows for a day and of rows for a whole period."""
    with warehouse.connect(":memory:") as connection:
        connection.execute("create schema parity; create schema control")
        checks = "create table control.thresholds as select unnest(?) as check_name"
        connection.execute(checks, [list(CHECKS)])
        for check in CHECKS:
            connection.execute(f"create table parity.{check} ({PUBLISHED})")
        for customer, day, start in rows:
            period = (None, None) if day else (start, start + timedelta(days=30))
            insert = (
                "insert into parity.event_ingestion values ('default', ?, 'm_1', null, 'tokens', null, null"
            )
            values = [customer, *period, day]
            connection.execute(f"{insert}, ?, ?, ?, 'both', 1, 1, 0, 0, 'match')", values)
        counted = warehouse.rows(connection, MODELS["intermediate.int_published_rows__counted"].sql)
    grains = Counter((customer, day or ("period", start)) for customer, day, start in rows)
    found = {row["check_name"]: row["duplicate_grain_count"] for row in counted}
    assert found == dict.fromkeys(CHECKS, 0) | {"event_ingestion": grains.total() - len(grains)}
