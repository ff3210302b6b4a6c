"""The verdict that rows deserve: both sides of each threshold, worked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from parity_pipeline.sandbox.judgement import Evidence, Judgement, cycle, is_within, judge
from parity_pipeline.sandbox.truth.rows import Check, Grain, Slack, TruthRow
from parity_pipeline.setting_sections import CheckThresholds, Thresholds

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
ONE_CENT = Slack(allowance=Decimal(1))
PERCENT = Decimal("0.01")


def total(
    customer: str,
    expected: str | None,
    actual: str | None,
    *,
    month: int = 5,
    currency: str = "usd",
    settled: bool = True,
    account: str = "default",
) -> TruthRow:
    """One row of invoice_totals, in cents, for one month."""
    return TruthRow(
        grain=Grain(
            "invoice_totals",
            account,
            f"cus_{customer}",
            customer,
            currency=currency,
            period_start=datetime(2026, month, 1, tzinfo=UTC),
            period_end=datetime(2026, month + 1, 1, tzinfo=UTC),
        ),
        expected=None if expected is None else Decimal(expected),
        actual=None if actual is None else Decimal(actual),
        is_settled=settled,
        slack=ONE_CENT,
    )


def quantity(expected: str, actual: str, slack: Slack) -> TruthRow:
    """One row of line_item_quantities."""
    row = total("1", expected, actual)
    return replace(
        row, grain=replace(row.grain, check="line_item_quantities", currency=None, meter="m"), slack=slack
    )


def counted(check: Check, customer: str, expected: str = "1", actual: str = "1") -> TruthRow:
    """One row of a check without money or periods."""
    return TruthRow(
        grain=Grain(
            check,
            "default",
            f"cus_{customer}",
            customer,
            meter="m" if check in ("line_item_quantities", "event_ingestion") else None,
            product="P" if check == "group_key_coverage" else None,
            usage_date=date(2026, 5, 3) if check == "event_ingestion" else None,
        ),
        expected=Decimal(expected),
        actual=Decimal(actual),
        is_settled=True,
    )


def enough() -> list[TruthRow]:
    """A row of each check that must have one, all equal."""
    return [
        total("1", "1000", "1000"),
        counted("line_item_quantities", "1"),
        counted("contract_coverage", "1"),
        counted("event_ingestion", "1"),
    ]


def judged(*rows: TruthRow, evidence: Evidence | None = None, required_cycles: int = 1) -> Judgement:
    """The judgement of rows beside what is needed for any verdict."""
    return judge(
        [*enough(), *rows],
        thresholds=Thresholds(),
        as_of=AS_OF,
        evidence=evidence or Evidence(at_start={"default": frozenset({"cus_1"})}),
        required_cycles=required_cycles,
    )


@pytest.mark.parametrize(("actual", "within"), [("9900", True), ("9899", False), ("10100", True)])
def test_the_gate_ratio_is_met_at_exactly_one_percent(actual: str, within: bool) -> None:
    """100 of 10,000 is within one percent, 101 is not."""
    assert is_within([total("1", "10000", actual)], PERCENT) is within


def test_small_differences_add_up_without_sign() -> None:
    """Of 10,000 + 10,000, one row is 101 too high and one 101 too low: 202 is more than 200."""
    assert not is_within([total("1", "10000", "10101"), total("2", "10000", "9899")], PERCENT)
    assert is_within([total("1", "10000", "10100"), total("2", "10000", "9900")], PERCENT)


def test_nothing_expected_and_nothing_there_is_within() -> None:
    """0/0 counts 0; something where nothing is expected counts 1, unless it may be rounding."""
    assert is_within([total("1", "0", "0")], PERCENT)
    assert is_within([total("1", None, "1")], PERCENT)
    assert not is_within([total("1", None, "1.01")], PERCENT)


def test_rounding_may_scatter() -> None:
    """Four rows of which each may be off by one: a sum of 4 is allowed, as is any below."""
    assert is_within([total(str(number), "0", "1") for number in range(4)], PERCENT)


def test_rounding_may_not_lean() -> None:
    """Five rows, each off by one in the same direction: 5 is more than twice the root of 5 (4.47)."""
    rows = [total(str(number), "0", "1") for number in range(5)]
    assert not is_within(rows, PERCENT)


def test_a_lean_is_measured_by_what_is_expected() -> None:
    """Five rows lean by 5 - 4.4721... = 0.5278...; that is within 1 % of 53, not of 52."""
    fits = [
        total(str(number), expected, str(int(expected) + 1))
        for number, expected in enumerate(["10"] * 4 + ["13"])
    ]
    assert is_within(fits, PERCENT)
    rows = [
        total(str(number), expected, str(int(expected) + 1))
        for number, expected in enumerate(["10"] * 4 + ["12"])
    ]
    assert not is_within(rows, PERCENT)


def test_pending_rows_count_nowhere() -> None:
    """A row that is not settled is in neither sum."""
    assert is_within([total("1", "100", "100"), total("2", "100", None, settled=False)], PERCENT)


def test_an_edge_hour_may_scatter_by_its_usage() -> None:
    """An hour of 300 may be on either side, and no more than that."""
    assert is_within([quantity("1000", "1300", Slack(Decimal(300), edge=Decimal(300)))], PERCENT)
    assert not is_within([quantity("1000", "1301", Slack(Decimal(300), edge=Decimal(300)))], PERCENT)


def test_rounding_up_is_no_lean_but_rounding_down_would_be() -> None:
    """Rows of a product that rounds up to fifties may be 49 above, never 49 below."""
    up = Slack(Decimal(50), rounded_up=Decimal(50))
    assert is_within([quantity("151", "200", up)], PERCENT)
    assert not is_within([quantity("151", "102", up)], PERCENT)


def test_a_month_is_judged_by_itself() -> None:
    """A bad April is not outweighed by a large May."""
    good = total("1", "1000000", "1000000", month=5)
    assert judged(good, total("1", "1000", "980", month=4)).checks["invoice_totals"] == "FAIL"
    assert judged(good, total("1", "1000", "990", month=4)).checks["invoice_totals"] == "PASS"


def test_currencies_and_accounts_are_judged_by_themselves() -> None:
    """Dollars do not outweigh euros, nor one account another."""
    good = total("1", "1000000", "1000000")
    euros = total("1", "1000", "980", currency="eur")
    elsewhere = total("1", "1000", "980", account="eu")
    assert judged(good, euros).units_off["invoice_totals"] == (("default", "eur", "2026-05"),)
    assert judged(good, elsewhere).units_off["invoice_totals"] == (("eu", "usd", "2026-05"),)


@pytest.mark.parametrize(("customers", "status"), [(100, "PASS"), (99, "FAIL")])
def test_one_customer_in_a_hundred_may_be_off(customers: int, status: str) -> None:
    """With 99 of 100 within, the share of 99 % is met; with 98 of 99 it is not."""
    large = [total(str(number), "1000000", "1000000") for number in range(1, customers)]
    found = judged(*large, total("off", "1000", "980"))
    assert found.checks["invoice_totals"] == status
    assert found.customers_off["invoice_totals"] == (("default", "cus_off", "off"),)


def test_a_customer_without_a_settled_row_does_not_raise_the_share() -> None:
    """Of 100 customers one is off and one has pending rows only: 98 of 99 are within."""
    large = [total(str(number), "1000000", "1000000") for number in range(1, 99)]
    pending = total("pending", None, "5", settled=False)
    assert judged(*large, total("off", "1000", "980"), pending).checks["invoice_totals"] == "FAIL"


@pytest.mark.parametrize("check", ["contract_coverage", "group_key_coverage"])
def test_coverage_passes_only_without_a_breach(check: Check) -> None:
    """One breach in two hundred rows is below one percent, and still too much."""
    rows = [counted(check, str(number), "100", "100") for number in range(200)]
    assert judged(*rows).checks[check] == "PASS"
    assert judged(*rows, counted(check, "200", "1", "0")).checks[check] == "FAIL"


def test_a_failed_check_or_a_safety_hit_is_no_go() -> None:
    """Either is enough, and comes before the question whether there are cycles enough."""
    assert judged().verdict == "GO"
    assert judged(total("2", "1000", "900")).verdict == "NO_GO"
    hit = Evidence(at_start={"default": frozenset()}, safety=(("double_billing", "cus_1"),))
    assert judged(evidence=hit).verdict == "NO_GO"


def test_a_check_without_rows_or_an_incomplete_run_is_undecided() -> None:
    """Whatever else is wrong."""
    incomplete = Evidence({}, is_complete=False, safety=(("double_billing", "cus_1"),))
    assert judged(evidence=incomplete).verdict == "UNDECIDED"
    rows = [row for row in enough() if row.grain.check != "event_ingestion"]
    found = judge(rows, thresholds=Thresholds(), as_of=AS_OF, evidence=Evidence({"default": frozenset()}))
    assert found.verdict == "UNDECIDED"
    assert found.checks["credit_drawdowns"] == "PASS"


def test_a_check_without_a_settled_row_is_undecided_and_cannot_be_go() -> None:
    """Pending rows are rows, but say nothing yet; a check that fails is NO_GO all the same."""
    early = [total("1", None, "1000", settled=False), *enough()[1:]]
    evidence = Evidence(at_start={"default": frozenset({"cus_1"})})
    found = judge(early, thresholds=Thresholds(), as_of=AS_OF, evidence=evidence)
    assert (found.checks["invoice_totals"], found.verdict) == ("UNDECIDED", "UNDECIDED")
    bad = [*early, counted("contract_coverage", "2", "1", "0")]
    assert judge(bad, thresholds=Thresholds(), as_of=AS_OF, evidence=evidence).verdict == "NO_GO"


def test_one_account_does_not_speak_for_another() -> None:
    """An account without rows, or without settled periods of its own, keeps the verdict open."""
    both = {"default": frozenset({"cus_1"}), "eu": frozenset({"cus_2"})}
    assert judged(evidence=Evidence(both)).verdict == "UNDECIDED"
    other = [
        replace(row, grain=replace(row.grain, account="eu", stripe_customer_id="cus_2")) for row in enough()
    ]
    assert judged(*other, evidence=Evidence(both)).verdict == "GO"
    late = [replace(other[0], is_settled=False), *other[1:]]
    assert judged(*late, evidence=Evidence(both)).verdict == "UNDECIDED"


def test_the_share_of_customers_is_an_accounts_own() -> None:
    """One of 100 customers off is allowed in an account, not one of 50, however many another account has."""
    large = [total(str(number), "1000000", "1000000") for number in range(1, 200)]
    small = [total(str(number), "1000000", "1000000", account="eu") for number in range(49)]
    assert (
        judged(*large, *small, total("off", "1000", "980", account="eu")).checks["invoice_totals"] == "FAIL"
    )
    assert judged(*large, *small, total("off", "1000", "980")).checks["invoice_totals"] == "PASS"


def test_four_in_five_customers_must_have_their_cycles() -> None:
    """With 4 of 5 settled it is GO, with 3 of 4 UNDECIDED; nobody at all is UNDECIDED too."""
    settled = [total(str(number), "1000", "1000") for number in range(1, 5)]
    five = frozenset(f"cus_{number}" for number in range(1, 6))
    assert judged(*settled, evidence=Evidence(at_start={"default": five})).verdict == "GO"
    four = frozenset({"cus_1", "cus_2", "cus_3", "cus_9"})
    assert judged(*settled, evidence=Evidence(at_start={"default": four})).verdict == "UNDECIDED"
    assert judged(evidence=Evidence({"default": frozenset()})).verdict == "UNDECIDED"


def test_two_cycles_can_be_required() -> None:
    """Two settled periods of the customer, not two rows."""
    april = total("1", "1000", "1000", month=4)
    also_in_euros = total("1", "1000", "1000", currency="eur")
    assert judged(also_in_euros, required_cycles=2).verdict == "UNDECIDED"
    assert judged(april, required_cycles=2).verdict == "GO"


def test_a_check_may_have_thresholds_of_its_own() -> None:
    """Two percent for one check leaves the others at one."""
    wide = Thresholds(event_ingestion=CheckThresholds(variance_ratio=Decimal("0.02")))
    evidence = Evidence(at_start={"default": frozenset({"cus_1"})})
    row = counted("event_ingestion", "1", "1000", "980")
    assert judge([*enough(), row], thresholds=wide, as_of=AS_OF, evidence=evidence).verdict == "GO"
    assert judged(row).checks["event_ingestion"] == "FAIL"


def test_a_cycle_is_the_month_in_which_a_period_ends() -> None:
    """A period that ends with May's last instant is May's; a row about the window is the last day's."""
    assert cycle(total("1", "1", "1", month=5), AS_OF) == "2026-05"
    assert cycle(counted("event_ingestion", "1"), AS_OF) == "2026-05"
    assert cycle(counted("contract_coverage", "1"), datetime(2026, 6, 1, tzinfo=UTC)) == "2026-05"
