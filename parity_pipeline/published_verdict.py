"""Reads back what the last run published: its verdict for the gate, its files for `parity report`.

Only the published files are read, never a sandbox run's. What cannot be read or is too old is UNDECIDED.
A GO must also be borne out by the published database and by the home's own history: a report that was
copied, edited or left behind by a run that was killed while publishing opens no gate.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.errors import UsageError
from parity_pipeline.home import DATABASE, REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN, Home
from parity_pipeline.periods import rfc3339
from parity_pipeline.quality.gate import EXIT_CODES, Verdict

_KINDS: Final = {"html": REPORT_HTML, "md": REPORT_MARKDOWN, "json": REPORT_JSON}


def read_verdict(home: Path, *, now: datetime, max_age_hours: int, cohort: str | None = None) -> Verdict:
    """The published verdict, or a cohort's; UNDECIDED when there is none, or when it is too old to act on."""
    file = Home(home).published / REPORT_JSON
    try:
        published = json.loads(file.read_text(encoding="utf-8"))
        as_of = datetime.fromisoformat(published["as_of"])
        told = published if cohort is None else _cohort(published, cohort)
        decision, reasons = told["verdict"], tuple(told["reasons"])
        age = now - as_of
    except FileNotFoundError:
        return _undecided(f"There is no published verdict in {home}; run `parity run` first.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _undecided(f"The published verdict {file} cannot be read: {error}.")
    if decision not in EXIT_CODES:
        return _undecided(f"The published verdict {file} says {decision!r}, which is no verdict.")
    if age > timedelta(hours=max_age_hours):
        hours = age // timedelta(hours=1)
        return _undecided(
            f"The published verdict ({decision}) is stale: it is for {rfc3339(as_of)}, {hours} hours ago; "
            f"at most {max_age_hours} are allowed.",
            *reasons,
        )
    if age < timedelta(0):
        return _undecided(
            f"The published verdict ({decision}) is for {rfc3339(as_of)}, which is in the future."
        )
    doubt = _doubt(Home(home), published, cohort) if decision == "GO" else None
    doubted = f"The published verdict (GO) is not to be relied on: {doubt}."
    return Verdict(decision, reasons) if doubt is None else _undecided(doubted)


def _cohort(published: dict[str, Any], name: str) -> dict[str, Any]:
    """What the report says of one cohort; raise UsageError for one that it does not know."""
    cohorts = {each["name"]: each for each in published.get("cohorts", [])}
    if name not in cohorts:
        known = ", ".join(cohorts) or "none"
        raise UsageError(
            f"The published run has no cohort {name} (it has {known}); a live one has no verdict."
        )
    return dict(cohorts[name])


def _doubt(home: Home, published: dict[str, Any], cohort: str | None) -> str | None:
    """What speaks against a GO that report.json tells; None when the rest of the home agrees with it."""
    file, run_id = home.published / DATABASE, published.get("run_id")
    if not file.is_file():
        return f"{file} is missing"
    try:
        with warehouse.connect(file, read_only=True) as connection:
            runs = warehouse.rows(connection, "select run_id from control.run")
            verdicts = (
                warehouse.rows(connection, "select verdict from parity.verdict")
                if cohort is None
                else warehouse.rows(
                    connection, "select verdict from parity.cohort_verdict where cohort = ?", [cohort]
                )
            )
            listings = warehouse.rows(
                connection, "select source, resource, complete from control.completeness"
            )
    except Exception as error:  # noqa: BLE001  # whatever is wrong with the file, it bears out no GO
        return f"{file} cannot be read: {error}"
    unread = [f"{each['source']}/{each['resource']}" for each in listings if not each["complete"]]
    doubts = {
        f"{file} is of another run than {REPORT_JSON}": [each["run_id"] for each in runs] != [run_id],
        f"{file} does not say GO": [each["verdict"] for each in verdicts] != ["GO"],
        f"{file} names what was not read in full ({', '.join(unread)})": bool(unread),
        f"{file} names no resource that was read": not listings,
        f"{home.history} has no record of run {run_id}": not any(home.history.glob(f"*_{run_id}.json")),
    }
    return next((doubt for doubt, holds in doubts.items() if holds), None)


def report_file(home: Path, *, kind: str) -> Path:
    """The last published report in one format."""
    if kind not in _KINDS:
        raise UsageError(f"--format must be one of {', '.join(_KINDS)} (it is {kind}).")
    file = Home(home).published / _KINDS[kind]
    if not file.is_file():
        raise UsageError(f"There is no published report in {home}; run `parity run` or `parity demo` first.")
    return file


def _undecided(*reasons: str) -> Verdict:
    return Verdict("UNDECIDED", reasons)
