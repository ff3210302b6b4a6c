"""Metronome's units of money and the arithmetic they need; no prices and no rules of billing.

Dollars are kept in cents, every other currency in whole units. Amounts are exact and are never rounded
except on the way into Stripe.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from parity_pipeline.sandbox.ids import metronome_id

EXACT = Context(prec=60)
"""Wide enough for every product of a price and a quantity that the sandbox makes."""

CREDITS_PER_MAJOR_UNIT = Decimal(100)
"""How many AI credits one dollar, euro or yen is worth."""


@dataclass(frozen=True)
class CreditType:
    """A currency, or a custom pricing unit, as Metronome names it."""

    id: str
    name: str


_USD = CreditType("2714e483-4ff1-48e4-9e25-ac732e8f24f2", "USD (cents)")
_NO_MINOR_UNIT = frozenset({"jpy", "krw"})

AI_CREDITS = CreditType(metronome_id("credit-type", "ai-credits"), "AI credits")
"""The custom pricing unit that some rate cards are written in."""


def credit_type(currency: str) -> CreditType:
    """The credit type of a currency given by its lower-case ISO code."""
    return _USD if currency == "usd" else CreditType(metronome_id("credit-type", currency), currency.upper())


def per_major_unit(currency: str) -> Decimal:
    """How many of Metronome's units make one dollar, euro or yen."""
    return Decimal(100) if currency == "usd" else Decimal(1)


def per_ai_credit(currency: str) -> Decimal:
    """What one AI credit is worth, in Metronome's unit of the currency."""
    return per_major_unit(currency) / CREDITS_PER_MAJOR_UNIT


def minor_units_per_major(currency: str) -> Decimal:
    """How many of Stripe's minor units make one dollar, euro or yen."""
    return Decimal(1) if currency in _NO_MINOR_UNIT else Decimal(100)


def to_minor_units(amount: Decimal, currency: str) -> int:
    """An amount in Metronome's unit as whole minor units, halves away from zero."""
    scaled = amount * minor_units_per_major(currency) / per_major_unit(currency)
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=EXACT))
