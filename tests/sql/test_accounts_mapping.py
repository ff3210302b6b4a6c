"""Whose a Metronome customer is, and what the mapping files say, with several Stripe accounts."""

import metronome_objects as metronome
import stripe_objects as stripe
from account_settings import APART, SHARED, UNKNOWN, Make
from scene import Scene

ROW = ("account", "stripe_customer_id", "metronome_customer_id", "status")


def _map(scene: Scene) -> set[tuple[object, ...]]:
    return set(scene.told("control.customer_map", *ROW))


def test_without_an_account_id_a_link_in_two_accounts_is_ambiguous_in_both(make_accounts: Make) -> None:
    """Nobody can say whose it is: both Stripe customers stand alone, the Metronome customer stands once."""
    scene = make_accounts(UNKNOWN)
    scene.metronome_customer("x", stripe_id="cus_a")
    scene.metronome_invoice("x", metronome.usage_line(100, 100))
    for account in ("us", "eu"):
        scene.account = account
        scene.stripe_customer("a")
        scene.stripe_invoice("a", stripe.line(100, 100), id=f"in_{account}")
    assert _map(scene) == {
        ("us", "cus_a", "m_x", "ambiguous"),
        ("eu", "cus_a", "m_x", "ambiguous"),
        ("unassigned", None, "m_x", "unlinked"),
    }
    assert scene.told("parity.invoice_totals", *ROW[:3], "presence") == [
        ("eu", "cus_a", None, "expected_only"),
        ("unassigned", None, "m_x", "actual_only"),
        ("us", "cus_a", None, "expected_only"),
    ]


def test_the_configured_account_comes_before_the_link(make_accounts: Make) -> None:
    """A customer that is billed in eu belongs there, though a custom field names a customer of us."""
    scene = make_accounts(SHARED)
    scene.stripe_customer("a")
    scene.metronome_customer("x", stripe_id="cus_a")
    scene.configuration("x", "cus_gone", "acct_eu")
    assert _map(scene) == {("us", "cus_a", None, "unmapped"), ("eu", None, "m_x", "unlinked")}


def test_a_customer_of_an_account_that_is_not_here_is_nobodys(make_accounts: Make) -> None:
    """A third entity shares the environment: its customer is no one's, whatever else it names."""
    scene = make_accounts(SHARED)
    scene.stripe_customer("a")
    scene.metronome_customer("x")
    scene.configuration("x", "cus_a", "acct_jp")
    assert _map(scene) == {("us", "cus_a", None, "unmapped"), ("unassigned", None, "m_x", "unlinked")}


def test_an_account_learns_its_id_from_its_customers(make_accounts: Make) -> None:
    """Most of us name acct_us; the one who names eu's id would be billed in eu, so it belongs there."""
    scene = make_accounts(UNKNOWN)
    for account, names in (("us", "abc"), ("eu", "d")):
        scene.account = account
        for name in names:
            scene.stripe_customer(name)
            scene.metronome_customer(name)
            scene.configuration(name, f"cus_{name}", "acct_eu" if name == "c" else f"acct_{account}")
    assert _map(scene) == {
        ("us", "cus_a", "m_a", "linked"),
        ("us", "cus_b", "m_b", "linked"),
        ("us", "cus_c", None, "unmapped"),
        ("eu", None, "m_c", "unlinked"),
        ("eu", "cus_d", "m_d", "linked"),
    }


def test_an_id_that_two_accounts_would_learn_is_nobodys(make_accounts: Make) -> None:
    """When it cannot be told whose the id is, the account is the one in which the link is found."""
    scene = make_accounts(UNKNOWN)
    for account, name in (("us", "a"), ("eu", "b")):
        scene.account = account
        scene.stripe_customer(name)
        scene.metronome_customer(name)
        scene.configuration(name, f"cus_{name}", "acct_1")
    assert _map(scene) == {("us", "cus_a", "m_a", "linked"), ("eu", "cus_b", "m_b", "linked")}


def test_an_account_that_shares_nothing_learns_nothing(make_accounts: Make) -> None:
    """In an environment of its own every link counts, whatever account it names."""
    scene = make_accounts(APART.replace('stripe_account_id = "acct_us"', ""))
    for name, account_id in (("a", "acct_1"), ("b", "acct_1"), ("c", "acct_2")):
        scene.stripe_customer(name)
        scene.metronome_customer(name)
        scene.configuration(name, f"cus_{name}", account_id)
    assert {row[3] for row in _map(scene)} == {"linked"}


def test_the_file_overrules_the_configured_account(make_accounts: Make) -> None:
    """An explicit line is believed first, for the account too."""
    scene = make_accounts(SHARED)
    scene.stripe_customer("a")
    scene.link_customers(("cus_a", "m_x"))
    scene.metronome_customer("x")
    scene.configuration("x", "cus_b", "acct_eu")
    assert _map(scene) == {("us", "cus_a", "m_x", "linked")}


def test_meters_csv_names_a_metric_of_each_environment(make_accounts: Make) -> None:
    """A line is for the accounts whose environment has the metric; a metric that nobody has stays visible."""
    scene = make_accounts(APART)
    scene.add("metronome/billable_metrics", metronome.metric("us", "other"))
    scene.account = "eu"
    scene.add("metronome/billable_metrics", metronome.metric("eu", "other"))
    scene.stripe_catalogue("lost")
    scene.link_meter("tokens", "bm_us")
    scene.link_meter("tokens", "bm_eu")
    scene.link_meter("lost", "bm_typo")
    assert scene.told("control.meter_map", "account", "meter", "billable_metric_id", "link_source") == [
        ("eu", "lost", "bm_typo", "meters_csv"),
        ("eu", "tokens", "bm_eu", "meters_csv"),
        ("us", "tokens", "bm_us", "meters_csv"),
    ]


def test_two_lines_of_meters_csv_for_one_environment_choose_none(make_accounts: Make) -> None:
    """Both metrics are there, so nobody can say which one is the meter's."""
    scene = make_accounts(SHARED)
    scene.add("metronome/billable_metrics", metronome.metric("one", "x"), metronome.metric("two", "x"))
    scene.link_meter("tokens", "bm_one")
    scene.link_meter("tokens", "bm_two")
    columns = ("account", "billable_metric_id", "link_source", "status")
    assert scene.told("control.meter_map", *columns, account="us") == [("us", None, None, "ambiguous")]


def test_prices_csv_is_for_every_account_that_has_the_price(make_accounts: Make) -> None:
    """Two accounts with the same catalogue need one line."""
    scene = make_accounts(SHARED)
    scene.add("metronome/products", metronome.product("other", metric="tokens"))
    scene.link_price("price_tokens", "p_tokens")
    assert scene.told("intermediate.int_products__linked", "account", "product_id") == [
        ("eu", "p_tokens"),
        ("unassigned", "p_tokens"),
        ("us", "p_tokens"),
    ]


def test_the_catalogue_of_unassigned_customers_is_not_counted_again(make_accounts: Make) -> None:
    """What is left out of the catalogue is named once an account."""
    scene = make_accounts(SHARED)
    scene.add("metronome/billable_metrics", metronome.metric("lonely"))
    scene.stripe_catalogue("lost")
    assert scene.told("control.exclusions", "account", "reason", "count") == [
        ("eu", "billable_metric_without_meter", 1),
        ("us", "billable_metric_without_meter", 1),
        ("us", "meter_without_metric: lost", 1),
    ]
