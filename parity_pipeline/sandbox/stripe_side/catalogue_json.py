"""What is sold, as Stripe's API writes it: meters, products, prices and coupons.

Some fields appear only when a caller expands them; those stand apart, in `Catalogue.expand_only`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Charge
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, unix
from parity_pipeline.sandbox.stripe_side.prices import (
    FEE_PRODUCT,
    FeePrice,
    MeteredPrice,
    PriceTier,
    fee_price,
    meter_id,
    metered_price,
    product_id,
)
from parity_pipeline.sandbox.world import Told

Json = dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """The objects by id, and the fields of each that only an expand shows."""

    meters: dict[str, Json]
    products: dict[str, Json]
    prices: dict[str, Json]
    coupons: dict[str, Json]
    expand_only: dict[str, Json] = field(default_factory=dict)


def coupon_id(percent: Decimal) -> str:
    """Stripe's id of the coupon that takes a percentage off usage."""
    return f"usage_{decimal_text(percent)}_off"


def catalogue(told: Told, opened_at: datetime) -> Catalogue:
    """Everything on sale, created a year before the first event so that nothing is ever older."""
    created = unix(opened_at - timedelta(days=365))
    charges, customers = told.charges.values(), told.customers.values()
    metered = {
        price.price_id: price
        for customer in customers
        for price in (metered_price(told.charges[key], customer) for key in customer.charges)
    }
    fees = {fee.price_id: fee for fee in (fee_price(each) for each in customers if each.monthly_fee)}
    hidden: Json = {
        price.price_id: {"tiers": [_tier(tier) for tier in price.tiers]}
        for price in metered.values()
        if price.model == "graduated"
    }
    hidden |= {
        coupon_id(each.discount_percent): {"applies_to": {"products": [product_id(sold) for sold in charges]}}
        for each in customers
        if each.discount_percent
    }
    return Catalogue(
        meters={meter_id(ids.stripe_event_name(each)): _meter(each, created) for each in charges},
        products={product_id(each): _product(product_id(each), each.key, created) for each in charges}
        | {FEE_PRODUCT: _product(FEE_PRODUCT, "Platform fee", created)},
        prices={price.price_id: metered_price_json(price, created) for price in metered.values()}
        | {fee.price_id: fee_price_json(fee, created) for fee in fees.values()},
        coupons={
            coupon_id(each.discount_percent): _coupon(each.discount_percent, created)
            for each in customers
            if each.discount_percent
        },
        expand_only=hidden,
    )


def metered_price_json(price: MeteredPrice, created: int) -> Json:
    """A usage price without its tiers."""
    tiered = price.model == "graduated"
    amounts = _amounts("unit_amount", None if tiered else price.tiers[0].unit_amount)
    package = {"divide_by": price.divide_by, "round": "up"} if price.model == "package" else None
    return {
        **_price(price.price_id, price.product, price.currency, price.tax_behavior, created),
        **amounts,
        "billing_scheme": "tiered" if tiered else "per_unit",
        "tiers_mode": "graduated" if tiered else None,
        "transform_quantity": package,
        "recurring": _recurring("metered", meter_id(price.event_name)),
    }


def fee_price_json(fee: FeePrice, created: int) -> Json:
    """A licensed price."""
    return {
        **_price(fee.price_id, FEE_PRODUCT, fee.currency, fee.tax_behavior, created),
        **_amounts("unit_amount", fee.unit_amount),
        "billing_scheme": "per_unit",
        "tiers_mode": None,
        "transform_quantity": None,
        "recurring": _recurring("licensed", None),
    }


def _price(price_id: str, product: str, currency: str, tax_behavior: str, created: int) -> Json:
    return {
        "id": price_id,
        "object": "price",
        "active": True,
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "tax_behavior": tax_behavior,
        "type": "recurring",
    }


def _recurring(usage_type: str, meter: str | None) -> Json:
    return {
        "interval": "month",
        "interval_count": 1,
        "meter": meter,
        "trial_period_days": None,
        "usage_type": usage_type,
    }


def _amounts(name: str, amount: Decimal | None) -> Json:
    """The pair of a whole amount, null when it is not whole, and its decimal text."""
    whole = None if amount is None or amount != amount.to_integral_value() else int(amount)
    return {name: whole, f"{name}_decimal": None if amount is None else decimal_text(amount)}


def _tier(tier: PriceTier) -> Json:
    flat, unit = _amounts("flat_amount", tier.flat_amount), _amounts("unit_amount", tier.unit_amount)
    return {**flat, **unit, "up_to": tier.up_to}


def _meter(charge: Charge, created: int) -> Json:
    event_name = ids.stripe_event_name(charge)
    return {
        "id": meter_id(event_name),
        "object": "billing.meter",
        "created": created,
        "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
        "default_aggregation": {"formula": charge.formula},
        "display_name": event_name,
        "event_name": event_name,
        "event_time_window": None,
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": created,
        "value_settings": {"event_payload_key": "value"},
    }


def _product(object_id: str, name: str, created: int) -> Json:
    return {
        "id": object_id,
        "object": "product",
        "active": True,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def _coupon(percent: Decimal, created: int) -> Json:
    return {
        "id": coupon_id(percent),
        "object": "coupon",
        "amount_off": None,
        "created": created,
        "currency": None,
        "duration": "forever",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": f"{decimal_text(percent)} % off usage",
        "percent_off": float(percent),
        "redeem_by": None,
        "times_redeemed": 1,
        "valid": True,
    }
