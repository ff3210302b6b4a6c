"""What is sold, as Stripe's API writes it: meters, products, prices and coupons.

Some fields appear only when a caller expands them; those stand apart, in `Catalogue.expand_only`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Charge
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, unix
from parity_pipeline.sandbox.stripe_side.prices import (
    FEE_PRODUCT,
    FeePrice,
    MeteredPrice,
    PriceBook,
    PriceTier,
    meter_id,
    product_id,
)
from parity_pipeline.sandbox.stripe_side.shelf import Json
from parity_pipeline.sandbox.world import Told

_OLD_METER, _OLD_PRODUCT = "legacy_requests", "prod_legacy_requests"


@dataclass(frozen=True)
class Catalogue:
    """The objects by id, and the fields of each that only an expand shows."""

    meters: dict[str, Json]
    products: dict[str, Json]
    prices: dict[str, Json]
    coupons: dict[str, Json]
    expand_only: dict[str, Json] = field(default_factory=dict)


def usage_coupon_id(percent: Decimal) -> str:
    """Stripe's id of the coupon that takes a percentage off all usage."""
    return f"usage_{decimal_text(percent)}_off"


def item_coupon_id(percent: Decimal) -> str:
    """Stripe's id of the coupon that takes a percentage off one item."""
    return f"item_{decimal_text(percent)}_off"


def catalogue(told: Told, prices: PriceBook, opened_at: datetime) -> Catalogue:
    """Everything on sale, created a year before the first event so that nothing is ever older.

    What was sold earlier is there too, archived.
    """
    created = unix(opened_at - timedelta(days=365))
    charges, customers = told.charges.values(), told.customers.values()
    usage = {usage_coupon_id(each.discount_percent): each.discount_percent for each in customers}
    items = {
        item_coupon_id(percent): percent for each in customers for percent in each.item_discounts.values()
    }
    coupons = {name: percent for name, percent in {**usage, **items}.items() if percent}
    names = {product_id(each): each.key for each in charges} | {FEE_PRODUCT: "Platform fee"}
    return Catalogue(
        meters={meter_id(ids.stripe_event_name(each)): _meter(each, created) for each in charges}
        | {meter_id(_OLD_METER): _old_meter(created)},
        products={object_id: _product(object_id, name, created) for object_id, name in names.items()}
        | {_OLD_PRODUCT: _product(_OLD_PRODUCT, "Requests (old)", created) | {"active": False}},
        prices={price.price_id: metered_price_json(price, created) for price in prices.metered.values()}
        | {fee.price_id: fee_price_json(fee, created) for fee in prices.fees.values()}
        | {each["id"]: each for each in _old_prices(created)},
        coupons={name: _coupon(name, percent, created) for name, percent in coupons.items()},
        expand_only={
            price.price_id: {"tiers": [_tier(tier) for tier in price.tiers]}
            for price in prices.metered.values()
            if _is_tiered(price)
        }
        | {
            name: {"applies_to": {"products": [product_id(sold) for sold in charges]}}
            for name in usage
            if name in coupons
        },
    )


def metered_price_json(price: MeteredPrice, created: int) -> Json:
    """A usage price without its tiers."""
    tiered = _is_tiered(price)
    amounts = _amounts("unit_amount", None if tiered else price.tiers[0].unit_amount)
    package = {"divide_by": price.divide_by, "round": "up"} if price.model == "package" else None
    return {
        **_price(price.price_id, price.product, price.currency, price.tax_behavior, created),
        **amounts,
        "billing_scheme": "tiered" if tiered else "per_unit",
        "tiers_mode": price.model if tiered else None,
        "transform_quantity": package,
        "recurring": _recurring("metered", meter_id(price.event_name), price.interval),
    }


def fee_price_json(fee: FeePrice, created: int) -> Json:
    """A licensed price."""
    return {
        **_price(fee.price_id, FEE_PRODUCT, fee.currency, fee.tax_behavior, created),
        **_amounts("unit_amount", fee.unit_amount),
        "billing_scheme": "per_unit",
        "tiers_mode": None,
        "transform_quantity": None,
        "recurring": _recurring("licensed", None, fee.interval),
    }


def _old_prices(created: int) -> list[Json]:
    """Two prices that nobody has any more."""
    shared = {"active": False, "billing_scheme": "per_unit", "tiers_mode": None, "transform_quantity": None}
    return [
        {
            **_price("price_legacy_requests_usd", _OLD_PRODUCT, "usd", "exclusive", created),
            **_amounts("unit_amount", Decimal("0.5")),
            **shared,
            "recurring": _recurring("metered", meter_id(_OLD_METER), "month"),
        },
        {
            **_price("price_legacy_plan_usd", _OLD_PRODUCT, "usd", "exclusive", created),
            **_amounts("unit_amount", Decimal(1900)),
            **shared,
            "recurring": _recurring("licensed", None, "month"),
        },
    ]


def _is_tiered(price: MeteredPrice) -> bool:
    return price.model in ("graduated", "volume")


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


def _recurring(usage_type: str, meter: str | None, interval: str) -> Json:
    return {
        "interval": interval,
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


def _old_meter(created: int) -> Json:
    """A meter that was deactivated half a year after it was made."""
    deactivated = created + 180 * 86400
    return {
        **_meter_of(_OLD_METER, "sum", created),
        "status": "inactive",
        "status_transitions": {"deactivated_at": deactivated},
        "updated": deactivated,
    }


def _meter(charge: Charge, created: int) -> Json:
    return _meter_of(ids.stripe_event_name(charge), charge.formula, created)


def _meter_of(event_name: str, formula: str, created: int) -> Json:
    return {
        "id": meter_id(event_name),
        "object": "billing.meter",
        "created": created,
        "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
        "default_aggregation": {"formula": formula},
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


def _coupon(object_id: str, percent: Decimal, created: int) -> Json:
    return {
        "id": object_id,
        "object": "coupon",
        "amount_off": None,
        "created": created,
        "currency": None,
        "duration": "forever",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": f"{decimal_text(percent)} % off",
        "percent_off": float(percent),  # as Stripe sends it
        "redeem_by": None,
        "times_redeemed": 1,
        "valid": True,
    }
