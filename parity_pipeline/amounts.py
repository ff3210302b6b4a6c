"""Amounts, quantities, ratios and counts as people read them. Display only: nothing here decides anything."""

from decimal import ROUND_HALF_UP, Decimal

from parity_pipeline.money import MINOR_UNITS_PER_UNIT

_DECIMALS = {1: 0, 100: 2, 1000: 3}


def amount(unit: str, value: Decimal | None) -> str:
    """A value in its unit: money by its currency, `1,234.50 USD`; anything else as a quantity."""
    if value is None:
        return "-"
    factor = MINOR_UNITS_PER_UNIT.get(unit)
    if factor is None:
        return f"{quantity(value)} {unit}"
    return f"{_rounded(value / factor, places=_DECIMALS[factor])} {unit.upper()}"


def bare(unit: str, value: Decimal | None) -> str:
    """The same without the name of a unit that is no currency, for tables that have a column for it."""
    return "-" if value is None else amount(unit, value).removesuffix(f" {unit}")


def quantity(value: Decimal) -> str:
    """A number with thousands separators and no trailing zeros, at most six decimals."""
    text = f"{value.quantize(Decimal('0.000001'), rounding=ROUND_HALF_UP):,f}"
    text = text.rstrip("0").rstrip(".")
    return text if text not in {"0", "-0"} or value == 0 else f"{value.normalize():e}"


def percent(ratio: Decimal) -> str:
    """A ratio in percent: `0.85 %`; never rounded across a difference smaller than it shows."""
    value = ratio * 100
    shown = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    if shown != value and abs(value) < 100:
        shown = value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return f"{shown:,f}".rstrip("0").rstrip(".") + " %" if "." in f"{shown:f}" else f"{shown:,f} %"


def exact(value: Decimal) -> str:
    """A decimal string for machines: every digit, no exponent, no trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 customer`, `2 customers`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def _rounded(value: Decimal, *, places: int) -> str:
    step = Decimal(1).scaleb(-places)
    shown = value.quantize(step, rounding=ROUND_HALF_UP)
    if shown == 0 and value != 0:
        return f"{'-' if value < 0 else ''}<{step}"
    return f"{shown:,f}"
