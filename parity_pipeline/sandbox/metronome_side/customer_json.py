"""Customers, their links to Stripe and their commits and credits, as the API shows them."""

from datetime import datetime

from parity_pipeline.sandbox.company import Customer
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id, stripe_customer
from parity_pipeline.sandbox.metronome_side.catalogue import PREPAID_CREDIT
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR, credit_type_json
from parity_pipeline.sandbox.metronome_side.credits import Balance, LedgerEntry
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.metronome_side.wire import Json, plain

STRIPE_ACCOUNT = "acct_sandbox"


def customer_json(customer: Customer, *, is_linked: bool) -> Json:
    """A customer; `is_linked` is False when nothing here may name the Stripe customer."""
    aliases = [f"customer-{customer.key}"]
    if is_linked and customer.link == "ingest_alias":
        aliases.append(stripe_customer(customer.key))
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


def archived_customer_json(moment: datetime) -> Json:
    """A test customer that somebody archived; it has nothing else."""
    alias = "customer-archived"
    return {
        "id": metronome_id("customer", "archived"),
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
    """The link of a customer to its customer in Stripe."""
    return {
        "id": metronome_id("billing-configuration", customer.key),
        "customer_id": metronome_customer(customer.key),
        "billing_provider": "stripe",
        "configuration": {
            "stripe_customer_id": stripe_customer(customer.key),
            "stripe_collection_method": "charge_automatically",
        },
        "delivery_method": "direct_to_billing_provider",
        "delivery_method_id": metronome_id("delivery-method", STRIPE_ACCOUNT),
        "delivery_method_configuration": {
            "stripe_account_id": STRIPE_ACCOUNT,
            "leave_invoices_in_draft": False,
            "skip_zero_dollar_invoices": False,
        },
        "archived_at": None,
    }


def balance_json(balance: Balance, *, as_of: datetime, include_balance: bool, include_ledgers: bool) -> Json:
    """A commit or credit."""
    shown: Json = {
        "id": balance.id,
        "type": balance.kind,
        "rate_type": "LIST_RATE",
        "name": balance.name,
        "priority": balance.priority,
        "product": {"id": PREPAID_CREDIT.id, "name": PREPAID_CREDIT.name},
        "applicable_product_ids": list(balance.product_ids),
        "access_schedule": {
            "credit_type": credit_type_json(credit_type(balance.currency)),
            "schedule_items": [
                {
                    "id": balance.segment_id,
                    "amount": plain(balance.amount),
                    "starting_at": balance.starts_at,
                    "ending_before": balance.ends_at,
                }
            ],
        },
        "created_at": balance.starts_at,
        "created_by": CREATOR,
        "custom_fields": {},
    }
    if balance.contract_id is not None:
        shown["contract"] = {"id": balance.contract_id}
    if balance.kind == "PREPAID":
        shown["invoice_schedule"] = {"schedule_items": [], "do_not_invoice": True}
    if include_balance:
        shown["balance"] = plain(balance.at(as_of))
    if include_ledgers:
        shown["ledger"] = [_ledger_json(balance, entry) for entry in balance.ledger]
    return shown


def _ledger_json(balance: Balance, entry: LedgerEntry) -> Json:
    kind = "PREPAID_COMMIT" if balance.kind == "PREPAID" else "CREDIT"
    shown: Json = {
        "type": f"{kind}_{entry.suffix}",
        "amount": plain(entry.amount),
        "timestamp": entry.at,
        "segment_id": balance.segment_id,
    }
    if entry.invoice_id is not None:
        shown["invoice_id"] = entry.invoice_id
    if entry.contract_id is not None:
        shown["contract_id"] = entry.contract_id
    return shown
