"""What the pretend company sells, and in which combinations."""

from decimal import Decimal

from parity_pipeline.sandbox.facts import CURRENCIES, Charge, Tier

BUNDLES: tuple[tuple[str, ...], ...] = (
    ("api_calls",),
    ("api_calls", "tokens"),
    ("tokens", "storage_gb"),
    ("minutes", "messages"),
    ("api_calls", "gpu_a100", "gpu_h100"),
    ("tokens", "minutes", "storage_gb"),
    ("api_calls", "tokens", "messages", "storage_gb"),
    ("api_calls", "audit_log", "bandwidth_gb"),
)
"""What customers buy together."""


def _per_unit(usd: str, eur: str, jpy: str) -> dict[str, tuple[Tier, ...]]:
    prices = zip(CURRENCIES, (usd, eur, jpy), strict=True)
    return {currency: (Tier(None, Decimal(price)),) for currency, price in prices}


def _steps(first: int, last: int, **prices: tuple[str, str, str, str]) -> dict[str, tuple[Tier, ...]]:
    """Three tiers a currency: a flat fee and a price for the first, then the other two prices."""
    return {
        currency: (
            Tier(first, Decimal(price), Decimal(fee)),
            Tier(last, Decimal(middle)),
            Tier(None, Decimal(top)),
        )
        for currency, (fee, price, middle, top) in prices.items()
    }


def charges() -> dict[str, Charge]:
    """Every charge by its key."""
    minutes = _steps(
        1000,
        10_000,
        usd=("9", "0", "0.036", "0.02"),
        eur=("8", "0", "0.032", "0.018"),
        jpy=("900", "0", "4", "2"),
    )
    bandwidth = _steps(
        500_000, 5_000_000, usd=("0", "0.08", "0.07", "0.06"), eur=("0", "0.072", "0.064", "0.055"),
        jpy=("0", "11", "9", "8"),
    )  # fmt: skip  # a table: one entry, one row
    listed = (
        Charge("api_calls", "api_calls", "sum", "per_unit", _per_unit("0.002", "0.0018", "0.3"),
               varies_by="region"),
        Charge("audit_log", "api_calls", "sum", "per_unit", _per_unit("0.0004", "0.00035", "0.05"),
               beside="api_calls"),
        Charge("tokens", "tokens", "sum", "per_unit", _per_unit("0.000003", "0.0000025", "0.0004"),
               quoted_per=1_000_000, split_by="team"),
        Charge("minutes", "minutes", "sum", "graduated", minutes),
        Charge("messages", "messages", "count", "package", _per_unit("0.05", "0.04", "7"),
               package_size=50),
        Charge("storage_gb", "storage_gb", "last", "per_unit", _per_unit("0.10", "0.09", "15")),
        Charge("bandwidth_gb", "bandwidth_gb", "sum", "volume", bandwidth),
        Charge("gpu_a100", "gpu_seconds", "sum", "per_unit", _per_unit("0.0011", "0.001", "0.17"),
               dimension="gpu", dimension_value="a100"),
        Charge("gpu_h100", "gpu_seconds", "sum", "per_unit", _per_unit("0.0029", "0.0027", "0.44"),
               dimension="gpu", dimension_value="h100"),
    )  # fmt: skip  # a table: one entry, one row
    return {charge.key: charge for charge in listed}
