"""What a run reads from Stripe's listings and what it lands of them."""

from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_stripe

from parity_pipeline.errors import ExtractionError, UsageError
from parity_pipeline.sources.stripe import ItemFact, LineFact, StripeFacts, StripeLists
from parity_pipeline.sources.stripe_api import StripeApi

MARCH, APRIL = 1772323200, 1775001600  # 2026-03-01 and 2026-04-01
METERED = {"interval": "month", "usage_type": "metered", "meter": "mtr_1"}


def _price(price: str) -> dict[str, Any]:
    return {
        "id": price,
        "currency": "usd",
        "product": "prod_1",
        "billing_scheme": "per_unit",
        "recurring": METERED,
    }


def _line(line: str, *, of_item: bool = True) -> dict[str, Any]:
    parent = {"type": "subscription_item_details", "subscription_item_details": {"subscription_item": "si_1"}}
    return {
        "id": line,
        "currency": "usd",
        "amount": 100,
        "period": {"start": MARCH, "end": APRIL},
        "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}},
        "parent": parent if of_item else {"type": "invoice_item_details"},
    }


def _invoice(invoice: str, lines: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    return {
        "id": invoice,
        "status": "paid",
        "currency": "usd",
        "customer": "cus_1",
        "created": APRIL,
        "period_start": MARCH,
        "period_end": APRIL,
        "total": 100,
        "customer_email": "someone@example.com",
        "lines": {"data": lines, "has_more": has_more},
    }


def _list(*items: Any) -> dict[str, Any]:
    return {"data": list(items), "has_more": False}


def _lists(
    vendor: ScriptedVendor, *names: str, metadata_keys: tuple[str, ...] = ()
) -> tuple[MemorySink, StripeFacts]:
    sink = MemorySink()
    facts: list[StripeFacts] = []

    async def work(api: StripeApi) -> None:
        lists = StripeLists(api, lander(sink), WINDOW)
        facts.append(lists.facts)
        for name in names:
            await getattr(lists, name)()

    read_stripe(vendor, work, metadata_keys=metadata_keys)
    return sink, facts[0]


def test_lines_beyond_the_embedded_ones_are_fetched() -> None:
    """An invoice whose embedded list is cut is read from its own listing, whole (trap T2)."""

    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/invoices/in_long/lines":
            return _list(_line("il_1"), _line("il_2"), _line("il_3"))
        return _list(
            _invoice("in_short", [_line("il_0")], has_more=False),
            _invoice("in_long", [_line("il_1")], has_more=True),
        )

    vendor = ScriptedVendor(answer)
    sink, facts = _lists(vendor, "invoices")
    ids = [row.id for row in sink.rows["invoice_lines"]]
    assert sorted(zip(sink.contexts["invoice_lines"], ids, strict=True)) == [
        (("in_long",), "il_1"),
        (("in_long",), "il_2"),
        (("in_long",), "il_3"),
        (("in_short",), "il_0"),
    ]
    assert set(facts.lines) == {LineFact("cus_1", "price_1", MARCH, APRIL)}
    assert sink.notes == {"invoices": None, "invoice_lines": None}


@pytest.mark.parametrize(
    ("keys", "kept"), [((), "{}"), (("tier",), '{"tier":"beta"}'), (("launch", "other"), "{}")]
)
def test_only_named_keys_of_metadata_are_kept(keys: tuple[str, ...], kept: str) -> None:
    """Of a customer's metadata nothing, unless the settings name its key."""
    customer = {"id": "cus_1", "created": MARCH, "metadata": {"note": "call Ann", "tier": "beta"}}
    sink, _ = _lists(ScriptedVendor(lambda _: _list(customer)), "customers", metadata_keys=keys)
    assert [row.metadata for row in sink.rows["customers"]] == [kept]


def test_invoices_are_asked_from_before_the_window_to_as_of() -> None:
    """The filter on creation starts three days before the window and ends before as_of."""
    vendor = ScriptedVendor(lambda _: _list())
    _lists(vendor, "invoices", "credit_notes")
    for asked in vendor.asked:
        assert asked.query["created[gte]"] == str(MARCH - 3 * 86400)
        assert asked.query["created[lt]"] == "1777809600"  # 2026-05-03 12:00


def test_lines_of_invoice_items_are_no_usage() -> None:
    """Only a line that a subscription item made tells of a billing period."""
    invoice = _invoice("in_1", [_line("il_1", of_item=False)], has_more=False)
    sink, facts = _lists(ScriptedVendor(lambda _: _list(invoice)), "invoices")
    assert len(sink.rows["invoice_lines"]) == 1
    assert list(facts.lines) == []


def test_items_beyond_the_embedded_ones_are_fetched() -> None:
    """A subscription whose embedded items are cut gets all of them."""

    def item(number: int) -> dict[str, Any]:
        return {
            "id": f"si_{number}",
            "price": _price(f"price_{number}"),
            "current_period_start": MARCH,
            "current_period_end": APRIL,
        }

    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/subscription_items":
            assert asked.query["subscription"] == "sub_1"
            return _list(item(1), item(2))
        return _list(
            {
                "id": "sub_1",
                "customer": "cus_1",
                "status": "active",
                "start_date": 1,
                "created": 1,
                "items": {"data": [item(1)], "has_more": True},
            }
        )

    vendor = ScriptedVendor(answer)
    sink, facts = _lists(vendor, "subscriptions")
    (subscription,) = sink.rows["subscriptions"]
    assert [each.id for each in subscription.items.data] == ["si_1", "si_2"]
    assert set(facts.items) == {ItemFact("cus_1", "mtr_1", MARCH, APRIL)}
    assert vendor.asked[0].query == {"limit": "100", "status": "all", "expand[0]": "data.discounts"}


@pytest.mark.parametrize("listed", [[], ["si_1"], ["si_2", "si_3"]])
def test_items_that_are_not_all_listed(listed: list[str]) -> None:
    """A subscription that holds si_1 and says that there are more has at least si_1 and another."""

    def item(name: str) -> dict[str, Any]:
        return {"id": name, "price": _price("price_1")}

    subscription = {
        "id": "sub_1",
        "customer": "cus_1",
        "status": "active",
        "start_date": 1,
        "created": 1,
        "items": {"data": [item("si_1")], "has_more": True},
    }

    def answer(asked: Asked) -> Any:
        return _list(*map(item, listed)) if asked.path == "/v1/subscription_items" else _list(subscription)

    with pytest.raises(ExtractionError, match="subscription_items: the items of sub_1 are not all listed"):
        _lists(ScriptedVendor(answer), "subscriptions")


def test_an_unknown_subscription_status_is_an_error() -> None:
    """A status that no rule knows is not guessed at; the line names where it stands."""
    strange = {"id": "s", "status": "dormant", "start_date": 1, "created": 1, "items": _list()}
    with pytest.raises(ExtractionError, match=r"GET /v1/subscriptions.*'dormant'.*\$\.data\[0\]\.status"):
        _lists(ScriptedVendor(lambda _: _list(strange)), "subscriptions")


def test_meters_of_both_statuses() -> None:
    """The listing of meters is asked once for each status."""
    vendor = ScriptedVendor(lambda _: _list())
    _lists(vendor, "meters")
    assert [asked.query["status"] for asked in vendor.asked] == ["active", "inactive"]


def test_prices_come_with_tiers_and_tell_their_meter() -> None:
    """Tiers are only sent when expanded; a price leads from a line to its meter."""
    vendor = ScriptedVendor(lambda _: _list(_price("price_1")))
    _, facts = _lists(vendor, "prices")
    assert vendor.asked[0].query["expand[0]"] == "data.tiers"
    assert facts.price_meters == {"price_1": "mtr_1"}


def test_transactions_are_asked_of_holders_of_grants() -> None:
    """Each customer with a grant is asked once for its transactions."""

    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/billing/credit_grants":
            grant = {
                "customer": "cus_1",
                "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 5}},
                "applicability_config": {"scope": {"price_type": "metered"}},
                "category": "paid",
                "created": 1,
            }
            return _list(grant | {"id": "credgr_1"}, grant | {"id": "credgr_2"})
        return _list({"id": "cbtxn_1", "credit_grant": "credgr_1", "effective_at": 1, "created": 1})

    vendor = ScriptedVendor(answer)
    sink, _ = _lists(vendor, "credits")
    assert [asked.query.get("customer") for asked in vendor.asked] == [None, "cus_1"]
    assert sink.contexts["credit_balance_transactions"] == [("cus_1",)]


def test_transactions_of_a_deleted_customer_may_be_gone() -> None:
    """A holder of a grant that is no longer listed may be unknown; a listed one may not."""
    grant = {
        "id": "credgr_1",
        "customer": "cus_1",
        "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 5}},
        "applicability_config": {"scope": {"price_type": "metered"}},
        "category": "paid",
        "created": 1,
    }
    gone = {"error": {"code": "resource_missing", "message": "No such customer: cus_1"}}

    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/customers":
            return _list({"id": "cus_1", "created": 1})
        return _list(grant) if asked.path.endswith("credit_grants") else (400, gone)

    sink, _ = _lists(ScriptedVendor(answer), "credits")
    assert sink.notes["credit_balance_transactions"] == "deleted customers not found: 1"
    with pytest.raises(ExtractionError, match="No such customer: cus_1"):
        _lists(ScriptedVendor(answer), "customers", "credits")


@pytest.mark.parametrize("name", ["subscription_schedules", "products", "coupons", "credit_notes"])
def test_an_optional_listing_may_be_absent(name: str) -> None:
    """A 404 of a listing that not every account has is a note, not an error."""
    sink, _ = _lists(ScriptedVendor(lambda _: (404, {"error": {"message": "nothing here"}})), name)
    assert sink.notes[name] is not None
    assert sink.notes[name].startswith("not offered: stripe GET ")


@pytest.mark.parametrize("name", ["customers", "subscriptions", "prices", "meters", "invoices", "credits"])
def test_a_required_listing_must_be_there(name: str) -> None:
    """A 404 of what every run needs is an error."""
    with pytest.raises(ExtractionError, match="not found"):
        _lists(ScriptedVendor(lambda _: (404, {"error": {"message": "nothing here"}})), name)


def test_a_missing_scope_is_fatal_for_an_optional_listing_too() -> None:
    """A 403 never becomes an empty table (trap T24)."""
    with pytest.raises(UsageError, match="GET /v1/coupons"):
        _lists(ScriptedVendor(lambda _: (403, {"error": {"message": "no"}})), "coupons")
