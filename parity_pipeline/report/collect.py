"""Reads what the models left in the database into the values that the gate and the report work on."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.history import DayRecord
from parity_pipeline.quality.evidence import (
    CheckFigures,
    Completeness,
    CustomerShare,
    CycleCoverage,
    Evidence,
    SafetyHit,
    Side,
    UnitCycle,
    UsageTurns,
    WorstCustomer,
)
from parity_pipeline.quality.gate import Verdict
from parity_pipeline.quality.suites import SuiteResult
from parity_pipeline.report.cohorts import judge_cohorts
from parity_pipeline.report.from_tables import values
from parity_pipeline.report.incidents import read_incidents
from parity_pipeline.report.result import (
    Cause,
    CheckReport,
    EffectBalance,
    Exclusion,
    Finding,
    RunResult,
    UnitTotal,
    WaiverUse,
)
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection

MOST_FINDINGS: Final = 50
CUSTOMER_STATUSES: Final = ("in_parity", "not_in_parity", "pending", "unmapped", "already_on_metronome")
_GREATEST_FIRST: Final = (
    "order by check_name <> 'safety', check_name, abs(variance) desc, account, stripe_customer_id, "
    "metronome_customer_id, period_start, usage_date, meter, product, pricing_group_values"
)

_EFFECT_BALANCES: Final = """
    select currency, count(*) as totals, sum(abs(residual)) as residual
    from (
        select
            account, stripe_customer_id, metronome_customer_id, currency, period_start, period_end,
            sum(amount) as residual, bool_or(is_effect) as has_effects
        from (
            select *, true as is_effect from parity.variance_effects
            union all by name
            select account, stripe_customer_id, metronome_customer_id, currency, period_start, period_end,
                -variance as amount, false as is_effect
            from parity.invoice_totals
        )
        group by account, stripe_customer_id, metronome_customer_id, currency, period_start, period_end
    )
    where has_effects or residual <> 0
    group by currency
    order by currency
    """

_COMPLETENESS: Final = """
    select completeness.*, coalesce(turns.aged_customers, 0) as aged
    from control.completeness
    left join parity.usage_turns as turns
        on completeness.account = turns.account and completeness.resource = 'meter_event_summaries'
    order by source desc, resource, completeness.account
    """

Row = Mapping[str, Any]


def collect_evidence(
    connection: Connection,
    *,
    request: RunRequest,
    suites: Sequence[SuiteResult],
    go_days_before: int = 0,
    required_go_days: int = 1,
    extraction_error: str | None = None,
    is_blocked: bool = False,
) -> Evidence:
    """What the verdict rests on."""
    return Evidence(
        checks=values(connection, CheckFigures, "select * from parity.check_summary"),
        unit_cycles=values(
            connection,
            UnitCycle,
            "select * from parity.check_unit_cycles order by check_name, account, unit, cycle",
        ),
        worst_customers=values(
            connection,
            WorstCustomer,
            "select * from parity.worst_customers order by check_name, account, unit, cycle, rank",
        ),
        suites=suites,
        safety_hits=values(
            connection,
            SafetyHit,
            "select * from parity.safety order by cause, account, stripe_customer_id, subject",
        ),
        completeness=values(connection, Completeness, _COMPLETENESS),
        sides=values(connection, Side, "select * from parity.sides order by source desc, account"),
        cycle_coverage=values(
            connection, CycleCoverage, "select * from parity.cycle_coverage order by account"
        ),
        customer_shares=values(
            connection, CustomerShare, "select * from parity.check_customers order by check_name, account"
        ),
        usage_turns=values(connection, UsageTurns, "select * from parity.usage_turns order by account"),
        required_go_days=required_go_days,
        go_days_before=go_days_before,
        extraction_error=extraction_error,
        is_reconstructed=request.is_reconstructed,
        is_blocked=is_blocked,
    )


def collect_result(
    connection: Connection,
    *,
    request: RunRequest,
    scope: str,
    evidence: Evidence,
    verdict: Verdict,
    past_days: tuple[DayRecord, ...] = (),
) -> RunResult:
    """What a reader sees."""
    return RunResult(
        run_id=request.run_id,
        as_of=request.window.as_of,
        start=request.window.start,
        scope=scope,
        is_reconstructed=request.is_reconstructed,
        verdict=verdict,
        checks=tuple(_check(connection, evidence, verdict, name) for name in CHECKS),
        safety=tuple(evidence.safety_hits),
        customers=_customers(connection),
        cycles=tuple(evidence.cycle_coverage),
        exclusions=_exclusions(connection),
        causes=_causes(connection),
        effects=tuple(values(connection, EffectBalance, _EFFECT_BALANCES)),
        findings=_findings(connection),
        findings_in_all=warehouse.count(connection, "parity.findings"),
        waivers=_waivers(connection),
        completeness=tuple(evidence.completeness),
        incidents=read_incidents(connection),
        cohorts=judge_cohorts(connection, evidence, request, past_days),
        past_days=past_days,
        is_blocked=evidence.is_blocked,
    )


def _check(connection: Connection, evidence: Evidence, verdict: Verdict, name: str) -> CheckReport:
    figures = evidence.figures(name)
    if figures is None:
        raise ValueError(f"parity.check_summary has no row for {name}")
    cycles: defaultdict[tuple[str, str], list[UnitCycle]] = defaultdict(list)
    for each in evidence.unit_cycles:
        if each.check_name == name:
            cycles[each.account, each.unit].append(each)
    totals: Sequence[Row] = warehouse.rows(
        connection,
        f"select * from parity.check_totals where check_name = '{name}' order by account, unit",  # ours
    )
    return CheckReport(
        name=name,
        status=verdict.checks[name],
        figures=figures,
        totals=tuple(_total(row, cycles) for row in totals),
        worst=tuple(each for each in evidence.worst_customers if each.check_name == name),
    )


def _total(row: Row, cycles: Mapping[tuple[str, str], Sequence[UnitCycle]]) -> UnitTotal:
    return UnitTotal(
        account=row["account"],
        unit=row["unit"],
        expected=row["expected_value"],
        actual=row["actual_value"],
        net_variance=row["net_variance"] or Decimal(0),
        gross_variance=row["gross_variance"] or Decimal(0),
        gate_ratio=row["gate_ratio"],
        cycles=tuple(cycles.get((row["account"], row["unit"]), ())),
    )


def _customers(connection: Connection) -> dict[str, int]:
    found = warehouse.rows(
        connection, "select status, count(*) as customers from parity.customer_status group by status"
    )
    counts = {str(row["status"]): int(str(row["customers"])) for row in found}
    return {status: counts.get(status, 0) for status in CUSTOMER_STATUSES}


def _exclusions(connection: Connection) -> tuple[Exclusion, ...]:
    counts: defaultdict[str, int] = defaultdict(int)
    money: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    rows: Sequence[Row] = warehouse.rows(
        connection,
        "select reason, currency, cast(sum(count) as bigint) as count, sum(amount) as amount "
        "from control.exclusions group by reason, currency order by reason, currency",
    )
    for row in rows:
        counts[row["reason"]] += row["count"]
        if row["currency"] is not None and row["amount"] is not None:
            money[row["reason"]][row["currency"]] = row["amount"]
    return tuple(Exclusion(reason, count, money[reason]) for reason, count in counts.items())


def _causes(connection: Connection) -> tuple[Cause, ...]:
    rows: Sequence[Row] = warehouse.rows(
        connection,
        "select cause, check_name, currency, count(*) as findings, sum(variance) as variance, "
        "to_json(list(distinct account || ' ' || coalesce(stripe_customer_id, metronome_customer_id, ''))) "
        "as customers "
        "from parity.findings group by cause, check_name, currency order by cause, check_name, currency",
    )
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["cause"], row["check_name"]].append(row)
    return tuple(
        Cause(
            code=code,
            check=check,
            findings=sum(row["findings"] for row in group),
            customers=len({customer for row in group for customer in json.loads(row["customers"])}),
            explained={
                row["currency"]: row["variance"]
                for row in group
                if row["currency"] is not None and row["variance"] is not None
            },
        )
        for (code, check), group in found.items()
    )


def _findings(connection: Connection) -> tuple[Finding, ...]:
    rows: Sequence[Row] = warehouse.rows(
        connection,
        f"select * from parity.findings {_GREATEST_FIRST} limit {MOST_FINDINGS}",  # constants
    )
    return tuple(
        Finding(
            account=row["account"],
            check=row["check_name"],
            customer=row["stripe_customer_id"] or row["metronome_customer_id"] or "",
            subject=subject_of(row),
            period_start=row["period_start"],
            usage_date=row["usage_date"],
            currency=row["currency"],
            variance=row["variance"],
            cause=row["cause"],
            explanation=row["explanation"],
        )
        for row in rows
    )


def subject_of(row: Row) -> str:
    """What a finding is about: its currency, meter, product and group values, where it has them."""
    names = ("currency", "meter", "product", "pricing_group_values")
    return " ".join(str(row[name]) for name in names if row[name] not in (None, "{}"))


def _waivers(connection: Connection) -> tuple[WaiverUse, ...]:
    rows: Sequence[Row] = warehouse.rows(
        connection,
        "select * from control.waiver_use order by check_name, account, customer, subject, expires_on",
    )
    return tuple(
        WaiverUse(
            check=row["check_name"],
            account=row["account"],
            customer=row["customer"],
            subject=row["subject"],
            approved_by=row["approved_by"],
            expires_on=row["expires_on"],
            status=row["waiver_status"],
            reason=row["reason"] or "",
            matching_rows=row["matching_rows"] or 0,
        )
        for row in rows
    )
