"""Subscriptions and their items, as Stripe's API writes them."""

from datetime import datetime

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.invoice_json import EMBEDDED, list_json, tax_rates_json
from parity_pipeline.sandbox.stripe_side.names import discount_id, item_discount_id, schedule_id
from parity_pipeline.sandbox.stripe_side.shelf import Json
from parity_pipeline.sandbox.stripe_side.subscriptions import Item, Subscription

Prices = dict[str, Json]


def subscription_json(prices: Prices, each: Subscription, *, now: datetime) -> Json:
    """One subscription with its first items embedded."""
    customer, began = each.customer, unix(each.started_at)
    shown = items_json(prices, each)
    items = list_json(
        f"/v1/subscription_items?subscription={each.subscription_id}",
        shown[:EMBEDDED],
        has_more=len(shown) > EMBEDDED,
    )
    return {
        "id": each.subscription_id,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": began,
        "billing_mode": billing_mode_json(customer),
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at_period_end": False,
        "collection_method": "charge_automatically",
        "created": began,
        "currency": customer.currency,
        "customer": each.customer_id,
        "customer_account": None,
        "default_tax_rates": [] if each.is_earlier_plan else tax_rates_json(customer),
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": items,
        "latest_invoice": each.latest_invoice,
        "livemode": False,
        "metadata": {},
        "start_date": began,
        "status": each.status,
        "test_clock": None,
        "trial_end": unix(each.trial[1]) if each.trial else None,
        "trial_start": unix(each.trial[0]) if each.trial else None,
        **_agreed(each, now),
        **_leaving(each),
    }


def items_json(prices: Prices, each: Subscription) -> list[Json]:
    """The items of a subscription, each with its whole price."""
    return [_item(item, prices[item.price_id], each) for item in each.items]


def billing_mode_json(customer: Customer) -> Json:
    """Flexible for those whose prices change, so that each part of a period is billed at its price."""
    if customer.price_change is None:
        return {"type": "classic", "flexible": None}
    updated_at = unix(customer.started_at)
    return {"type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": updated_at}


def _agreed(each: Subscription, now: datetime) -> Json:
    """What was agreed beside the prices; nothing for the earlier plan."""
    customer = each.customer
    if each.is_earlier_plan:
        return {"discounts": [], "pause_collection": None, "schedule": None}
    found, paused_at = discount_id(customer), customer.collection_paused_at
    is_paused = paused_at is not None and paused_at <= now
    return {
        "discounts": [found] if found else [],
        "pause_collection": {"behavior": "keep_as_draft", "resumes_at": None} if is_paused else None,
        "schedule": schedule_id(customer) if customer.price_change else None,
    }


def _leaving(each: Subscription) -> Json:
    """When it ended; or when it will, which was announced when it began."""
    if each.ended_at is not None:
        ended = unix(each.ended_at)
        return {"cancel_at": None, "canceled_at": ended, "ended_at": ended}
    leaves = each.customer.ended_at
    return {
        "cancel_at": unix(leaves) if leaves else None,
        "canceled_at": unix(each.started_at) if leaves else None,
        "ended_at": None,
    }


def _item(item: Item, price: Json, each: Subscription) -> Json:
    own = None if each.is_earlier_plan else item_discount_id(each.customer, item.charge)
    return {
        "id": item.item_id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": unix(each.started_at),
        "current_period_end": unix(each.period[1]),
        "current_period_start": unix(each.period[0]),
        "discounts": [own] if own else [],
        "metadata": {},
        "plan": plan_json(price),
        "price": price,
        "subscription": each.subscription_id,
        "tax_rates": [],
        **({"quantity": 1} if item.charge == "fee" else {}),
    }


def plan_json(price: Json) -> Json:
    """The older shape of the price, which Stripe still sends beside it."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": True,
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "livemode": False,
        "metadata": {},
        "nickname": None,
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        **price["recurring"],
    }
