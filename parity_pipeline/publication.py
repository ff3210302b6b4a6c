"""Puts a run's four files in place at once, and its record into the history.

Everything is written aside first and renamed at the end, so that nobody sees half a run.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor

from parity_pipeline import warehouse
from parity_pipeline.history import write_record
from parity_pipeline.home import DATABASE, REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN, Home
from parity_pipeline.report.as_html import to_html
from parity_pipeline.report.as_json import to_json
from parity_pipeline.report.as_markdown import to_markdown
from parity_pipeline.report.cohorts import record_cohorts
from parity_pipeline.report.page import collect_page
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.trend import record_of, record_trend
from parity_pipeline.warehouse import Connection

_FILES = (DATABASE, REPORT_HTML, REPORT_MARKDOWN, REPORT_JSON)  # the verdict's own file comes last


def publish(connection: Connection, home: Home, result: RunResult) -> None:
    """Replace the published files by this run's and add its record."""
    aside = home.published / f".{result.run_id}.new"
    aside.mkdir(parents=True, exist_ok=True)
    try:
        record_verdict(connection, result)
        record_cohorts(connection, result.cohorts)
        record_trend(connection, result)
        with ThreadPoolExecutor(max_workers=1) as beside:  # charts are drawn while DuckDB copies
            page = beside.submit(to_html, result, collect_page(connection))
            warehouse.publish(connection, aside / DATABASE)
            (aside / REPORT_HTML).write_text(page.result(), encoding="utf-8")
        (aside / REPORT_MARKDOWN).write_text(to_markdown(result), encoding="utf-8")
        (aside / REPORT_JSON).write_text(to_json(result), encoding="utf-8")
        for name in _FILES:
            (aside / name).replace(home.published / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_record(home.history, record_of(result))


def record_verdict(connection: Connection, result: RunResult) -> None:
    """Fill parity.verdict and parity.check_status, the verdict for analysts."""
    connection.execute(
        "create or replace table parity.verdict (as_of TIMESTAMP, verdict VARCHAR, reasons VARCHAR[])"
    )
    connection.execute(
        "insert into parity.verdict values (?, ?, ?)",
        [result.as_of.replace(tzinfo=None), result.verdict.decision, list(result.verdict.reasons)],
    )
    warehouse.describe(
        connection,
        "parity.verdict",
        description="One row: the verdict of the run.",
        columns={
            "as_of": "UTC instant that the verdict is for",
            "verdict": "GO, NO_GO or UNDECIDED",
            "reasons": "why, a sentence each; empty for GO",
        },
    )
    connection.execute("create or replace table parity.check_status (check_name VARCHAR, status VARCHAR)")
    connection.executemany(
        "insert into parity.check_status values (?, ?)", [(each.name, each.status) for each in result.checks]
    )
    warehouse.describe(
        connection,
        "parity.check_status",
        description="One row per check with its part of the verdict.",
        columns={"check_name": "name of the check", "status": "PASS, FAIL or UNDECIDED"},
    )
