"""Several Stripe accounts in one run: side by side, never mixed, also when they share an environment."""

from dataclasses import replace

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from account_settings import APART, SHARED, UNKNOWN, Make

from parity_pipeline.mapping_files import CohortMember

ROW = ("account", "stripe_customer_id", "metronome_customer_id", "status")


def test_customers_of_a_shared_environment_stand_under_their_own_account(make_accounts: Make) -> None:
    """The link is found in one account, so that is the customer's; nothing is left for `unassigned`."""
    scene = make_accounts(UNKNOWN)
    for account, name in (("us", "a"), ("eu", "b")):
        scene.account = account
        scene.customer(name)
        scene.billed(name, 100, 100)
        scene.metered(name, "100", "100")
        scene.grouped(name, "100", None)
    expected = [("eu", "cus_b", "m_b", "match"), ("us", "cus_a", "m_a", "match")]
    for check in ("invoice_totals", "line_item_quantities", "contract_coverage", "event_ingestion"):
        assert scene.told(f"parity.{check}", *ROW) == expected
    assert scene.told("parity.customer_status", *ROW) == [(*each[:3], "in_parity") for each in expected]
    assert {row[0] for row in scene.told("parity.check_unit_cycles", "account")} == {"us", "eu"}


def test_an_unlinked_customer_of_a_shared_environment_is_reported_once(make_accounts: Make) -> None:
    """Its charges and usage stand under `unassigned`, by the accounts' meters; the check fails there."""
    scene = make_accounts(SHARED)
    scene.metronome_customer("x")
    scene.metronome_invoice("x", metronome.usage_line(5, 5))
    scene.metered("x", None, "5")
    expected = [("unassigned", None, "m_x", "actual_only", 5)]
    columns = (*ROW[:3], "presence", "actual_value")
    for check in ("invoice_totals", "line_item_quantities", "event_ingestion"):
        assert scene.told(f"parity.{check}", *columns) == expected
    assert scene.told("control.customer_map", *ROW) == [("unassigned", None, "m_x", "unlinked")]
    assert ("unassigned", False) in scene.told(
        "parity.check_unit_cycles", "account", "is_within", check_name="invoice_totals"
    )


@pytest.mark.parametrize("config", [SHARED, APART])
def test_the_same_id_in_two_accounts_is_two_customers(config: str, make_accounts: Make) -> None:
    """Copied accounts have equal ids: each is compared with the Metronome customer of its own account."""
    scene = make_accounts(config)
    for account, name, actual in (("us", "x", 100), ("eu", "y", 50)):
        scene.account = account
        scene.stripe_customer("a")
        scene.metronome_customer(name)
        scene.configuration(name, "cus_a", f"acct_{account}" if config == SHARED else None)
        scene.stripe_invoice("a", stripe.line(100, 100), id=f"in_{account}")
        scene.metronome_invoice(name, metronome.usage_line(actual, actual))
    columns = (*ROW, "expected_value", "actual_value")
    assert scene.told("parity.invoice_totals", *columns) == [
        ("eu", "cus_a", "m_y", "breach", 100, 50),
        ("us", "cus_a", "m_x", "match", 100, 100),
    ]


def test_equal_metronome_ids_of_two_environments_are_two_customers(make_accounts: Make) -> None:
    """What stands in one environment is never read for the other's account."""
    scene = make_accounts(APART)
    for account, actual in (("us", 100), ("eu", 50)):
        scene.account = account
        scene.customer("a")
        scene.stripe_invoice("a", stripe.line(100, 100), id=f"in_{account}")
        scene.metronome_invoice("a", metronome.usage_line(actual, actual), id=f"inv_{account}")
        scene.metered("a", "100", str(actual))
    for check in ("invoice_totals", "event_ingestion"):
        assert scene.told(f"parity.{check}", "account", "actual_value", "status") == [
            ("eu", 50, "breach"),
            ("us", 100, "match"),
        ]


def test_one_accounts_breach_is_not_outvoted(make_accounts: Make) -> None:
    """A hundred thousand good dollars in us do not hide twenty bad ones in eu, nor its customers."""
    scene = make_accounts(SHARED)
    for number in range(4):
        scene.customer(f"a{number}")
        scene.billed(f"a{number}", 10_000_000, 10_000_000)
    scene.account = "eu"
    scene.customer("b")
    scene.billed("b", 10_000, 8_000)
    cycles = scene.told(
        "parity.check_unit_cycles", "account", "is_within", "gate_ratio", check_name="invoice_totals"
    )
    assert [(account, is_within, float(ratio)) for account, is_within, ratio in cycles] == [
        ("eu", False, 0.2),
        ("us", True, 0.0),
    ]
    shares = ("account", "customers_within", "customers", "is_share_met")
    assert scene.told("parity.check_customers", *shares, check_name="invoice_totals") == [
        ("eu", 0, 1, False),
        ("us", 4, 4, True),
    ]
    summary = ("is_ratio_met", "is_share_met", "customers")
    assert scene.told("parity.check_summary", *summary, check_name="invoice_totals") == [(False, False, 5)]
    assert scene.told("parity.check_totals", "account", "unit", check_name="invoice_totals") == [
        ("eu", "usd"),
        ("us", "usd"),
    ]


def test_sides_and_cycles_are_counted_by_account(make_accounts: Make) -> None:
    """An account without a settled cycle, or without Metronome customers, stands beside one that has both."""
    scene = make_accounts(SHARED)
    scene.customer("a")
    scene.billed("a", 100, 100)
    scene.metered("a", "100", "100")
    scene.account = "eu"
    scene.stripe_customer("b")
    assert scene.told("parity.sides", "account", "source", "customers", "invoices", "usage_rows") == [
        ("eu", "metronome", 0, 0, 0),
        ("eu", "stripe", 1, 0, 0),
        ("us", "metronome", 1, 1, 1),
        ("us", "stripe", 1, 1, 1),
    ]
    columns = ("account", "eligible_customers", "customers_with_cycles", "is_met")
    assert scene.told("parity.cycle_coverage", *columns) == [("eu", 1, 0, False), ("us", 1, 1, True)]


def test_a_waiver_and_a_cohort_may_be_for_one_account(make_accounts: Make) -> None:
    """The customer of the same id in the other account is judged all the same."""
    scene = make_accounts(APART)
    scene.links = replace(scene.links, cohorts=(CohortMember("first", "live", "cus_b", "us"),))
    scene.waive("invoice_totals", customer="cus_a", account="eu")
    for account in ("us", "eu"):
        scene.account = account
        for name in ("a", "b"):
            scene.customer(name)
            scene.stripe_invoice(name, stripe.line(100, 100), id=f"in_{account}_{name}")
            scene.metronome_invoice(name, metronome.usage_line(50, 50), id=f"inv_{account}_{name}")
    assert scene.told("parity.invoice_totals", "account", "stripe_customer_id", "status") == [
        ("eu", "cus_a", "waived"),
        ("eu", "cus_b", "breach"),
        ("us", "cus_a", "breach"),
    ]
    assert scene.told("control.waiver_use", "account", "matching_rows", "waiver_status") == [
        ("eu", 1, "applied")
    ]


def test_a_listing_of_a_shared_environment_that_was_cut_short_is_seen(make_accounts: Make) -> None:
    """An invoice draws on a commit that no balance is, whatever the environment is called."""
    scene = make_accounts(SHARED)
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(10, 10), metronome.applied(-10))
    assert scene.told("audit.stg_listings", "balances_unlisted_count") == [(1,)]
