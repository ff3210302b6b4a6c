"""Audits of what one listing says about another: what is named must be listed, groups must add up."""

from collections.abc import Callable

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

LISTINGS = "audit.stg_listings"
GROUPS = "audit.stg_metronome__usage_groups"
COUNTS = (
    "stripe_customers_unlisted_count",
    "stripe_subscriptions_unlisted_count",
    "credit_grants_unlisted_count",
    "credit_balance_transactions_unlisted_count",
    "meters_unlisted_count",
    "billable_metrics_unlisted_count",
    "balances_unlisted_count",
)


def whole(scene: Scene, *without: str, archived: bool = False) -> None:
    """A customer with a credit on both sides, and every listing that its objects name, except some."""
    scene.stripe_customer("ann")
    scene.metronome_customer("ann", archived_at=metronome.rfc("2026-11-01") if archived else None)
    scene.add("metronome/contracts", metronome.contract("ann"))
    scene.rates("ann", metronome.rate("tokens"))
    scene.stripe_invoice("ann", stripe.line(500, 500, pretax_credit_amounts=[stripe.credit(100)]))
    scene.metronome_invoice("ann", metronome.usage_line(500, 500), metronome.applied(-100))
    listed: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
        "stripe/credit_grants": (GRANT, ()),
        "stripe/credit_balance_transactions": (TRANSACTION, ("cus_ann",)),
        "metronome/balances": ({"id": "commit_1", "type": "PREPAID"}, ("m_ann",)),
    }
    for key, (record, context) in listed.items():
        if key not in without:
            scene.add(key, record, context=context)


GRANT: dict[str, object] = {
    "id": "credgr_1",
    "customer": "cus_ann",
    "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 100}},
    "applicability_config": {"scope": {"price_type": "metered"}},
    "category": "paid",
    "created": 1,
}
TRANSACTION: dict[str, object] = {
    "id": "cbtxn_1",
    "type": "debit",
    "credit_grant": "credgr_1",
    "effective_at": 1,
    "created": 1,
}


def test_whole_listings_hold_what_is_named(scene: Scene) -> None:
    """Every grant, transaction and commit that is named is listed."""
    whole(scene)
    assert scene.told(LISTINGS, *COUNTS) == [(0, 0, 0, 0, 0, 0, 0)]


@pytest.mark.parametrize(
    ("without", "counts"),
    [
        ("stripe/credit_grants", (0, 0, 1, 0, 0, 0, 0)),
        ("stripe/credit_balance_transactions", (0, 0, 0, 1, 0, 0, 0)),
        ("metronome/balances", (0, 0, 0, 0, 0, 0, 1)),
    ],
)
def test_what_is_named_and_not_listed_is_counted(scene: Scene, without: str, counts: tuple[int, ...]) -> None:
    """A listing that was cut off is noticed by what the other listings name."""
    whole(scene, without)
    assert scene.told(LISTINGS, *COUNTS) == [counts]


def test_credit_of_a_customer_without_a_grant(scene: Scene) -> None:
    """Transactions are only asked for of customers with a grant, so it is the grant that is missing."""
    whole(scene, "stripe/credit_grants", "stripe/credit_balance_transactions")
    assert scene.told(LISTINGS, *COUNTS) == [(0, 0, 1, 0, 0, 0, 0)]


@pytest.mark.parametrize(("status", "count"), [("active", 1), ("unpaid", 1), ("canceled", 0)])
def test_a_deleted_customer_has_no_running_subscription(scene: Scene, status: str, count: int) -> None:
    """To delete a customer ends its subscriptions, so one that runs has a customer that must be listed."""
    price = stripe.price("tokens", meter="tokens")
    scene.add("stripe/subscriptions", stripe.subscription("bob", price, status=status))
    assert scene.told(LISTINGS, "stripe_customers_unlisted_count") == [(count,)]


def test_an_invoice_names_its_subscription(scene: Scene) -> None:
    """The listing of subscriptions holds ended ones too, so each that billed a listed customer is in it."""
    scene.stripe_customer("bob", status=None)
    scene.stripe_invoice("bob", stripe.line(500, 500))
    scene.stripe_invoice("deleted", stripe.line(500, 500))
    assert scene.told(LISTINGS, "stripe_subscriptions_unlisted_count") == [(1,)]


def test_a_price_names_its_meter(scene: Scene) -> None:
    """Active and inactive meters are listed, so the meter of any price must be among them."""
    scene.add("stripe/prices", stripe.price("faxes", meter="faxes"))
    assert scene.told(LISTINGS, "meters_unlisted_count") == [(1,)]


def test_a_product_names_its_metric(scene: Scene) -> None:
    """Archived metrics are listed too, so the metric of any product is."""
    scene.add("metronome/products", metronome.product("faxes", metric="bm_faxes"))
    assert scene.told(LISTINGS, "billable_metrics_unlisted_count") == [(1,)]


def test_an_archived_customer_may_have_no_balances(scene: Scene) -> None:
    """Nobody could check whether archived customers can be asked for theirs."""
    whole(scene, "metronome/balances", archived=True)
    assert scene.told(LISTINGS, "balances_unlisted_count") == [(0,)]


def grouped(scene: Scene, day: str, usage: str, *groups: str) -> None:
    """A day's usage of tokens and its parts by region."""
    start, end = f"2026-10-{day}", f"2026-10-{int(day) + 1:02d}"
    scene.add("metronome/usage", metronome.usage("ann", "tokens", usage, start, end), context=("day",))
    for number, value in enumerate(groups):
        row = {
            "starting_on": metronome.rfc(start),
            "ending_before": metronome.rfc(end),
            "group": {"region": f"r{number}"},
            "value": value,
        }
        scene.add("metronome/usage_groups", row, context=("m_ann", "bm_tokens", "day", '["region"]'))


@pytest.mark.parametrize(
    ("groups", "count"),
    [
        (("60", "40"), 0),
        (("60", "39"), 0),  # exactly the one percent that the check allows
        (("60", "38.999999999999"), 1),
        (("60",), 1),
        ((), 1),
    ],
)
def test_groups_must_add_up_to_the_day(
    make_scene: Callable[..., Scene], groups: tuple[str, ...], count: int
) -> None:
    """A group that is missing is noticed by the usage of the whole day; another day is in order."""
    scene = make_scene()
    scene.metronome_customer("ann")
    grouped(scene, "05", "10", "10")
    grouped(scene, "06", "100", *groups)
    assert scene.told(GROUPS, "unreconciled_count") == [(count,)]


def test_a_day_that_is_not_settled_need_not_add_up(scene: Scene) -> None:
    """Usage of the last day still arrives between two questions."""
    scene.metronome_customer("ann")
    grouped(scene, "05", "10", "10")
    row = metronome.usage("ann", "tokens", "100", "2026-11-09", "2026-11-10")
    scene.add("metronome/usage", row, context=("day",))
    assert scene.told(GROUPS, "unreconciled_count") == [(0,)]
