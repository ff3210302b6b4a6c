"""Stripe's way with numbers: whole minor units, their rounding, decimal strings, Unix seconds."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

Halves = Literal["up", "even"]

_ZERO_DECIMAL = frozenset({"jpy"})
_ROUNDING = {"up": ROUND_HALF_UP, "even": ROUND_HALF_EVEN}
_ONE = Decimal(1)


def minor_units(amount: Decimal, currency: str) -> Decimal:
    """An amount in whole currency units as minor units, not yet rounded."""
    return amount if currency in _ZERO_DECIMAL else amount * 100


def rounded(amount: Decimal, halves: Halves = "up") -> int:
    """The nearest whole number; a half goes away from zero, or to the even number."""
    return int(amount.quantize(_ONE, rounding=_ROUNDING[halves]))


def decimal_text(number: Decimal) -> str:
    """A decimal as Stripe writes it in `*_decimal` fields: plain digits, no trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unix(moment: datetime) -> int:
    """Seconds since 1970 in UTC."""
    return int(moment.timestamp())
