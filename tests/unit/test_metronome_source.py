"""What a run reads from Metronome's listings by its own SDK: cursors, loops, refusals, what is landed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_metronome

from parity_pipeline.errors import ExtractionError, NotFoundError, OutageError, ParityError, UsageError
from parity_pipeline.sources.metronome import MetronomeFacts, MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_records import Customer

USD = {"id": "2714e483", "name": "USD (cents)"}


def _page(*items: Any, next_page: str | None = None) -> dict[str, Any]:
    return {"data": list(items), "next_page": next_page}


def _lists(
    vendor: ScriptedVendor, *names: str, customers: tuple[str, ...] = (), archived: tuple[str, ...] = ()
) -> tuple[MemorySink, MetronomeFacts]:
    sink = MemorySink()
    facts: list[MetronomeFacts] = []

    async def work(api: MetronomeApi) -> None:
        lists = MetronomeLists(api, lander(sink), WINDOW)
        facts.append(lists.facts)
        lists.facts.customers.update([*customers, *archived])
        lists.facts.archived.update(archived)
        for name in names:
            await getattr(lists, name)()

    read_metronome(vendor, work)
    return sink, facts[0]


def test_customers_are_read_in_two_passes() -> None:
    """Active and archived customers are listed apart, each with its cursor in the query."""

    def answer(asked: Asked) -> Any:
        if asked.query["only_archived"] == "true":
            return _page({"id": "c3", "archived_at": "2026-01-01T00:00:00Z"})
        if "next_page" not in asked.query:
            return _page({"id": "c1", "ingest_aliases": ["cus_1", "acme"]}, next_page="two")
        return _page({"id": "c2", "custom_fields": {"stripe_customer_id": "cus_2", "team": "x"}})

    vendor = ScriptedVendor(answer)
    sink, facts = _lists(vendor, "customers")
    assert [row.id for row in sink.rows["customers"]] == ["c1", "c2", "c3"]
    assert [(claim.claimed, claim.customer) for claim in facts.claims] == [
        ("acme", "c1"),
        ("cus_1", "c1"),
        ("cus_2", "c2"),
    ]
    assert facts.archived == {"c3"}
    assert vendor.asked[1].query == {"limit": "100", "next_page": "two", "only_archived": "false"}


def test_links_of_every_customer() -> None:
    """A billing provider configuration names the Stripe customer."""

    def answer(asked: Asked) -> Any:
        link = {"billing_provider": "stripe", "configuration": {"stripe_customer_id": "cus_9"}}
        return {"data": [link] if asked.body["customer_id"] == "c1" else []}

    vendor = ScriptedVendor(answer)
    sink, facts = _lists(vendor, "billing_configurations", customers=("c1", "c2"))
    assert sink.contexts["billing_configurations"] == [("c1",)]
    assert list(facts.claims.keys) == ["cus_9"]
    assert all(asked.body["include_archived"] for asked in vendor.asked)


def test_contracts_have_their_cursor_in_the_body() -> None:
    """The contracts listing pages by `cursor` in the body, twenty at a time."""

    def contract(contract_id: str) -> dict[str, Any]:
        return {"id": contract_id, "customer_id": "c1", "starting_at": "2026-01-01T00:00:00+00:00"}

    def answer(asked: Asked) -> Any:
        return (
            {"data": [contract("k2")]}
            if "cursor" in asked.body
            else {"data": [contract("k1")], "cursor": "x"}
        )

    vendor = ScriptedVendor(answer)
    _, facts = _lists(vendor, "contracts", customers=("c1",))
    assert [contract.id for contract in facts.contracts] == ["k1", "k2"]
    assert vendor.asked[1].body == {
        "customer_id": "c1",
        "include_archived": True,
        "include_balance": False,
        "limit": 20,
        "cursor": "x",
    }


def test_balances_have_their_cursor_in_the_body() -> None:
    """The balances listing pages by `next_page` in the body and asks for everything."""

    def answer(asked: Asked) -> Any:
        is_last = "next_page" in asked.body
        balance = {"id": "b2" if is_last else "b1", "type": "CREDIT", "balance": 0.1}
        return _page(balance, next_page=None if is_last else "two")

    vendor = ScriptedVendor(answer)
    sink, _ = _lists(vendor, "balances", customers=("c1",))
    assert [row.balance for row in sink.rows["balances"]] == [Decimal("0.1")] * 2
    assert vendor.asked[1].body == {
        "customer_id": "c1",
        "include_archived": True,
        "include_balance": True,
        "include_contract_balances": True,
        "include_ledgers": True,
        "limit": 25,
        "next_page": "two",
    }


def _invoice(invoice: str, start: str | None) -> dict[str, Any]:
    line = {"name": "calls", "type": "usage", "total": 0.1, "credit_type": USD}
    return {
        "id": invoice,
        "customer_id": "c1",
        "type": "USAGE",
        "status": "DRAFT",
        "credit_type": USD,
        "total": 1234567890123456.5,
        "line_items": [line],
        "start_timestamp": start,
    }


def test_invoices_that_begin_at_as_of_or_later_are_dropped() -> None:
    """Nothing at or after as_of counts; an invoice without bounds stays."""
    vendor = ScriptedVendor(
        lambda _: _page(
            _invoice("later", "2026-05-03T12:00:00Z"),
            _invoice("running", "2026-05-01T00:00:00Z"),
            _invoice("scheduled", None),
        )
    )
    sink, _ = _lists(vendor, "invoices", customers=("c1",))
    assert [row.id for row in sink.rows["invoices"]] == ["running", "scheduled"]
    assert sink.rows["invoices"][0].line_items[0].total == Decimal("0.1")
    assert vendor.asked[0].path == "/v1/customers/c1/invoices"
    assert vendor.asked[0].query == {
        "limit": "100",
        "sort": "date_desc",
        "starting_on": "2025-02-24T00:00:00.000Z",
    }


def test_archived_products_and_metrics_are_asked_for() -> None:
    """The flags that include what is archived are set, the cursor is in the query."""
    pages = {"/v1/billable-metrics": 0, "/v1/contract-pricing/products/list": 0}

    def answer(asked: Asked) -> Any:
        pages[asked.path] += 1
        return _page(next_page="two" if pages[asked.path] == 1 else None)

    vendor = ScriptedVendor(answer)
    _lists(vendor, "billable_metrics", "products")
    metrics, products = vendor.asked[1], vendor.asked[3]
    assert metrics.query == {"include_archived": "true", "limit": "100", "next_page": "two"}
    assert (products.query, products.body) == (
        {"limit": "100", "next_page": "two"},
        {"archive_filter": "ALL"},
    )


def test_a_cursor_that_repeats() -> None:
    """A listing that goes round in circles is an error that names it."""
    vendor = ScriptedVendor(lambda _: _page({"id": "c1"}, next_page="same"))
    with pytest.raises(ExtractionError, match=r"metronome GET /v1/customers: the same page came twice"):
        _lists(vendor, "customers")
    assert len(vendor.asked) == 2


def test_an_object_that_comes_twice() -> None:
    """A page that repeats a customer is an error, whatever its cursor: another may have been left out."""
    pages = [_page({"id": "c1"}, {"id": "c2"}, next_page="two"), _page({"id": "c2"}, next_page=None)]
    with pytest.raises(ExtractionError, match=r"metronome GET /v1/customers: c2 came twice"):
        _lists(ScriptedVendor(lambda _: pages.pop(0)), "customers")


def test_an_endless_listing_is_stopped() -> None:
    """Ever new cursors end in an error as well, even on empty pages."""
    numbers = iter(range(1000))
    vendor = ScriptedVendor(lambda _: _page(next_page=str(next(numbers))))

    async def work(api: MetronomeApi) -> None:
        async def ask(cursor: Any) -> object:
            return await api.client.v1.customers.with_raw_response.list(next_page=cursor)

        async for _ in api.pages("GET /v1/customers", Customer, ask):
            pass

    with pytest.raises(ExtractionError, match="more than 5 pages"):
        read_metronome(vendor, work, max_pages=5)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"data": []}, "next_page"),
        ({"next_page": None}, "data"),
        ({"data": [{"name": "x"}], "next_page": None}, "$.data[0]"),
        ({"data": [{"id": 7}], "next_page": None}, "$.data[0].id"),
        (b'{"data": [{"id"', "not valid JSON"),
    ],
)
def test_an_answer_of_another_shape(said: Any, named: str) -> None:
    """A missing field, a wrong type or broken JSON is one line that names endpoint and path."""
    with pytest.raises(ExtractionError) as caught:
        _lists(ScriptedVendor(lambda _: said), "customers")
    assert named in str(caught.value)
    assert "metronome GET /v1/customers" in str(caught.value)


def test_an_unknown_invoice_status_is_an_error() -> None:
    """A status that no rule knows is not guessed at."""
    strange = _invoice("i1", None) | {"status": "PARKED"}
    with pytest.raises(ExtractionError, match=r"'PARKED'.*\$\.data\[0\]\.status"):
        _lists(ScriptedVendor(lambda _: _page(strange)), "invoices", customers=("c1",))


@pytest.mark.parametrize(
    ("status", "kind", "named"),
    [
        (401, UsageError, "METRONOME_BEARER_TOKEN"),
        (403, UsageError, "lack a permission"),
        (404, NotFoundError, "not found"),
        (400, ExtractionError, "bad cursor"),
        (429, OutageError, "too many requests"),
        (503, OutageError, "kept failing (503)"),
    ],
)
def test_a_refusal(status: int, kind: type[ParityError], named: str) -> None:
    """Each refusal says what to do."""
    with pytest.raises(kind) as caught:
        _lists(ScriptedVendor(lambda _: (status, {"message": "bad cursor"})), "products")
    assert type(caught.value) is kind
    assert named in str(caught.value)
    assert "token-1" not in str(caught.value)


@pytest.mark.parametrize("name", ["credit_types", "rate_cards"])
def test_an_optional_listing_may_be_absent(name: str) -> None:
    """A 404 of a listing that not every client has is a note."""
    sink, _ = _lists(ScriptedVendor(lambda _: (404, {"message": "no"})), name)
    assert (sink.notes[name] or "").startswith("not offered: metronome ")


def test_a_cursor_that_is_gone_is_no_missing_listing() -> None:
    """A listing that was there and loses its cursor is an error, never "not offered"."""

    def answer(asked: Asked) -> Any:
        return (404, {"message": "bad"}) if "next_page" in asked.query else _page(next_page="two")

    with pytest.raises(ExtractionError, match="rate-cards/list") as caught:
        _lists(ScriptedVendor(answer), "rate_cards")
    assert type(caught.value) is ExtractionError


def test_balances_offered_to_nobody() -> None:
    """Balances that no customer has an answer for are noted as not offered."""
    vendor = ScriptedVendor(lambda _: (404, {"message": "no"}))
    sink, _ = _lists(vendor, "balances", customers=("c1", "c2"))
    assert (sink.notes["balances"] or "").startswith("not offered")


def test_balances_offered_to_some() -> None:
    """Balances that only some customers have an answer for are an error."""

    def answer(asked: Asked) -> Any:
        return _page() if asked.body["customer_id"] == "c1" else (404, {"message": "no"})

    with pytest.raises(ExtractionError, match="customer c2"):
        _lists(ScriptedVendor(answer), "balances", customers=("c1", "c2"))


def test_archived_customers_may_be_unknown_to_their_own_listings() -> None:
    """A 404 for an archived customer is noted, for an active one it is an error."""

    def answer(asked: Asked) -> Any:
        return (404, {"message": "no"}) if "old" in asked.path else _page()

    sink, _ = _lists(ScriptedVendor(answer), "invoices", customers=("c1",), archived=("old",))
    assert sink.notes["invoices"] == "archived customers not found: 1"
    with pytest.raises(NotFoundError, match="old"):
        _lists(ScriptedVendor(answer), "invoices", customers=("old",))


def test_times_are_utc() -> None:
    """A time with an offset is the same instant."""
    vendor = ScriptedVendor(lambda _: _page({"id": "c1", "created_at": "2026-01-01T02:00:00+02:00"}))
    sink, _ = _lists(vendor, "customers")
    assert sink.rows["customers"][0].created_at == datetime(2026, 1, 1, tzinfo=UTC)
