"""What Dagster shows of a table, a check and a run: counts, ratios, samples. Nothing is decided here."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from parity_pipeline import amounts, warehouse
from parity_pipeline.home import REPORT_HTML, Home
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.words import CHECK_TITLES
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection

MOST_ROWS = 10
ROW_COUNT = "dagster/row_count"

BREACHING = "intermediate.int_check_rows__breaching"
_NOT_SHOWN = frozenset({"account", "presence", "variance_ratio", "status"})

Metadata = dict[str, Any]


def table_metadata(connection: Connection, table: str, rows: int) -> Metadata:
    """The rows and columns of `schema.table`; of one of the six checks the breaches, and the greatest."""
    schema, name = table.split(".")
    shown: Metadata = {ROW_COUNT: rows, "dagster/column_schema": _columns(connection, schema, name)}
    if schema == "parity" and name in CHECKS:
        breaches = warehouse.rows(
            connection, f"select count(*) as breaches from {BREACHING} where check_name = ?", [name]
        )
        shown["breaches"] = int(str(breaches[0]["breaches"]))
        shown["greatest breaches"] = dg.MetadataValue.md(breach_sample(connection, name))
    return shown


def _columns(connection: Connection, schema: str, name: str) -> dg.TableSchema:
    """The columns with their types, and their comments where the table has them."""
    comments: dict[object, object] = {}
    if schema in warehouse.PUBLISHED_SCHEMAS:  # the others have none, and to look takes a while
        found = warehouse.rows(
            connection,
            "select column_name, comment from duckdb_columns() where schema_name = ? "
            "and table_name = ? and database_name = current_database()",
            [schema, name],
        )
        comments = {row["column_name"]: row["comment"] for row in found}
    return dg.TableSchema(
        [
            dg.TableColumn(
                str(row["column_name"]),
                str(row["column_type"]),
                description=None if (comment := comments.get(row["column_name"])) is None else str(comment),
            )
            for row in warehouse.rows(connection, f"describe {schema}.{name}")
        ]
    )


def landed_metadata(connection: Connection) -> dict[str, Metadata]:
    """Of each landed table its rows, its requests and whether it was read to its end; the whole ledger."""
    found = warehouse.rows(
        connection,
        "select source, resource, sum(rows) as rows, sum(requests) as requests, "
        "bool_and(complete) as complete, string_agg(distinct note, '; ') as note, sum(reused) as reused "
        "from control.completeness group by source, resource",
    )
    ledger = warehouse.rows(connection, "select * from control.requests order by requests desc, endpoint")
    shown = {"control.requests": {"endpoints": dg.MetadataValue.md(markdown_table(ledger) or "none")}}
    return shown | {
        f"raw_{row['source']}.{row['resource']}": {
            ROW_COUNT: int(str(row["rows"])),
            "requests": int(str(row["requests"])),
            "answers of an earlier landing": int(str(row["reused"])),
            "complete": bool(row["complete"]),
            **({"note": _flat(str(row["note"]))} if row["note"] else {}),
        }
        for row in found
    }


def check_metadata(connection: Connection, check: str) -> Metadata:
    """What one of the six checks came to, beside its limit, with its greatest breaches."""
    (row,) = warehouse.rows(
        connection,
        "select * from parity.check_summary where check_name = ?",
        [check],
    )
    return {
        "gate ratio": amounts.percent(Decimal(str(row["worst_gate_ratio"]))),
        "limit": amounts.percent(Decimal(str(row["variance_ratio"]))),
        "customers within": f"{row['customers_within']} of {row['customers']}",
        "breaches": int(str(row["breaches"])),
        "waived": int(str(row["waived"])),
        "warned": bool(row["is_warned"]),
        "greatest breaches": dg.MetadataValue.md(breach_sample(connection, check)),
    }


def audit_sample(connection: Connection, table: str) -> str:
    """The figures of an audit that are not zero, as a Markdown table."""
    rows = warehouse.rows(connection, f"select * from {table} limit {MOST_ROWS}")
    return markdown_table(
        [{"figure": name, "value": value} for row in rows for name, value in row.items() if value]
    )


def report_link(home: Home) -> dg.MetadataValue[str]:
    """Where the last published report is."""
    return dg.MetadataValue.url((home.published / REPORT_HTML).resolve().as_uri())


def breach_sample(connection: Connection, check: str) -> str:
    """The greatest breaches of a check as a Markdown table."""
    found = warehouse.rows(connection, f"describe parity.{check}")
    columns = [name for row in found if (name := str(row["column_name"])) not in _NOT_SHOWN]
    rows = warehouse.rows(
        connection,
        f"select {', '.join(columns)} from {BREACHING} where check_name = ? "
        f"order by abs(variance) desc, stripe_customer_id limit {MOST_ROWS}",
        [check],
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
        "report": report_link(home),
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
