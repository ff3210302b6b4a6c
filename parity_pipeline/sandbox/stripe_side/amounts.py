"""Stripe's way with numbers: whole minor units, half-up rounding, decimal strings, Unix seconds."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

_ZERO_DECIMAL = frozenset({"jpy"})


def minor_units(amount: Decimal, currency: str) -> Decimal:
    """An amount in whole currency units as minor units, not yet rounded."""
    return amount if currency in _ZERO_DECIMAL else amount * 100


def half_up(amount: Decimal) -> int:
    """The nearest whole number; a half goes away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def decimal_text(number: Decimal) -> str:
    """A decimal as Stripe writes it in `*_decimal` fields: plain digits, no trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unix(moment: datetime) -> int:
    """Seconds since 1970 in UTC."""
    return int(moment.timestamp())
