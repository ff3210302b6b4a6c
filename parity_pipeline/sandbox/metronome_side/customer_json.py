"""Customers and their links to Stripe as the API shows them."""

from datetime import datetime

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id, stripe_account, stripe_customer
from parity_pipeline.sandbox.metronome_side.wire import Json

ARCHIVED_CUSTOMER = metronome_id("customer", "archived")
"""The id of a test customer that somebody archived."""


def aliases_of(customer: Customer, *, is_linked: bool) -> list[str]:
    """The ids by which events may name a customer."""
    aliases = [f"customer-{customer.key}"]
    if is_linked and customer.link == "ingest_alias":
        aliases.append(stripe_customer(customer.key))
    return aliases


def customer_json(customer: Customer, *, is_linked: bool) -> Json:
    """A customer; `is_linked` is False when nothing here may name the Stripe customer."""
    aliases = aliases_of(customer, is_linked=is_linked)
    has_field = is_linked and customer.link == "custom_field"
    return {
        "id": metronome_customer(customer.key),
        "external_id": aliases[0],
        "ingest_aliases": aliases,
        "name": customer.name,
        "customer_config": {"salesforce_account_id": None},
        "custom_fields": {"stripe_customer_id": stripe_customer(customer.key)} if has_field else {},
        "created_at": customer.started_at,
        "updated_at": customer.started_at,
        "archived_at": None,
        "current_billable_status": {"value": "unbillable", "effective_at": None},
    }


def twin_id(customer: Customer) -> str:
    """The id of the second Metronome customer that claims a customer's Stripe customer."""
    return metronome_id("customer", customer.key, "second")


def twin_json(customer: Customer) -> Json:
    """That second customer, which has nothing else."""
    alias = f"customer-{customer.key}-second"
    return customer_json(customer, is_linked=False) | {
        "id": twin_id(customer),
        "external_id": alias,
        "ingest_aliases": [alias],
        "name": f"{customer.name} (second)",
        "custom_fields": {"stripe_customer_id": stripe_customer(customer.key)},
    }


def archived_customer_json(moment: datetime) -> Json:
    """The archived customer; it has nothing else."""
    alias = "customer-archived"
    return {
        "id": ARCHIVED_CUSTOMER,
        "external_id": alias,
        "ingest_aliases": [alias],
        "name": "Archived test customer",
        "customer_config": {"salesforce_account_id": None},
        "custom_fields": {},
        "created_at": moment,
        "updated_at": moment,
        "archived_at": moment,
    }


def billing_configuration_json(customer: Customer) -> Json:
    """The link of a customer to its customer in one of the Stripe accounts."""
    return {
        "id": metronome_id("billing-configuration", customer.key),
        "customer_id": metronome_customer(customer.key),
        "configuration": {
            "stripe_customer_id": stripe_customer(customer.key),
            "stripe_collection_method": "charge_automatically",
        },
        "archived_at": None,
        **delivery_json(customer.account),
    }


def delivery_json(account: str) -> Json:
    """How invoices would get into a Stripe account."""
    return {
        "billing_provider": "stripe",
        "delivery_method": "direct_to_billing_provider",
        "delivery_method_id": metronome_id("delivery-method", account),
        "delivery_method_configuration": {
            "stripe_account_id": stripe_account(account),
            "leave_invoices_in_draft": False,
            "skip_zero_dollar_invoices": False,
        },
    }
