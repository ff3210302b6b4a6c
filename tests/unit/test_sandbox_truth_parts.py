"""The parts of the truth: periods, statuses and the comparison with published rows, worked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.truth.comparison import GRAINS, compare_with_truth
from parity_pipeline.sandbox.truth.periods import Span, billing_cycles, paired
from parity_pipeline.sandbox.truth.rows import Check, Grain, Slack, TruthRow, rounded


def at(month: int, day: int, hour: int = 0, *, year: int = 2026) -> datetime:
    """An instant in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def customer(started_at: datetime, **facts: Any) -> Customer:
    """A customer of whom only the dates matter."""
    return Customer(
        key="1", name="One", currency="usd", started_at=started_at, charges=(), link="custom_field", **facts
    )


def row(
    expected: str | None, actual: str | None, *, check: Check = "invoice_totals", **facts: Any
) -> TruthRow:
    """A settled row of one customer."""
    return TruthRow(
        grain=Grain(
            check, "default", "cus_1", "m1", currency="usd", period_start=at(5, 1), period_end=at(6, 1)
        ),
        expected=None if expected is None else Decimal(expected),
        actual=None if actual is None else Decimal(actual),
        **{"is_settled": True, **facts},
    )


def test_cycles_are_counted_from_the_first_anchor() -> None:
    """A customer of the 31st is billed on the last day of a short month and on the 31st again after it."""
    starts = [cycle.start for cycle in billing_cycles(customer(at(1, 31)), at(5, 1))]
    assert starts == [at(1, 31), at(2, 28), at(3, 31), at(4, 30)]


def test_the_last_cycle_is_cut_where_the_customer_leaves() -> None:
    """Leaving on the 14th ends the cycle there, and there is none after it."""
    cycles = list(billing_cycles(customer(at(4, 1), ended_at=at(5, 14)), at(8, 1)))
    assert cycles == [Span(at(4, 1), at(5, 1)), Span(at(5, 1), at(5, 14))]


def test_a_yearly_cycle_is_twelve_months() -> None:
    """From a leap day to the end of the next February."""
    first = next(iter(billing_cycles(customer(at(2, 29, year=2024), interval="year"), at(6, 1))))
    assert first == Span(at(2, 29, year=2024), at(2, 28, year=2025))


def test_periods_are_paired_by_greatest_overlap() -> None:
    """The half of April that both have is longer than the half of May, which is left over."""
    ours = Span(at(4, 15), at(5, 15))
    april, may = Span(at(4, 1), at(5, 1)), Span(at(5, 1), at(6, 1))
    assert paired([ours], [april, may]) == [(ours, april), (None, may)]


def test_each_period_is_paired_once() -> None:
    """Of two that fit the same one, the longer overlap has it."""
    whole = Span(at(4, 1), at(5, 1))
    first, second = Span(at(4, 1), at(4, 10)), Span(at(4, 10), at(5, 1))
    assert paired([first, second], [whole]) == [(second, whole), (first, None)]


def test_periods_that_only_touch_are_not_paired() -> None:
    """The end is not part of a period."""
    april, may = Span(at(4, 1), at(5, 1)), Span(at(5, 1), at(6, 1))
    assert paired([april], [may]) == [(april, None), (None, may)]


def test_bounds_up_to_a_day_apart_are_the_same_period() -> None:
    """A day is not apart, a second more is."""
    april = Span(at(4, 1), at(5, 1))
    assert not april.is_apart_from(Span(at(4, 2), at(5, 2)))
    assert april.is_apart_from(Span(at(4, 1), at(5, 2) + timedelta(seconds=1)))


def test_whole_days_leave_out_the_parts() -> None:
    """From 8 o'clock on the 15th to 8 o'clock a day later there is none; a day more has one."""
    assert Span(at(4, 15, 8), at(4, 16, 8)).whole_days() is None
    assert Span(at(4, 15, 8), at(4, 17, 8)).whole_days() == Span(at(4, 16), at(4, 17))


