"""What is kept of each vendor, resource by resource: the name, the record, the words for a table comment.

A resource becomes one landed file an account and one table `raw_<source>.<name>` with the columns account,
context, then the record's fields in order. How it is asked for is in stripe.py and metronome.py.
"""

from dataclasses import dataclass
from typing import Final, Literal

from parity_pipeline.sources import metronome_invoice_records as metronome_invoices
from parity_pipeline.sources import metronome_records as metronome
from parity_pipeline.sources import stripe_invoice_records as stripe_invoices
from parity_pipeline.sources import stripe_records as stripe
from parity_pipeline.sources.records import Record

Source = Literal["stripe", "metronome"]


@dataclass(frozen=True)
class Resource:
    """One kind of object of one vendor."""

    source: Source
    name: str
    record: type[Record]
    summary: str
    context: tuple[str, ...] = ()
    """Columns for what was asked where the record itself does not say it."""
    required: bool = True
    """Whether a 404 of its listing is an error; else it is noted as not offered."""

    @property
    def schema(self) -> str:
        """The DuckDB schema of its table."""
        return f"raw_{self.source}"

    @property
    def key(self) -> str:
        """`stripe/invoices`."""
        return f"{self.source}/{self.name}"


STRIPE_RESOURCES: Final = (
    Resource("stripe", "customers", stripe.Customer, "Stripe customers that are not deleted."),
    Resource(
        "stripe", "subscriptions", stripe.Subscription, "Stripe subscriptions in any status, all items."
    ),
    Resource(
        "stripe",
        "subscription_schedules",
        stripe.SubscriptionSchedule,
        "Planned changes of Stripe subscriptions.",
        required=False,
    ),
    Resource("stripe", "prices", stripe.Price, "Stripe prices with their tiers, active or not."),
    Resource("stripe", "products", stripe.Product, "Stripe products, active or not.", required=False),
    Resource("stripe", "coupons", stripe.Coupon, "Stripe coupons.", required=False),
    Resource("stripe", "meters", stripe.Meter, "Stripe meters, active or not."),
    Resource(
        "stripe",
        "meter_event_summaries",
        stripe.MeterEventSummary,
        "Usage that Stripe metered, by day, by hour at unaligned period bounds, or once a period.",
        context=("customer_id", "value_grouping_window"),
    ),
    Resource(
        "stripe",
        "meter_error_events",
        stripe.MeterErrorEvent,
        "Reports of events that Stripe accepted and dropped later.",
        required=False,
    ),
    Resource(
        "stripe",
        "invoices",
        stripe_invoices.Invoice,
        "Stripe invoices created in the window or just before it.",
    ),
    Resource(
        "stripe",
        "invoice_lines",
        stripe_invoices.InvoiceLine,
        "All lines of those Stripe invoices.",
        context=("invoice_id",),
    ),
    Resource("stripe", "credit_grants", stripe_invoices.CreditGrant, "Stripe credit grants."),
    Resource(
        "stripe",
        "credit_balance_transactions",
        stripe_invoices.CreditBalanceTransaction,
        "Movements of Stripe credit, of customers that have grants.",
        context=("customer_id",),
    ),
    Resource(
        "stripe",
        "credit_notes",
        stripe_invoices.CreditNote,
        "Stripe credit notes of the window.",
        required=False,
    ),
)

METRONOME_RESOURCES: Final = (
    Resource("metronome", "customers", metronome.Customer, "Metronome customers, archived or not."),
    Resource(
        "metronome",
        "billing_configurations",
        metronome.BillingConfiguration,
        "Links from Metronome customers to billing providers, archived or not.",
        context=("customer_id",),
    ),
    Resource(
        "metronome", "contracts", metronome.Contract, "Metronome contracts, archived or not, edits applied."
    ),
    Resource("metronome", "rate_cards", metronome.RateCard, "Metronome rate cards.", required=False),
    Resource(
        "metronome",
        "rate_card_rates",
        metronome.RateCardRate,
        "The rates of each Metronome rate card over the window.",
        context=("rate_card_id",),
        required=False,
    ),
    Resource(
        "metronome",
        "contract_rates",
        metronome.ContractRate,
        "The rates in force for each Metronome contract at every instant where they can change.",
        context=("customer_id", "contract_id", "asked_at"),
    ),
    Resource(
        "metronome", "products", metronome.Product, "Metronome products with their history, archived or not."
    ),
    Resource(
        "metronome",
        "billable_metrics",
        metronome.BillableMetric,
        "Metronome billable metrics, archived or not.",
    ),
    Resource(
        "metronome",
        "credit_types",
        metronome.CreditType,
        "Currencies and custom pricing units of Metronome.",
        required=False,
    ),
    Resource(
        "metronome",
        "invoices",
        metronome_invoices.Invoice,
        "Metronome invoices with their lines, void ones too.",
    ),
    Resource(
        "metronome",
        "usage",
        metronome_invoices.Usage,
        "Usage that Metronome aggregated, by day or once a period.",
        context=("window_size",),
    ),
    Resource(
        "metronome",
        "usage_groups",
        metronome_invoices.UsageGroup,
        "Usage that Metronome aggregated, by day and group values; `group_key` is the key set asked for.",
        context=("customer_id", "billable_metric_id", "window_size", "group_key"),
    ),
    Resource(
        "metronome",
        "balances",
        metronome_invoices.Balance,
        "Commits and credits of Metronome customers with their ledgers.",
        context=("customer_id",),
        required=False,
    ),
)

RESOURCES: Final = STRIPE_RESOURCES + METRONOME_RESOURCES


def stripe_resource(name: str) -> Resource:
    """The Stripe resource of that name."""
    return _BY_KEY[f"stripe/{name}"]


def metronome_resource(name: str) -> Resource:
    """The Metronome resource of that name."""
    return _BY_KEY[f"metronome/{name}"]


_BY_KEY: Final = {resource.key: resource for resource in RESOURCES}
