"""Stripe's own client against the pretend Stripe over HTTP: every read endpoint, all pages."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.stripe_side.books import Books
from parity_pipeline.sandbox.world import build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "rk_test_x"
START, END = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (9, 10))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[stripe.StripeClient, Books]]:
    """The official client, and what the server that it asks knows."""
    app = stripe_app(build_world(seed=7, as_of=AS_OF), api_key=KEY)
    with served(app) as address:
        yield stripe.StripeClient(KEY, base_addresses={"api": address}), app.state.stripe.books


@pytest.fixture(scope="module")
def client(sandbox: tuple[stripe.StripeClient, Books]) -> stripe.StripeClient:
    """The official client."""
    return sandbox[0]


@pytest.fixture(scope="module")
def books(sandbox: tuple[stripe.StripeClient, Books]) -> Books:
    """What the server knows."""
    return sandbox[1]


def _all(page: Any) -> list[Any]:
    """Every object from a page on, by the client's own pager, none twice."""
    found = list(page.auto_paging_iter())
    assert len({each.id for each in found}) == len(found)
    return found


KINDS: tuple[tuple[str, Callable[[Any], Any], dict[str, Any]], ...] = (
    ("customers", lambda client: client.v1.customers, {}),
    ("products", lambda client: client.v1.products, {}),
    ("prices", lambda client: client.v1.prices, {"expand": ["data.tiers"]}),
    ("coupons", lambda client: client.v1.coupons, {}),
    ("subscriptions", lambda client: client.v1.subscriptions, {"status": "all"}),
    ("subscription_schedules", lambda client: client.v1.subscription_schedules, {}),
    ("invoices", lambda client: client.v1.invoices, {"expand": ["data.customer"]}),
    ("credit_notes", lambda client: client.v1.credit_notes, {}),
    ("credit_grants", lambda client: client.v1.billing.credit_grants, {}),
)


@pytest.mark.parametrize(("name", "service", "params"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_list_is_walked_whole_and_each_object_is_found_by_its_id(
    name: str,
    service: Callable[[Any], Any],
    params: dict[str, Any],
    client: stripe.StripeClient,
    books: Books,
) -> None:
    """Seven at a time, every object comes once, and its own page says the same."""
    found = _all(service(client).list(params={"limit": 7, **params}))
    assert {each.id for each in found} == set(books.shelves[name].place)
    for each in found[::10]:
        assert service(client).retrieve(each.id).id == each.id


def test_meters_are_walked_by_both_states(client: stripe.StripeClient, books: Books) -> None:
    """Archived ones come only when asked for, and all of them by their ids."""
    meters = client.v1.billing.meters
    active, inactive = (
        _all(meters.list(params={"limit": 3, "status": each})) for each in ("active", "inactive")
    )
    assert [each.id for each in _all(meters.list())] == [each.id for each in active]
    assert {each.id for each in (*active, *inactive)} == set(books.sold.meters)
    assert [meters.retrieve(each.id).status for each in inactive] == ["inactive"]


def test_the_lines_of_every_invoice_are_walked(client: stripe.StripeClient, books: Books) -> None:
    """Two at a time, in order; their amounts less discounts and credit, with tax on top, are the total."""
    for invoice in (each for made in books.invoices.values() for each in made):
        lines = _all(client.v1.invoices.line_items.list(invoice.invoice_id, params={"limit": 2}))
        assert [each.id for each in lines] == [each.line_id for each in invoice.lines]
        taken = sum(credit.amount for line in lines for credit in line.pretax_credit_amounts)
        on_top = sum(tax.amount for line in lines for tax in line.taxes if tax.tax_behavior == "exclusive")
        assert sum(each.amount for each in lines) - taken + on_top == invoice.total


def test_the_parts_of_subscriptions_and_credit_notes_are_walked(
    client: stripe.StripeClient, books: Books
) -> None:
    """Items one at a time, and the line of a credit note."""
    for subscription in _all(client.v1.subscriptions.list(params={"limit": 100})):
        params: Any = {"subscription": subscription.id, "limit": 1}
        items = _all(client.v1.subscription_items.list(params=params))
        assert [each.id for each in items] == [each.id for each in subscription["items"].data]
    (note,) = books.credit_notes
    assert len(_all(client.v1.credit_notes.line_items.list(note.note_id))) == 1


def test_credit_is_walked(client: stripe.StripeClient, books: Books) -> None:
    """What is left by the transactions is what the balance says."""
    for customer in books.customers:
        transactions = _all(
            client.v1.billing.credit_balance_transactions.list(params={"customer": customer, "limit": 2})
        )
        left = sum(
            (each.credit or each.debit).amount.monetary.value * (1 if each.credit else -1)
            for each in transactions
        )
        asked: Any = {
            "customer": customer,
            "filter": {"type": "applicability_scope", "applicability_scope": {"price_type": "metered"}},
        }
        summary = client.v1.billing.credit_balance_summary.retrieve(params=asked)
        assert [
            each.ledger_balance.monetary.value for each in summary.balances if each.ledger_balance.monetary
        ] == ([left] if transactions else [])


@pytest.mark.parametrize("window", ["hour", "day"])
def test_event_summaries_add_up(window: str, client: stripe.StripeClient, books: Books) -> None:
    """A month by the hour or day, page by page, is the month in one piece, for a meter that adds up."""
    for customer in list(books.customers)[::12]:
        asked: Any = {"customer": customer, "start_time": START, "end_time": END}
        events = client.v1.billing.meters.event_summaries
        whole = events.list("mtr_api_calls", params=asked).data
        parts = _all(events.list("mtr_api_calls", params={**asked, "value_grouping_window": window}))
        assert sum(each.aggregated_value for each in parts) == sum(each.aggregated_value for each in whole)


def test_error_reports_and_events_are_walked(client: stripe.StripeClient) -> None:
    """Reports by pages of the second kind, each with its details; no events of the first kind are kept."""
    reports = _all(client.v2.core.events.list(params={"limit": 4}))
    assert len(reports) > 4
    for each in reports[:5]:
        assert client.v2.core.events.retrieve(each.id).type == each.type
    assert _all(client.v1.events.list()) == []


def test_refusals_are_the_clients_own_errors(client: stripe.StripeClient) -> None:
    """Unknown ids, wrong parameters and wrong keys."""
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice"):
        client.v1.invoices.retrieve("in_nothing")
    with pytest.raises(stripe.InvalidRequestError, match="limit"):
        client.v1.invoices.list(params={"limit": 101})
    with pytest.raises(stripe.AuthenticationError):
        client.v1.invoices.list(options={"api_key": "rk_test_other"})
    with pytest.raises(stripe.PermissionError):
        client.v1.invoices.list(options={"stripe_account": "acct_other"})


def test_a_rate_limit_is_the_clients_own_error() -> None:
    """The reason is in a header."""
    app = stripe_app(build_world(seed=7, as_of=AS_OF, customers=1), api_key=KEY, requests_per_second=1)
    with served(app) as address:
        client = stripe.StripeClient(KEY, base_addresses={"api": address})
        client.v1.coupons.list()
        with pytest.raises(stripe.RateLimitError) as refusal:
            client.v1.coupons.list()
    headers = refusal.value.headers or {}
    assert headers["stripe-rate-limited-reason"] == "global-rate"
