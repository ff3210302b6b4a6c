"""What Dagster shows of a table, a check and a run: counts, ratios, samples. Nothing is decided here."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from parity_pipeline import amounts, warehouse
from parity_pipeline.home import REPORT_HTML, Home
from parity_pipeline.models import SqlModel
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.words import CHECK_TITLES
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection

MOST_ROWS = 10

Metadata = dict[str, Any]


def table_metadata(connection: Connection, model: SqlModel, rows: int) -> Metadata:
    """The rows of a table; of one of the six checks how many breach, and the greatest of these."""
    shown: Metadata = {"dagster/row_count": rows}
    if model.schema == "parity" and model.name in CHECKS:
        breaches = warehouse.rows(
            connection, f"select count(*) as breaches from {model.key} where status = 'breach'"
        )
        shown["breaches"] = int(str(breaches[0]["breaches"]))
        shown["greatest breaches"] = dg.MetadataValue.md(breach_sample(connection, model.name))
    return shown


def breach_sample(connection: Connection, check: str) -> str:
    """The greatest breaches of a check as a Markdown table."""
    rows = warehouse.rows(
        connection,
        f"select * exclude (account, presence, variance_ratio, status) from parity.{check} "
        f"where status = 'breach' order by abs(variance) desc, stripe_customer_id limit {MOST_ROWS}",
    )
    return markdown_table(rows) or "none"


def run_metadata(home: Home, result: RunResult) -> Metadata:
    """The verdict, its reasons, the checks and where the report is."""
    checks = [
        {
            "check": CHECK_TITLES[each.name],
            "status": each.status,
            "rows": each.figures.rows,
            "breaches": each.figures.breaches,
            "pending": each.figures.pending,
            "customers": f"{each.figures.customers_within} of {each.figures.customers}",
            "gate ratio": amounts.percent(each.figures.worst_gate_ratio),
        }
        for each in result.checks
    ]
    # Dagster draws floats over the days; these are shown only.
    ratios = {f"gate ratio {each.name}": float(each.figures.worst_gate_ratio) for each in result.checks}
    return {
        "verdict": result.verdict.decision,
        "reasons": dg.MetadataValue.md("\n\n".join(map(_flat, result.verdict.reasons)) or "none"),
        "checks": dg.MetadataValue.md(markdown_table(checks)),
        "incidents": len(result.incidents),
        "report": dg.MetadataValue.url((home.published / REPORT_HTML).resolve().as_uri()),
        **ratios,
    }


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as a Markdown table; empty without a row."""
    if not rows:
        return ""
    lines = [
        list(rows[0]),
        ["---"] * len(rows[0]),
        *([_cell(value) for value in row.values()] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return _flat("" if value is None else amounts.exact(value) if isinstance(value, Decimal) else str(value))


def _flat(text: str) -> str:
    """Outside text must not break a table or carry HTML."""
    for sign, replacement in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|")):
        text = text.replace(sign, replacement)
    return " ".join(text.split())
