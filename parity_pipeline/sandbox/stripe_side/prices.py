"""What a charge costs in Stripe: a metered price in minor units, and the licensed price of a monthly fee.

A customer who is quoted prices with tax inside has prices of their own, raised by the tax.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Charge, Customer, Formula, PriceModel
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, minor_units

TaxBehavior = Literal["exclusive", "inclusive"]


@dataclass(frozen=True)
class PriceTier:
    """A tier with amounts in minor units; `flat_amount` is None when the price has no flat fees."""

    up_to: int | None
    unit_amount: Decimal
    flat_amount: Decimal | None


@dataclass(frozen=True)
class MeteredPrice:
    """A usage price. `divide_by` is the package size of a package price."""

    price_id: str
    product: str
    name: str
    event_name: str
    formula: Formula
    model: PriceModel
    currency: str
    tax_behavior: TaxBehavior
    tiers: tuple[PriceTier, ...]
    divide_by: int


@dataclass(frozen=True)
class FeePrice:
    """The licensed price of a monthly fee, in minor units before rounding."""

    price_id: str
    currency: str
    tax_behavior: TaxBehavior
    unit_amount: Decimal


FEE_PRODUCT = "prod_platform_fee"


def product_id(charge: Charge) -> str:
    """Stripe's product behind a charge."""
    return f"prod_{charge.key}"


def meter_id(event_name: str) -> str:
    """Stripe's meter of an event name."""
    return f"mtr_{event_name}"


def metered_price(charge: Charge, customer: Customer) -> MeteredPrice:
    """The price that this customer's subscription item has for a charge."""
    raised, suffix = _tax_inside(customer)
    tiers = charge.tiers[customer.currency]
    has_flat_fees = any(tier.flat_fee for tier in tiers)
    return MeteredPrice(
        price_id=ids.stripe_price(charge, customer.currency) + suffix,
        product=product_id(charge),
        name=charge.key,
        event_name=ids.stripe_event_name(charge),
        formula=charge.formula,
        model=charge.model,
        currency=customer.currency,
        tax_behavior="inclusive" if suffix else "exclusive",
        tiers=tuple(
            PriceTier(
                up_to=tier.up_to,
                unit_amount=minor_units(tier.unit_price * raised, customer.currency)
                * (charge.package_size if charge.model == "package" else 1),
                flat_amount=minor_units(tier.flat_fee * raised, customer.currency) if has_flat_fees else None,
            )
            for tier in tiers
        ),
        divide_by=charge.package_size,
    )


def fee_price(customer: Customer) -> FeePrice:
    """The licensed price of this customer's monthly fee."""
    raised, suffix = _tax_inside(customer)
    amount = minor_units(customer.monthly_fee, customer.currency)
    return FeePrice(
        price_id=f"price_fee_{customer.currency}_{decimal_text(amount)}{suffix}",
        currency=customer.currency,
        tax_behavior="inclusive" if suffix else "exclusive",
        unit_amount=amount * raised,
    )


def _tax_inside(customer: Customer) -> tuple[Decimal, str]:
    if not customer.tax_inclusive or not customer.tax_percent:
        return Decimal(1), ""
    return 1 + customer.tax_percent / 100, f"_incl{decimal_text(customer.tax_percent)}"
