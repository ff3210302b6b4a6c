"""What invoices must give: totals, quantities and credit of small worlds, worked by hand."""

from datetime import timedelta
from decimal import Decimal

from small_worlds import START, at, person, plain_world, rows, sides, text, used, world

from parity_pipeline.sandbox.facts import CreditPack, Refund
from parity_pipeline.sandbox.truth.world_truth import judge_world
from parity_pipeline.setting_sections import CheckThresholds, Thresholds


def test_a_settled_month_has_both_totals_and_the_running_one_only_metronomes() -> None:
    """1,001 calls cost 200.2 cents: 200 on Stripe's line; June is a draft of 6 cents."""
    assert sides(plain_world(), "invoice_totals") == [
        ("200", "200.2", "within_tolerance"),
        ("100", "100", "match"),
        (None, "6", "pending"),
    ]


def test_quantities_are_the_calls() -> None:
    """As they were sent."""
    assert sides(plain_world(), "line_item_quantities") == [
        ("1001", "1001", "match"),
        ("500", "500", "match"),
        (None, "30", "pending"),
    ]


def test_credit_is_taken_off_both_totals() -> None:
    """A dollar of 2.00 in April; the rest of the pack is nothing."""
    pack = CreditPack("1-a", "paid", Decimal(1), START)
    of = world([person(credits=(pack,))], used(at(4, 10), "1001"))
    assert sides(of, "invoice_totals")[0] == ("100", "100.2", "within_tolerance")
    assert sides(of, "credit_drawdowns") == [("100", "100", "match")]


def test_a_side_without_credit_is_absent() -> None:
    """The pack was not told to Metronome."""
    pack = CreditPack("1-a", "paid", Decimal(1), START)
    of = world([person(credits=(pack,))], used(at(4, 10), "1001"))
    of.metronome.customers["1"] = person()
    assert sides(of, "credit_drawdowns") == [("100", None, "breach")]


