"""Cohorts by Stripe metadata: who is in them, and what of the metadata is kept."""

from dataclasses import replace

import pytest
import stripe_objects as stripe
from account_settings import APART, Make
from scene import Scene

from parity_pipeline.mapping_files import CohortMember
from parity_pipeline.setting_sections import CHECKS

MEMBER = ("customer_id", "account", "stripe_customer_id", "is_known")


def _cohort(scene: Scene, value: str, *, key: str = "tier", stage: str = "parallel") -> None:
    """A cohort `first` of the customers whose metadata has this value."""
    member = CohortMember("first", stage, None, metadata_key=key, metadata_value=value)
    scene.links = replace(scene.links, cohorts=(*scene.links.cohorts, member))


def test_customers_with_the_value_are_in_the_cohort(scene: Scene) -> None:
    """Not those with another value, with the value under another key, or without metadata."""
    _cohort(scene, "beta")
    scene.customer("a", metadata={"tier": "beta", "note": "call Ann"})
    scene.customer("b", metadata={"tier": "gold"})
    scene.customer("c", metadata={"plan": "beta"})
    scene.customer("d")
    assert scene.told("parity.cohort_members", *MEMBER) == [("cus_a", "default", "cus_a", True)]


def test_a_cohort_is_judged_by_its_customers(scene: Scene) -> None:
    """One customer of the cohort is half a dollar off; the other breach is not the cohort's."""
    _cohort(scene, "beta")
    scene.customer("a", metadata={"tier": "beta"})
    scene.customer("b", metadata={"tier": "gold"})
    scene.billed("a", 100, 50)
    scene.billed("b", 100, 10)
    columns = ("rows", "breaches", "customers")
    assert scene.told("parity.cohort_checks", *columns, check_name="invoice_totals") == [(1, 1, 1)]


def test_a_value_that_nobody_has_leaves_an_unknown_member(scene: Scene) -> None:
    """So that the cohort is there, and can be told to have nobody."""
    _cohort(scene, "beta")
    scene.customer("a", metadata={"tier": "gold"})
    assert scene.told("parity.cohort_members", *MEMBER) == [(None, None, None, False)]


def test_both_ways_of_naming_stand_side_by_side(scene: Scene) -> None:
    """A file's cohort names the customer by its Metronome id, another by metadata."""
    _cohort(scene, "beta")
    named = (CohortMember("second", "parallel", "m_a"), CohortMember("second", "parallel", "cus_x"))
    scene.links = replace(scene.links, cohorts=(*scene.links.cohorts, *named))
    scene.customer("a", metadata={"tier": "beta"})
    assert scene.told("parity.cohort_members", "cohort", "customer_id", "is_known") == [
        ("first", "cus_a", True),
        ("second", "cus_x", False),
        ("second", "m_a", True),
    ]


def test_a_live_cohort_by_metadata_is_in_no_check(scene: Scene) -> None:
    """Its customer is already on Metronome; the other one is compared."""
    _cohort(scene, "beta", stage="live")
    scene.customer("a", metadata={"tier": "beta"})
    scene.customer("b", metadata={"tier": "gold"})
    for name in ("a", "b"):
        scene.billed(name, 100, 100)
        scene.metered(name, "5", "5")
    for check in CHECKS:
        assert "cus_a" not in {row["stripe_customer_id"] for row in scene.rows(f"parity.{check}")}
    assert scene.told("parity.customer_status", "stripe_customer_id", "status") == [
        ("cus_a", "already_on_metronome"),
        ("cus_b", "in_parity"),
    ]
    assert scene.rows("parity.cohort_members") == []


def test_a_cohort_is_of_all_accounts(make_accounts: Make) -> None:
    """The same id is another customer in the other account."""
    scene = make_accounts(APART)
    _cohort(scene, "beta")
    for account, tier in (("us", "beta"), ("eu", "gold")):
        scene.account = account
        scene.customer("a", metadata={"tier": tier})
        scene.customer("b", metadata={"tier": "beta"})
    assert scene.told("parity.cohort_members", "account", "stripe_customer_id") == [
        ("us", "cus_a"),
        ("eu", "cus_b"),
        ("us", "cus_b"),
    ]


@pytest.mark.parametrize("key", ["launch.wave 1", "team's", "größe", "$x[0]/y"])
def test_a_key_is_meant_as_it_is_written(scene: Scene, key: str) -> None:
    """Dots, quotes and brackets mean nothing else."""
    _cohort(scene, "1", key=key)
    scene.customer("a", metadata={key: "1"})
    assert scene.told("parity.cohort_members", "stripe_customer_id") == [("cus_a",)]


def test_no_other_metadata_is_kept(scene: Scene) -> None:
    """The table of customers holds the keys that cohorts name, in any cohort, and no more."""
    _cohort(scene, "beta")
    _cohort(scene, "second", key="launch", stage="live")
    marks = {"tier": "beta", "note": "call Ann", "launch": "first", "tiers": "x", "Tier": "y"}
    scene.add("stripe/customers", {"id": "cus_a", "created": stripe.unix("2026-01-01"), "metadata": marks})
    scene.stripe_customer("b", metadata={"note": "x"})
    assert scene.told("staging.stg_stripe__customers", "metadata") == [
        ('{"launch":"first","tier":"beta"}',),
        ("{}",),
    ]
