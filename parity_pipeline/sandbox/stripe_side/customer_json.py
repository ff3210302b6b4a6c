"""Customers, their subscriptions, and their credit, as Stripe's API writes them."""

from datetime import datetime
from typing import Any

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Customer, add_months
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.billing import closed_periods, discount_id, item_id, subscription_id
from parity_pipeline.sandbox.stripe_side.catalogue_json import coupon_id
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount, Grant, Movement
from parity_pipeline.sandbox.stripe_side.invoice_json import list_json, tax_rate_json
from parity_pipeline.sandbox.stripe_side.prices import fee_price, metered_price
from parity_pipeline.sandbox.world import Told

Json = dict[str, Any]
_TRIAL_MONTHS = 3


def customer_json(customer: Customer) -> Json:
    """One customer."""
    return {
        "id": ids.stripe_customer(customer.key),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": unix(add_months(customer.started_at, -_TRIAL_MONTHS)),
        "currency": customer.currency,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": f"billing@{customer.key}.example",
        "invoice_prefix": customer.key,
        "livemode": False,
        "metadata": {},
        "name": customer.name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def subscription_json(
    customer: Customer, told: Told, prices: dict[str, Json], as_of: datetime, latest_invoice: str | None
) -> Json:
    """The subscription that bills this customer."""
    start = add_months(customer.started_at, len(closed_periods(customer, as_of)))
    items = [
        _item(customer, key, prices[metered_price(told.charges[key], customer).price_id], start)
        for key in customer.charges
    ]
    if customer.monthly_fee:
        fee = _item(customer, "fee", prices[fee_price(customer).price_id], start)
        items.append({**fee, "quantity": 1})
    found = discount_id(customer)
    return {
        **_subscription(subscription_id(customer.key), customer, customer.started_at),
        "default_tax_rates": tax_rate_json(customer),
        "discounts": [found] if found else [],
        "items": list_json(f"/v1/subscription_items?subscription={subscription_id(customer.key)}", items),
        "latest_invoice": latest_invoice,
        "status": "active",
    }


def canceled_subscription_json(customer: Customer, price: Json) -> Json:
    """A trial of an earlier plan that ended when the real subscription began; it was never billed."""
    object_id = f"sub_{customer.key}_trial"
    began, ended = add_months(customer.started_at, -_TRIAL_MONTHS), customer.started_at
    item = _item(customer, "trial", price, began) | {"subscription": object_id}
    return {
        **_subscription(object_id, customer, began),
        "canceled_at": unix(ended),
        "ended_at": unix(ended),
        "items": list_json(f"/v1/subscription_items?subscription={object_id}", [item]),
        "status": "canceled",
        "trial_start": unix(began),
        "trial_end": unix(ended),
    }


def discount_json(customer: Customer) -> Json:
    """The coupon as it hangs on the subscription."""
    return {
        "id": discount_id(customer),
        "object": "discount",
        "checkout_session": None,
        "customer": ids.stripe_customer(customer.key),
        "customer_account": None,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"coupon": coupon_id(customer.discount_percent), "type": "coupon"},
        "start": unix(customer.started_at),
        "subscription": subscription_id(customer.key),
        "subscription_item": None,
    }


def grant_json(grant: Grant, customer: Customer) -> Json:
    """One credit grant; Stripe shows no remaining amount on it."""
    return {
        "id": grant.grant_id,
        "object": "billing.credit_grant",
        "amount": _monetary(grant.currency, grant.amount),
        "applicability_config": {"scope": {"price_type": "metered"}},
        "category": grant.category,
        "created": unix(grant.effective_at),
        "customer": ids.stripe_customer(customer.key),
        "customer_account": None,
        "effective_at": unix(grant.effective_at),
        "expires_at": unix(grant.expires_at) if grant.expires_at else None,
        "livemode": False,
        "metadata": {},
        "name": grant.name,
        "priority": grant.priority,
        "test_clock": None,
        "updated": unix(grant.effective_at),
        "voided_at": None,
    }


def movement_json(movement: Movement, currency: str) -> Json:
    """One credit balance transaction."""
    amount = _monetary(currency, movement.amount)
    place = {"invoice": movement.invoice_id, "invoice_line_item": movement.line_id}
    detail: Json = {"amount": amount, "type": movement.kind}
    if movement.is_debit:
        detail["credits_applied"] = place if movement.kind == "credits_applied" else None
    else:
        voided = movement.kind == "credits_application_invoice_voided"
        detail["credits_application_invoice_voided"] = place if voided else None
    return {
        "id": movement.movement_id,
        "object": "billing.credit_balance_transaction",
        "created": unix(movement.at),
        "credit": None if movement.is_debit else detail,
        "credit_grant": movement.grant_id,
        "debit": detail if movement.is_debit else None,
        "effective_at": unix(movement.at),
        "livemode": False,
        "test_clock": None,
        "type": "debit" if movement.is_debit else "credit",
    }


def balance_json(
    account: CreditAccount, customer: Customer, as_of: datetime, *, grant_id: str | None
) -> Json:
    """What is left of all grants, or of one."""
    wanted = [grant for grant in account.grants if grant_id in (None, grant.grant_id)]
    left = sum(account.balance(grant.grant_id, as_of) for grant in wanted)
    amount = _monetary(customer.currency, left)
    return {
        "object": "billing.credit_balance_summary",
        "balances": [{"available_balance": amount, "ledger_balance": amount}] if wanted else [],
        "customer": ids.stripe_customer(customer.key),
        "customer_account": None,
        "livemode": False,
    }


def _subscription(object_id: str, customer: Customer, began: datetime) -> Json:
    return {
        "id": object_id,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": unix(began),
        "billing_mode": {"type": "classic", "flexible": None},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": unix(began),
        "currency": customer.currency,
        "customer": ids.stripe_customer(customer.key),
        "customer_account": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "schedule": None,
        "start_date": unix(began),
        "test_clock": None,
        "trial_end": None,
        "trial_start": None,
    }


def _item(customer: Customer, key: str, price: Json, start: datetime) -> Json:
    return {
        "id": item_id(customer.key, key),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": unix(customer.started_at),
        "current_period_end": unix(add_months(start, 1)),
        "current_period_start": unix(start),
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": price,
        "subscription": subscription_id(customer.key),
        "tax_rates": [],
    }


def _plan(price: Json) -> Json:
    """The older shape of the price, which Stripe still sends beside it."""
    recurring = price["recurring"]
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
        **recurring,
    }


def _monetary(currency: str, value: int) -> Json:
    return {"type": "monetary", "monetary": {"currency": currency, "value": value}}