def test_a_committed_spend_counts_nowhere() -> None:
    """A postpaid commit is paid like any usage."""
    of = world([person(committed_spend=Decimal(1000))], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("200", "200", "match")
    assert sides(of, "credit_drawdowns") == []


def test_credits_of_a_custom_unit_count_by_their_conversion() -> None:
    """A thousand calls are 200 credits, worth 200 cents."""
    of = world([person(billed_in_credits=True)], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("200", "200", "match")


def test_tax_discounts_and_credit_notes_change_neither_comparison() -> None:
    """Of 200 cents a tenth is off; the tax on top and the refund are left out."""
    changed = person(discount_percent=Decimal(10), tax_percent=Decimal(19), refund=Refund(2, Decimal("0.5")))
    of = world([changed], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("180", "180", "match")


def test_a_tax_inside_the_price_is_taken_out() -> None:
    """242 cents with 21 % inside are 200."""
    of = world([person(tax_percent=Decimal(21), tax_inclusive=True)], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("200", "200", "match")


def test_fees_are_left_out() -> None:
    """With scope usage only metered charges count."""
    of = world([person(monthly_fee=Decimal(49))], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("200", "200", "match")


def test_a_period_in_two_invoices_is_one_row() -> None:
    """The first half of April is billed when it is over."""
    of = world([person(billed_early=True)], used(at(4, 10), "1000"), used(at(4, 20), "500"))
    april = rows(of, "invoice_totals")[0]
    assert (april.grain.period_start, april.grain.period_end) == (START, at(5, 1, 0))
    assert (text(april.expected), text(april.actual), april.status) == ("300", "300", "match")
    assert sides(of, "line_item_quantities")[0] == ("1500", "1500", "match")


def test_a_voided_and_a_revised_invoice_count_once() -> None:
    """May's 100 cents."""
    of = plain_world()
    of.stripe_quirks.voided_and_revised.add("1")
    assert sides(of, "invoice_totals")[1] == ("100", "100", "match")


def test_a_draft_on_either_side_is_pending() -> None:
    """Metronome's draft of May, or Stripe's of one whose collection is paused."""
    of = plain_world()
    of.metronome_quirks.draft_last_invoice.add("1")
    paused = world([person(collection_paused_at=at(5, 10))], used(at(5, 3), "500"))
    for each in (of, paused):
        assert sides(each, "invoice_totals")[1] == ("100", "100", "pending")


def test_a_missing_invoice_is_no_reason_to_wait() -> None:
    """What is there is final."""
    of = plain_world()
    of.metronome_quirks.missing_last_invoice.add("1")
    assert sides(of, "invoice_totals")[1] == ("100", None, "breach")


def test_settling_takes_a_day() -> None:
    """April is settled at 00:00 on the second of May, not a second before."""
    of = plain_world()
    assert sides(of.at(at(5, 2, 0)), "invoice_totals")[0][2] == "within_tolerance"
    assert sides(of.at(at(5, 2, 0) - timedelta(seconds=1)), "invoice_totals")[0][2] == "pending"


def test_a_period_that_began_before_the_parallel_run_is_left_out() -> None:
    """Of a customer of the 15th, April the 15th to May the 15th is the first."""
    of = world([person(started_at=at(3, 15, 8))], used(at(4, 10), "1000"), used(at(4, 20), "500"))
    first = rows(of, "invoice_totals")[0]
    assert (first.grain.period_start, text(first.expected)) == (at(4, 15, 8), "100")
    assert sides(of, "event_ingestion") == [("1000", "1000", "match"), ("500", "500", "match")]


def test_periods_more_than_a_day_apart_are_a_breach() -> None:
    """Metronome bills by calendar month: its April goes with Stripe's from the 15th, its May is left over."""
    of = world([person(started_at=at(3, 15, 8))], used(at(4, 20), "500"), used(at(5, 10), "100"))
    of.metronome_quirks.calendar_anchored.add("1")
    assert sides(of, "invoice_totals") == [
        ("120", "100", "breach"),
        (None, "20", "breach"),
        (None, "0", "pending"),
    ]
    assert rows(of, "invoice_totals")[0].is_shifted


def test_a_trial_is_billed_with_quantities_and_without_money() -> None:
    """A thousand calls for nothing."""
    of = world([person(started_at=START, trial_ends_at=at(5, 1, 0))], used(at(4, 10), "1000"))
    assert sides(of, "invoice_totals")[0] == ("0", "0", "match")
    assert sides(of, "line_item_quantities")[0] == ("1000", "1000", "match")


def test_packages_are_rounded_up_within_one_step() -> None:
    """51 messages are two packages of 50; the row may be 50 above."""
    events = [used(at(4, 1, number % 24, number), "1", "messages") for number in range(51)]
    of = world([person(charges=("messages",))], *events)
    april = rows(of, "line_item_quantities")[0]
    assert (text(april.expected), text(april.actual), april.status) == ("51", "100", "within_tolerance")
    assert april.slack.rounded_up == 50
    assert judge_world(of).checks["line_item_quantities"] == "PASS"


def test_another_currency_has_a_row_of_its_own() -> None:
    """A thousand calls are 1.80 euros; Metronome's unit is the euro."""
    of = world([person()], used(at(4, 10), "1000"))
    of.metronome.customers["1"] = person(currency="eur")
    april = [row for row in rows(of, "invoice_totals") if row.grain.period_start == START]
    assert {(row.grain.currency, text(row.expected), text(row.actual)) for row in april} == {
        ("usd", "200", None),
        ("eur", None, "180"),
    }
    assert sides(of, "line_item_quantities")[0] == ("1000", "1000", "match")


def test_a_configured_allowance_is_taken_instead_of_the_default() -> None:
    """Two cents of a hundred are a breach, unless three are allowed."""
    of = world([person()], used(at(5, 3), "500"))
    of.metronome.events[:] = [used(at(5, 3), "490")]
    assert sides(of, "invoice_totals")[1] == ("100", "98", "breach")
    wide = Thresholds(invoice_totals=CheckThresholds(absolute_minor_units=Decimal(3)))
    assert sides(of, "invoice_totals", wide)[1] == ("100", "98", "within_tolerance")
