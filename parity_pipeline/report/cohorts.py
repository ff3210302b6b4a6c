"""The verdict of each cohort: the run's own rules, over the customers of the cohort alone.

What makes the run unreliable makes each cohort's verdict UNDECIDED as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from parity_pipeline import amounts, warehouse
from parity_pipeline.history import DayRecord, go_days_before
from parity_pipeline.quality.evidence import CheckFigures, CycleCoverage, Evidence, UnitCycle
from parity_pipeline.quality.gate import Verdict, decide
from parity_pipeline.quality.suites import SuiteResult
from parity_pipeline.report.from_tables import values
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection, input_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class CohortVerdict:
    """One cohort: how many customers it names, how many are known, and its verdict.

    The customers of a cohort by metadata are those that have the value, so that all are known.
    """

    name: str
    named: int
    known: int
    verdict: Verdict


def judge_cohorts(
    connection: Connection, evidence: Evidence, request: RunRequest, past_days: Sequence[DayRecord]
) -> tuple[CohortVerdict, ...]:
    """Every cohort that is not live yet, by name."""
    members: dict[str, list[Row]] = {}
    for row in warehouse.rows(connection, "select * from parity.cohort_members order by cohort, customer_id"):
        members.setdefault(str(row["cohort"]), []).append(row)
    return tuple(
        _judge(
            connection,
            replace(evidence, go_days_before=go_days_before(past_days, request.window.as_of, cohort=name)),
            name,
            rows,
        )
        for name, rows in members.items()
    )


def record_cohorts(connection: Connection, cohorts: Sequence[CohortVerdict]) -> None:
    """Fill parity.cohort_verdict, for analysts."""
    table = input_table(
        "One row per cohort that is not live yet, with its verdict.",
        {
            "cohort": ("VARCHAR", "name of the cohort"),
            "customers_named": ("INTEGER", "customers that its file names"),
            "customers_known": ("INTEGER", "of those, the ones that a vendor knows"),
            "verdict": ("VARCHAR", "GO, NO_GO or UNDECIDED, over these customers alone"),
            "reasons": ("VARCHAR[]", "why, a sentence each; empty for GO"),
        },
        [
            (each.name, each.named, each.known, each.verdict.decision, list(each.verdict.reasons))
            for each in cohorts
        ],
    )
    warehouse.load_table(connection, "parity.cohort_verdict", table)


def _judge(connection: Connection, evidence: Evidence, name: str, members: Sequence[Row]) -> CohortVerdict:
    named = {row["customer_id"] for row in members if row["customer_id"] is not None}
    known = {row["customer_id"] for row in members if row["is_known"]}
    verdict = decide(_evidence(connection, evidence, name, members))
    unknown = sorted(named - known)
    if unknown and verdict.decision == "GO":
        told = (
            f"{amounts.counted(len(unknown), 'customer')} of the cohort are not known, such as {unknown[0]}."
        )
        verdict = replace(verdict, decision="UNDECIDED", reasons=(told,), is_go_day=False)
    return CohortVerdict(name, len(named), len(known), verdict)


def _evidence(connection: Connection, evidence: Evidence, name: str, members: Sequence[Row]) -> Evidence:
    """The run's evidence, narrowed to the cohort's customers."""
    customers = {(row["account"], row["stripe_customer_id"]) for row in members if row["is_known"]}
    coverage = _of_cohort(connection, CycleCoverage, "parity.cohort_cycle_coverage", name)
    return replace(
        evidence,
        checks=_of_cohort(connection, CheckFigures, "parity.cohort_checks", name),
        unit_cycles=_of_cohort(connection, UnitCycle, "parity.cohort_unit_cycles", name),
        worst_customers=[
            each for each in evidence.worst_customers if (each.account, each.stripe_customer_id) in customers
        ],
        suites=[
            SuiteResult(each.name, each.unsound) if each.name in CHECKS else each for each in evidence.suites
        ],
        safety_hits=[
            each for each in evidence.safety_hits if (each.account, each.stripe_customer_id) in customers
        ],
        cycle_coverage=coverage or [_nobody(evidence)],
        customer_shares=(),
    )


def _nobody(evidence: Evidence) -> CycleCoverage:
    """The coverage of a cohort none of whose customers is known: never met."""
    return replace(evidence.cycle_coverage[0], eligible_customers=0, customers_with_cycles=0, is_met=False)


def _of_cohort(connection: Connection, kind: type[T], table: str, cohort: str) -> list[T]:
    return values(connection, kind, f"select * from {table} where cohort = ? order by all", [cohort])
