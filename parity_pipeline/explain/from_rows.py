"""Rows of the published tables as values."""

from typing import Any

from parity_pipeline.explain.explanation import Compared, Effect, Finding, Line, NearMiss

Row = dict[str, Any]


def compared(check: str, row: Row) -> Compared:
    """A row of one of the six checks."""
    return Compared(
        check=check,
        subject=_subject(row),
        presence=row["presence"],
        expected=row["expected_value"],
        actual=row["actual_value"],
        variance=row["variance"],
        status=row["status"],
        period_start=row.get("period_start"),
        period_end=row.get("period_end"),
        usage_date=row.get("usage_date"),
        pricing_group_values=row.get("pricing_group_values"),
    )


def _subject(row: Row) -> str:
    names = ("currency", "meter", "product", "pricing_group_values")
    return " ".join(str(row[name]) for name in names if row.get(name) not in (None, "{}"))


def effect(row: Row) -> Effect:
    """A row of parity.variance_effects."""
    return Effect(row["currency"], row["effect"], row["meter"], row["product"], row["amount"])


def line(row: Row) -> Line:
    """A row of parity.line_items."""
    return Line(
        row["currency"],
        row["side"],
        row["line_kind"],
        row["meter"],
        row["product"],
        row["pricing_group_values"],
        row["quantity"],
        row["unit_amount"],
        row["amount"],
    )


def finding(row: Row) -> Finding:
    """A row of parity.findings."""
    return Finding(
        check=row["check_name"],
        subject=_subject(row),
        currency=row["currency"],
        period_start=row["period_start"],
        usage_date=row["usage_date"],
        variance=row["variance"],
        cause=row["cause"],
        evidence=row["explanation"],
    )


def near_miss(row: Row) -> NearMiss:
    """A row of control.near_misses."""
    return NearMiss(
        kind=row["kind"],
        subject=row["subject"],
        name=row["name"],
        resembles=row["resembles"],
        resembles_id=row["resembles_id"],
        how=row["how"],
        evidence=row["evidence"],
    )
