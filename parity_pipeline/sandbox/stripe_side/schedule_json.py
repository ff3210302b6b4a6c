"""Subscription schedules as Stripe's API writes them: two phases, before and after a price change."""

from datetime import datetime

from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.names import schedule_id
from parity_pipeline.sandbox.stripe_side.periods import months_after
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.stripe_side.shelf import Json
from parity_pipeline.sandbox.stripe_side.subscription_json import billing_mode_json
from parity_pipeline.sandbox.stripe_side.subscriptions import Item, Subscription, items_at

_PLANNED_MONTHS = 24


def schedule_json(prices: PriceBook, each: Subscription, *, now: datetime) -> Json:
    """The schedule of one subscription, made when the subscription began."""
    customer = each.customer
    began, ends = each.started_at, months_after(each.started_at, _PLANNED_MONTHS)
    change_at = customer.price_change.at if customer.price_change else ends
    phases = [
        _phase(items_at(customer, prices, start), customer.currency, start, end)
        for start, end in ((began, change_at), (change_at, ends))
        if start < end
    ]
    current = [phase for phase in phases if phase["start_date"] <= unix(now) < phase["end_date"]]
    is_over = each.status == "canceled"
    return {
        "id": schedule_id(customer),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": billing_mode_json(customer),
        "canceled_at": unix(each.ended_at) if each.ended_at else None,
        "completed_at": None,
        "created": unix(began),
        "current_phase": None if is_over or not current else _bounds(current[0]),
        "customer": each.customer_id,
        "customer_account": None,
        "default_settings": _DEFAULT_SETTINGS,
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": phases,
        "released_at": None,
        "released_subscription": None,
        "status": "canceled" if is_over else "active",
        "subscription": each.subscription_id,
        "test_clock": None,
    }


_DEFAULT_SETTINGS: Json = {
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor": "automatic",
    "billing_thresholds": None,
    "collection_method": "charge_automatically",
    "default_payment_method": None,
    "description": None,
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "days_until_due": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "on_behalf_of": None,
    "transfer_data": None,
}


def _phase(items: tuple[Item, ...], currency: str, start: datetime, end: datetime) -> Json:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": unix(end),
        "invoice_settings": None,
        "items": [_item(item) for item in items],
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "none",
        "start_date": unix(start),
        "transfer_data": None,
        "trial_end": None,
    }


def _item(item: Item) -> Json:
    quantity = {"quantity": 1} if item.charge == "fee" else {}
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": {},
        "plan": item.price_id,
        "price": item.price_id,
        "tax_rates": [],
        **quantity,
    }


def _bounds(phase: Json) -> Json:
    return {name: phase[name] for name in ("start_date", "end_date")}
