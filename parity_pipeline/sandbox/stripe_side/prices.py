"""What a charge costs in Stripe: metered prices in minor units, and the licensed prices of fees.

A customer who is quoted prices with tax inside, pays by the year, or negotiated, has other price objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Charge, Customer, Formula, Interval, PriceModel
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, minor_units
from parity_pipeline.sandbox.stripe_side.periods import months_of

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
    interval: Interval = "month"


@dataclass(frozen=True)
class FeePrice:
    """The licensed price of a fee, in minor units before rounding."""

    price_id: str
    currency: str
    tax_behavior: TaxBehavior
    unit_amount: Decimal
    interval: Interval = "month"


FEE_PRODUCT = "prod_platform_fee"


def product_id(charge: Charge) -> str:
    """Stripe's product behind a charge."""
    return f"prod_{charge.key}"


def meter_id(event_name: str) -> str:
    """Stripe's meter of an event name."""
    return f"mtr_{event_name}"


def metered_price(charge: Charge, customer: Customer) -> MeteredPrice:
    """The price that this customer's subscription item has for a charge when the subscription begins."""
    factor = customer.negotiated.get(charge.key)
    own = "" if factor is None else f"_c{customer.key}"
    return _metered(charge, customer, own=own, factor=Decimal(1) if factor is None else factor)


def changed_price(charge: Charge, customer: Customer) -> MeteredPrice | None:
    """The price that the item has after the customer's price change, when that is about this charge."""
    change = customer.price_change
    if change is None or change.charge != charge.key:
        return None
    return _metered(charge, customer, own=f"_c{customer.key}_changed", factor=change.factor)


def metered_prices(charge: Charge, customer: Customer) -> list[MeteredPrice]:
    """Every price that this customer's item ever has for a charge."""
    later = changed_price(charge, customer)
    return [metered_price(charge, customer), *([later] if later else [])]


def fee_prices(customer: Customer) -> list[FeePrice]:
    """The licensed prices of this customer's fee, the first one and the later one."""
    later = customer.fee_change
    amounts = [customer.monthly_fee, *([later.monthly_fee] if later else [])]
    return [_fee(customer, amount) for amount in amounts if amount]


def fee_price(customer: Customer, at: datetime) -> FeePrice | None:
    """The licensed price of this customer's fee from an instant on, if there is a fee then."""
    later = customer.fee_change
    amount = later.monthly_fee if later is not None and later.at <= at else customer.monthly_fee
    return _fee(customer, amount) if amount else None


@dataclass
class PriceBook:
    """Every price that was asked for, made once; filled while customers are billed."""

    charges: Mapping[str, Charge]
    metered: dict[str, MeteredPrice] = field(default_factory=dict)
    fees: dict[str, FeePrice] = field(default_factory=dict)
    _shared: dict[tuple[str, ...], MeteredPrice] = field(default_factory=dict)

    def starting(self, charge: str, customer: Customer) -> MeteredPrice:
        """The price of a charge when the subscription begins."""
        if charge in customer.negotiated:
            return self._kept(metered_price(self.charges[charge], customer))
        place = (charge, customer.currency, _suffix(customer))
        if place not in self._shared:
            self._shared[place] = self._kept(metered_price(self.charges[charge], customer))
        return self._shared[place]

    def changed(self, charge: str, customer: Customer) -> MeteredPrice | None:
        """The price of a charge after the customer's price change, if it changes."""
        later = changed_price(self.charges[charge], customer)
        return self._kept(later) if later else None

    def add_all(self, customer: Customer) -> None:
        """Make every price that this customer has or will have."""
        for charge in customer.charges:
            self.starting(charge, customer)
            self.changed(charge, customer)
        self.fees |= {fee.price_id: fee for fee in fee_prices(customer)}

    def _kept(self, price: MeteredPrice) -> MeteredPrice:
        return self.metered.setdefault(price.price_id, price)


def _metered(charge: Charge, customer: Customer, *, own: str, factor: Decimal) -> MeteredPrice:
    currency, tiers = customer.currency, charge.tiers[customer.currency]
    factor *= _raised(customer)
    has_flat_fees = any(tier.flat_fee for tier in tiers)
    return MeteredPrice(
        price_id=ids.stripe_price(charge, currency) + _suffix(customer) + own,
        product=product_id(charge),
        name=charge.key,
        event_name=ids.stripe_event_name(charge),
        formula=charge.formula,
        model=charge.model,
        currency=currency,
        tax_behavior=_tax_behavior(customer),
        tiers=tuple(
            PriceTier(
                up_to=tier.up_to,
                unit_amount=minor_units(tier.unit_price * factor, currency)
                * (charge.package_size if charge.model == "package" else 1),
                flat_amount=minor_units(tier.flat_fee * factor, currency) if has_flat_fees else None,
            )
            for tier in tiers
        ),
        divide_by=charge.package_size,
        interval=customer.interval,
    )


def _fee(customer: Customer, monthly_fee: Decimal) -> FeePrice:
    amount = minor_units(monthly_fee, customer.currency) * months_of(customer)
    return FeePrice(
        price_id=f"price_fee_{customer.currency}_{decimal_text(amount)}{_suffix(customer)}",
        currency=customer.currency,
        tax_behavior=_tax_behavior(customer),
        unit_amount=amount * _raised(customer),
        interval=customer.interval,
    )


def _has_tax_inside(customer: Customer) -> bool:
    return customer.tax_inclusive and bool(customer.tax_percent)


def _tax_behavior(customer: Customer) -> TaxBehavior:
    return "inclusive" if _has_tax_inside(customer) else "exclusive"


def _raised(customer: Customer) -> Decimal:
    return 1 + customer.tax_percent / 100 if _has_tax_inside(customer) else Decimal(1)


def _suffix(customer: Customer) -> str:
    """What sets the id of the customer's prices apart from the list price's."""
    yearly = "_year" if customer.interval == "year" else ""
    return yearly + (f"_incl{decimal_text(customer.tax_percent)}" if _has_tax_inside(customer) else "")