@pytest.mark.parametrize(
    ("expected", "actual", "allowance", "status"),
    [
        ("1000", "1000", "0", "match"),
        ("1000", "990", "0", "within_tolerance"),
        ("1000", "989.999999999999", "0", "breach"),
        ("990", "1000", "0", "within_tolerance"),
        ("10", "11", "1", "within_tolerance"),
        ("10", "11.000000000001", "1", "breach"),
        ("1000", None, "0", "breach"),
        (None, "0", "0", "match"),
    ],
)
def test_a_status_follows_from_both_values(
    expected: str, actual: str | None, allowance: str, status: str
) -> None:
    """One percent of the greater value, or the allowance, both included."""
    assert row(expected, actual, slack=Slack(allowance=Decimal(allowance))).status == status


def test_what_is_not_settled_is_pending_and_what_is_shifted_is_a_breach() -> None:
    """Pending comes first; equal amounts do not excuse other periods."""
    assert row("1", "2", is_settled=False, is_shifted=True).status == "pending"
    assert row("1", "1", is_shifted=True).status == "breach"


def test_floats_are_equal_to_fifteen_digits() -> None:
    """The sixteenth digit of a counted value says nothing, the fifteenth does."""
    assert row("123456789012.3451", "123456789012.3452", check="event_ingestion").status == "match"
    assert row("12345678901.2345", "12345678901.2346", check="event_ingestion").status != "match"
    assert row("123456789012.3451", "123456789012.3452").status == "within_tolerance"


def test_values_are_rounded_half_up_at_the_twelfth_place() -> None:
    """Away from zero on both sides of it; an absent value stays absent."""
    assert rounded(Decimal("0.0000000000005")) == Decimal("0.000000000001")
    assert rounded(Decimal("-0.0000000000005")) == Decimal("-0.000000000001")
    assert rounded(None) is None


def published(*rows: TruthRow) -> Any:
    """A query on tables that hold these rows, as DuckDB answers it: times without a zone."""

    def query(sql: str) -> list[tuple[Any, ...]]:
        check = sql.rsplit(".", 1)[1]
        found = []
        for each in rows:
            if each.grain.check == check:
                grain = [getattr(each.grain, name) for name in GRAINS[check]]
                values = [
                    value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in grain
                ]
                found.append((*values, each.presence, each.expected, each.actual, each.variance, each.status))
        return found

    return query


def test_equal_rows_compare_equal() -> None:
    """Whatever the check and its grain."""
    day = replace(
        row("5", "5", check="event_ingestion"),
        grain=Grain("event_ingestion", "default", "cus_1", None, meter="m", usage_date=date(2026, 5, 3)),
    )
    assert compare_with_truth(published(row("1", "2"), day), [row("1", "2"), day]).is_equal


def test_missing_extra_and_other_rows_are_told_apart() -> None:
    """Each in its own list; another value names the columns that differ."""
    other = replace(row("7", "7"), grain=replace(row("7", "7").grain, currency="eur"))
    found = compare_with_truth(published(row("1", "2")), [other])
    assert (found.missing, [each.grain.currency for each in found.extra]) == ((other,), ["usd"])
    changed = compare_with_truth(published(row("1", None)), [row("1", "1")])
    assert changed.different[0].what == ("presence", "actual", "variance", "status")
    assert not changed.is_equal


def test_a_row_that_is_published_twice_is_one_too_many() -> None:
    """Grains are unique."""
    assert len(compare_with_truth(published(row("1", "1"), row("1", "1")), [row("1", "1")]).extra) == 1


def test_counted_values_are_compared_to_fifteen_digits() -> None:
    """A float's last digit is no difference; money's is."""
    one = row("123456789012.3451", "1", check="event_ingestion")
    grain = replace(one.grain, currency=None, meter="m", period_start=None, period_end=None)
    one, other = replace(one, grain=grain), replace(one, grain=grain, expected=Decimal("123456789012.3452"))
    assert compare_with_truth(published(one), [other]).is_equal
    assert not compare_with_truth(
        published(row("123456789012.3451", "1")), [row("123456789012.3452", "1")]
    ).is_equal
