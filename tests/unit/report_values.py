"""A run's result and page, as tests show it: failing, with hostile text."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from gate_evidence import figures, resource

from parity_pipeline.quality.evidence import (
    CycleCoverage,
    SafetyHit,
    UnitCycle,
    WorstCustomer,
)
from parity_pipeline.quality.gate import Verdict
from parity_pipeline.report.page import (
    Effect,
    MappingCount,
    MeterLink,
    Page,
    Threshold,
    Waterfall,
    distribution,
)
from parity_pipeline.report.page_customers import FindingDetail, Line, PeriodDetail, WorstCustomerDetail
from parity_pipeline.report.page_grids import Column, Grid
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
from parity_pipeline.setting_sections import CHECKS

HOSTILE = "<script>alert(1)</script> | `x`"


def check(name: str) -> CheckReport:
    """A failing check with one unit and two cycles, the second unsettled."""
    failing = figures(
        name,
        rows=1200,
        matched=1100,
        within_tolerance=50,
        breaches=20,
        pending=20,
        waived=10,
        settled_rows=1180,
        customers=60,
        customers_within=58,
        worst_gate_ratio=Decimal("0.012345678901"),
        is_ratio_met=False,
        is_share_met=False,
        is_complete_required=False,
        is_warned=True,
    )
    settled = UnitCycle(
        account="default",
        check_name=name,
        unit="usd",
        cycle=date(2026, 1, 1),
        rows=30,
        settled_rows=30,
        expected_value=Decimal("100000.500000000000"),
        actual_value=Decimal("98765.400000000000"),
        net_variance=Decimal("-1235.1"),
        gross_variance=Decimal("1235.1"),
        gate_variance=Decimal("1235.1"),
        gate_ratio=Decimal("0.012345678901"),
        is_within=False,
    )
    running = replace(
        settled,
        cycle=date(2026, 2, 1),
        rows=20,
        settled_rows=0,
        expected_value=None,
        actual_value=None,
        net_variance=Decimal(0),
        gross_variance=Decimal(0),
        gate_variance=Decimal(0),
        gate_ratio=Decimal(0),
        is_within=True,
    )
    total = UnitTotal(
        account="default",
        unit="usd",
        expected=settled.expected_value,
        actual=settled.actual_value,
        net_variance=settled.net_variance,
        gross_variance=settled.gross_variance,
        gate_ratio=settled.gate_ratio,
        cycles=(settled, running),
    )
    worst = WorstCustomer(name, "usd", date(2026, 1, 1), 1, "default", "cus_1", "m-1", Decimal("-1235.1"))
    return CheckReport(name=name, status="FAIL", figures=failing, totals=(total,), worst=(worst,))


RESULT = RunResult(
    run_id="run-1",
    as_of=datetime(2026, 2, 10, tzinfo=UTC),
    start=datetime(2026, 1, 1, tzinfo=UTC),
    scope="usage",
    is_reconstructed=True,
    verdict=Verdict("NO_GO", ("invoice_totals fails.", HOSTILE), dict.fromkeys(CHECKS, "FAIL")),
    checks=tuple(check(name) for name in CHECKS),
    safety=(SafetyHit("default", "double_billing", "cus_1", "m-1", "in_1", HOSTILE),),
    customers={
        "in_parity": 50,
        "not_in_parity": 4,
        "pending": 3,
        "unmapped": 2,
        "already_on_metronome": 1,
    },
    cycles=(CycleCoverage("default", 50, 45, 1, Decimal("0.8"), is_met=True),),
    exclusions=(Exclusion("stripe_credit_note", 2, {"usd": Decimal("250.000000000000")}),),
    effects=(EffectBalance("eur", 3, Decimal(0)), EffectBalance("usd", 20, Decimal(0))),
    causes=(Cause("rate_mismatch", "invoice_totals", 20, 2, {"usd": Decimal("-1235.1")}),),
    findings=(
        Finding(
            account="default",
            check="invoice_totals",
            customer="cus_1",
            subject=HOSTILE,
            period_start=datetime(2026, 1, 1, tzinfo=UTC),
            usage_date=None,
            currency="usd",
            variance=Decimal("-1235.1"),
            cause="rate_mismatch",
            explanation="too low",
        ),
    ),
    findings_in_all=20,
    waivers=(WaiverUse("invoice_totals", "", "", "ann", date(2026, 1, 31), "expired"),),
    completeness=(
        resource(
            "stripe/invoices",
            requests=3,
            pages=2,
            rows=150,
            watermark=datetime(2026, 2, 10, tzinfo=UTC),
            reused=140,
            reused_from="r0",
            oldest_read_at=datetime(2026, 2, 10, 1, tzinfo=UTC),
        ),
        resource("metronome/invoices", requests=0, pages=0, rows=0, complete=False, note="not read"),
    ),
)


PAGE = Page(
    waterfalls=(
        Waterfall(
            account="default",
            currency="usd",
            stripe=Decimal(100000),
            metronome=Decimal("98764.9"),
            effects=(Effect("price", Decimal(764), Decimal("-1999.1")),),
            waived=Decimal("-35.1"),
        ),
    ),
    distribution=distribution([Decimal("-0.02"), Decimal("0.01"), Decimal(0)], Decimal("0.01")),
    worst=(
        WorstCustomerDetail(
            account="default",
            customer=HOSTILE,
            metronome_customer_id=None,
            currency="usd",
            net=Decimal("-1235.1"),
            gross=Decimal("1235.1"),
            periods=(
                PeriodDetail(
                    start=datetime(2026, 1, 1),
                    end=datetime(2026, 2, 1),
                    expected=Decimal(100000),
                    actual=None,
                    variance=Decimal("-100000"),
                    status="breach",
                    effects=(("unmatched_line", HOSTILE, Decimal("-100000")),),
                    lines=(Line("stripe", HOSTILE, "usage", Decimal("5"), None, Decimal(100000)),),
                    lines_in_all=2,
                ),
            ),
            findings=(FindingDetail("invoice_totals", HOSTILE, "2026-01-01", "rate_mismatch", HOSTILE),),
            findings_in_all=2,
            next_steps=(("rate_mismatch", HOSTILE),),
        ),
    ),
    customers=Grid("customers", (Column("customer", "text"),), ((HOSTILE,),), 2, "select 1"),
    findings=Grid("findings", (Column("customer", "text"),), (("</script><b>",),), 1, "select 2"),
    thresholds=(Threshold("invoice_totals", Decimal("0.01"), Decimal("0.005"), None, Decimal("0.99"), 24),),
    mappings=(MappingCount("customers", "custom_field", "linked", 45),),
    meters=(MeterLink("default", HOSTILE, "sum", "metric-1", '{"region":"us"}', "meters_csv", "linked"),),
    waived_customers=2,
    gate={
        "required_cycles": 1,
        "settled_share": Decimal("0.8"),
        "consecutive_go_days": 3,
        "max_age_hours": 36,
    },
)
