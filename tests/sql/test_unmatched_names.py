"""Names without a partner: which are compared, and the table that the hints are written to."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import stripe_objects as stripe
from account_settings import SHARED
from scene import Scene

from parity_pipeline import warehouse
from parity_pipeline.near_misses import Name, fill_near_misses, find_near_misses

NAMES = "intermediate.int_names__unmatched"


def _found(scene: Scene) -> list[tuple[str, str, str, str]]:
    names = [Name(**{key: str(value) for key, value in row.items()}) for row in scene.rows(NAMES)]
    return [
        (each.wanted.kind, each.wanted.name, each.offered.key, each.how) for each in find_near_misses(names)
    ]


def test_linked_names_are_not_compared(scene: Scene) -> None:
    """A clean scene has no name without a partner."""
    scene.customer("a")
    scene.metered("a", "5", "5")
    assert scene.rows(NAMES) == []


def test_an_unlinked_customer_is_found_by_its_alias(scene: Scene) -> None:
    """`CUS_a` is no Stripe id; it differs from `cus_a` in case. An archived one is none."""
    scene.stripe_customer("a")
    scene.stripe_customer("b")
    scene.metronome_customer("x", ingest_aliases=["CUS_a", "other"])
    scene.metronome_customer("y", ingest_aliases=["CUS_b"], archived_at=metronome.rfc("2026-09-01"))
    assert _found(scene) == [("customer", "cus_a", "m_x", "case")]


def test_a_customer_of_no_account_is_a_candidate_of_each(make_accounts: Callable[[str], Scene]) -> None:
    """In an environment that two accounts share, an unassigned customer is compared with both accounts'."""
    scene = make_accounts(SHARED)
    scene.stripe_customer("acme")
    scene.metronome_customer("x", ingest_aliases=["CUS_acme"])
    assert _found(scene) == [("customer", "cus_acme", "m_x", "case")]
    assert {row["account"] for row in scene.rows(NAMES) if row["key"] == "m_x"} == {"us", "eu"}


def test_a_meter_is_found_by_the_event_type(scene: Scene) -> None:
    """The metric counts `api-calls`, the meter is called `api_calls`."""
    scene.stripe_catalogue("api_calls")
    scene.add("metronome/billable_metrics", metronome.metric("api-calls"))
    assert _found(scene) == [("meter", "api_calls", "bm_api-calls", "spaces")]


def test_a_product_is_found_by_its_name(scene: Scene) -> None:
    """A metered Stripe product whose meter no product bills, and a usage product that bills no meter."""
    scene.add("stripe/meters", stripe.meter("calls"))
    scene.add("stripe/prices", stripe.price("calls", meter="calls"))
    scene.add("stripe/products", {"id": "prod_calls", "name": "API Calls"})
    scene.add("metronome/billable_metrics", metronome.metric("others"))
    scene.add("metronome/products", metronome.product("api calls", metric="others"))
    assert ("product", "API Calls", "p_api calls", "case") in _found(scene)


def test_only_products_with_an_unrated_value_are_compared(scene: Scene) -> None:
    """`GPT-4` has no rate, `gpt-4` has one; a product whose values all have one is left alone."""
    for name in ("ai", "more"):
        scene.add("metronome/products", metronome.product(name, metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt-4"), metronome.rate("more", model="o3")))
    scene.grouped("a", "10", {"model": "GPT-4"})
    assert _found(scene) == [("group_value", '{"model":"GPT-4"}', '{"model":"gpt-4"}', "case")]
    assert {row["belongs_to"] for row in scene.rows(NAMES) if row["kind"] == "group_value"} == {"ai"}


def test_the_table_is_filled_with_comments() -> None:
    """One row with both names, how alike they are, and a comment on every column."""
    with warehouse.connect(":memory:") as connection:
        connection.execute(
            "create schema intermediate; create table intermediate.int_names__unmatched as "
            "select 'default' as account, 'customer' as kind, unnest(['wanted', 'offered']) as side, "
            "'' as belongs_to, unnest(['cus_acme', 'm_x']) as key, unnest(['cus_acme', 'CUS_acme']) as name, "
            "unnest(['Stripe customer id', 'ingest alias']) as named_by"
        )
        assert fill_near_misses(connection) == 1
        assert warehouse.rows(connection, "select * from control.near_misses") == [
            {
                "account": "default",
                "kind": "customer",
                "subject": "cus_acme",
                "name": "cus_acme",
                "resembles": "CUS_acme",
                "resembles_id": "m_x",
                "similarity": Decimal("0.6250"),
                "how": "case",
                "evidence": "Stripe customer id 'cus_acme' has no partner; ingest alias 'CUS_acme' of m_x "
                "differs only in capital and small letters.",
            }
        ]
        (uncommented,) = warehouse.rows(
            connection,
            "select count(*) as columns from duckdb_columns() "
            "where table_name = 'near_misses' and comment is null",
        )
        assert uncommented == {"columns": 0}
