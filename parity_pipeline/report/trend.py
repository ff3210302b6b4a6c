"""What a run adds to the history, and what it tells from it: the days and what changed."""

from typing import Final

from parity_pipeline import warehouse
from parity_pipeline.amounts import exact
from parity_pipeline.history import Change, CheckNote, DayRecord, IncidentNote, changes, merged, place_of
from parity_pipeline.report.result import RunResult
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection, InputTable, input_table

MONEY: Final = "DECIMAL(38, 12)"


def record_of(result: RunResult) -> DayRecord:
    """The run's own record."""
    notes = (
        IncidentNote(
            each.account,
            each.cause,
            place_of(each.scope),
            {currency: exact(amount) for currency, amount in each.amounts.items()},
            {currency: exact(amount) for currency, amount in each.gross.items()},
        )
        for each in result.incidents
    )
    return DayRecord(
        run_id=result.run_id,
        as_of=result.as_of,
        verdict=result.verdict.decision,
        is_go_day=result.verdict.is_go_day,
        reasons=result.verdict.reasons,
        go_cohorts=tuple(each.name for each in result.cohorts if each.verdict.is_go_day),
        checks={
            each.name: CheckNote(each.status, exact(each.figures.worst_gate_ratio)) for each in result.checks
        },
        incidents=merged(notes),
        knows_incidents=result.is_complete and not result.is_blocked,
    )


def days_of(result: RunResult) -> tuple[DayRecord, ...]:
    """The days before, and the run's own."""
    return (*result.past_days, record_of(result))


def changes_of(result: RunResult) -> tuple[Change, ...]:
    """What is new, resolved or continuing since the last day that knows its incidents."""
    return changes(result.past_days, record_of(result))


def record_trend(connection: Connection, result: RunResult) -> None:
    """Fill control.history and parity.incident_changes, for analysts."""
    warehouse.load_control(connection, {"history": _history(result)})
    warehouse.load_table(connection, "parity.incident_changes", _changes(result))


def _history(result: RunResult) -> InputTable:
    return input_table(
        "One row per day of the history and check, up to this run.",
        {
            "as_of": ("TIMESTAMP", "UTC instant that the day's last run was for"),
            "run_id": ("VARCHAR", "the day's last run"),
            "earlier_runs": ("INTEGER", "runs of the same day that it replaced"),
            "verdict": ("VARCHAR", "GO, NO_GO or UNDECIDED"),
            "is_go_day": ("BOOLEAN", "whether the day's own evidence says GO"),
            "check_name": ("VARCHAR", "the check"),
            "status": ("VARCHAR", "PASS, FAIL or UNDECIDED; NULL when the record does not tell"),
            "gate_ratio": (MONEY, "greatest gate ratio of any unit and cycle; NULL as above"),
        },
        [
            (
                day.as_of.replace(tzinfo=None),
                day.run_id,
                len(day.earlier),
                day.verdict,
                day.is_go_day,
                check,
                *(
                    (day.checks[check].status, day.checks[check].gate_ratio)
                    if check in day.checks
                    else (None, None)
                ),
            )
            for day in days_of(result)
            for check in CHECKS
        ],
    )


def _changes(result: RunResult) -> InputTable:
    return input_table(
        "One row per incident and currency: what is new, resolved or continuing since the last day.",
        {
            "change": ("VARCHAR", "new, resolved or continuing"),
            "account": ("VARCHAR", "the account"),
            "cause": ("VARCHAR", "code of the cause"),
            "place": ("VARCHAR", "who or what is concerned"),
            "since": ("DATE", "first day of the unbroken row of days that have or had it"),
            "currency": ("VARCHAR", "lower-case ISO code; NULL when it changes no invoice"),
            "amount": (
                MONEY,
                "what it adds to Metronome's invoices, minor units; of a resolved one, what it was",
            ),
            "gross_amount": (
                MONEY,
                "the same, each of its shares counted positive; NULL when an older record does not tell",
            ),
        },
        [
            (
                each.kind,
                each.incident.account,
                each.incident.cause,
                each.incident.place,
                each.since,
                currency,
                amount,
                gross,
            )
            for each in changes_of(result)
            for currency, amount, gross in _money(each.incident)
        ],
    )


def _money(incident: IncidentNote) -> list[tuple[str | None, str | None, str | None]]:
    """A row for each currency; one without any for an incident that changes no invoice."""
    money = [(each, amount, incident.gross.get(each)) for each, amount in incident.amounts.items()]
    return [*money] or [(None, None, None)]
