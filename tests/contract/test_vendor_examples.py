"""The vendors' own examples of the answers we read, decoded by our records."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity_pipeline.sources import metronome_invoice_records as metronome_invoices
from parity_pipeline.sources import metronome_records as metronome
from parity_pipeline.sources import stripe_invoice_records as stripe_invoices
from parity_pipeline.sources import stripe_records as stripe
from parity_pipeline.sources.metronome_api import CursorPage, LoosePage
from parity_pipeline.sources.records import Record, decode

_API = Path(__file__).resolve().parents[2].parent / "shared" / "api"

STRIPE: dict[str, type[Record]] = {
    "customer": stripe.Customer,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "subscription_schedule": stripe.SubscriptionSchedule,
    "price": stripe.Price,
    "product": stripe.Product,
    "coupon": stripe.Coupon,
    "discount": stripe.Discount,
    "billing.meter": stripe.Meter,
    "billing.meter_event_summary": stripe.MeterEventSummary,
    "invoice": stripe_invoices.Invoice,
    "line_item": stripe_invoices.InvoiceLine,
    "billing.credit_balance_transaction": stripe_invoices.CreditBalanceTransaction,
    "credit_note": stripe_invoices.CreditNote,
}

METRONOME: dict[str, Any] = {
    "GET /v1/customers": CursorPage[metronome.Customer],
    "POST /v1/getCustomerBillingProviderConfigurations": LoosePage[metronome.BillingConfiguration],
    "GET /v1/billable-metrics": CursorPage[metronome.BillableMetric],
    "POST /v1/contract-pricing/products/list": CursorPage[metronome.Product],
    "POST /v1/contract-pricing/rate-cards/list": CursorPage[metronome.RateCard],
    "GET /v1/credit-types/list": CursorPage[metronome.CreditType],
    "POST /v2/contracts/list": LoosePage[metronome.Contract],
    "GET /v1/customers/{customer_id}/invoices": CursorPage[metronome_invoices.Invoice],
    "POST /v1/contracts/customerBalances/list": CursorPage[metronome_invoices.Balance],
    "POST /v1/usage": CursorPage[metronome_invoices.Usage],
    "POST /v1/usage/groups": CursorPage[metronome_invoices.UsageGroup],
}


def _api_file(name: str) -> Any:
    path = _API / name
    if not path.exists():
        pytest.skip(f"the vendors' examples are not here: shared/api/{name}")
    return json.loads(path.read_bytes())


@pytest.fixture(scope="module")
def stripe_fixtures() -> dict[str, Any]:
    """Stripe's published example of each object."""
    return dict(_api_file("stripe_fixtures.json")["resources"])


@pytest.mark.parametrize("name", STRIPE)
def test_stripe_examples_decode(name: str, stripe_fixtures: dict[str, Any]) -> None:
    """Every object that we read has all the fields we require, of the right type."""
    body = json.dumps(stripe_fixtures[name]).encode()
    record = decode(body, STRIPE[name])
    assert record.id == stripe_fixtures[name]["id"]


def test_stripe_example_lines_decode(stripe_fixtures: dict[str, Any]) -> None:
    """The lines that come with an invoice say whether there are more."""
    invoice = decode(json.dumps(stripe_fixtures["invoice"]).encode(), stripe_invoices.WholeInvoice)
    assert [line.id for line in invoice.lines.data] == [
        line["id"] for line in stripe_fixtures["invoice"]["lines"]["data"]
    ]


def test_an_expanded_customer_is_refused(stripe_fixtures: dict[str, Any]) -> None:
    """The example grant holds its customer whole; we never expand it, so that is an error with its path."""
    grant = stripe_fixtures["billing.credit_grant"]
    with pytest.raises(
        msgspec.ValidationError, match=r"Expected `str \| null`, got `object` - at `\$\.customer`"
    ):
        decode(json.dumps(grant).encode(), stripe_invoices.CreditGrant)
    plain = grant | {"customer": grant["customer"]["id"]}
    assert decode(json.dumps(plain).encode(), stripe_invoices.CreditGrant).customer == grant["customer"]["id"]


@pytest.mark.parametrize("endpoint", METRONOME)
def test_metronome_examples_decode(endpoint: str) -> None:
    """Every example answer of a listing decodes, none of its objects is lost."""
    examples = _api_file("metronome_examples.json")[endpoint]["response"]
    assert examples
    for example in examples.values():
        page = decode(json.dumps(example).encode(), METRONOME[endpoint])
        assert len(page.data) == len(example["data"]) > 0


def test_metronome_amounts_are_exact() -> None:
    """An amount of an example invoice arrives digit by digit."""
    example = _api_file("metronome_examples.json")["GET /v1/customers/{customer_id}/invoices"]["response"]
    for answer in example.values():
        page = decode(json.dumps(answer).encode(), CursorPage[metronome_invoices.Invoice])
        assert [str(invoice.total) for invoice in page.data] == [
            json.dumps(invoice["total"]) for invoice in answer["data"]
        ]


def test_a_broken_down_invoice_is_no_invoice() -> None:
    """A spend breakdown has no total; were it read as an invoice, the error would name that field."""
    examples = _api_file("metronome_examples.json")
    answer = examples["POST /v1/customers/{customer_id}/invoices/spend-breakdowns"]["response"]["default"]
    body = json.dumps(answer | {"next_page": None}).encode()
    with pytest.raises(msgspec.ValidationError, match=r"missing required field `total` - at `\$\.data\[0\]`"):
        decode(body, CursorPage[metronome_invoices.Invoice])
