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


def signed(unit: str, value: Decimal) -> str:
    """A difference: the same with a plus where it is one, `+12.34 USD`."""
    told = amount(unit, value)
    return f"+{told}" if value > 0 and not told.startswith("<") else told


def net_and_gross(unit: str, net: Decimal, gross: Decimal | None) -> str:
    """What a difference comes to, and what went both ways where some of it cancels out."""
    told = signed(unit, net)
    if gross is None or amount(unit, gross) == amount(unit, abs(net)):
        return told
    return f"{told} net, {amount(unit, gross)} gross"


def quantity(value: Decimal) -> str:
    """A number with thousands separators and no trailing zeros, at most six decimals."""
    text = f"{value.quantize(Decimal('0.000001'), rounding=ROUND_HALF_UP):,f}"
    text = text.rstrip("0").rstrip(".")
    return text if text not in {"0", "-0"} or value == 0 else f"{value.normalize():e}"


def percent(ratio: Decimal) -> str:
    """A ratio in percent, `0.85 %`, with as many digits as it takes not to read like a rounder one."""
    value = ratio * 100
    coarse = _half_up(value, places=2)
    shown = next(
        (
            candidate
            for candidate in (_half_up(value, places=places) for places in (2, 4, 6, 8, 10))
            if candidate == value or candidate != coarse
        ),
        value,
    )
    return f"{exact(shown)} %"


def exact(value: Decimal) -> str:
    """A decimal string for machines: every digit, no exponent, no trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 customer`, `2 customers`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def _rounded(value: Decimal, *, places: int) -> str:
    shown = _half_up(value, places=places)
    if shown == 0 and value != 0:
        return f"{'-' if value < 0 else ''}<{Decimal(1).scaleb(-places)}"
    return f"{shown:,f}"


def _half_up(value: Decimal, *, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
