"""Rate cards and rates, listed and agreed, as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    Catalogue,
    Rate,
    RateCard,
    RateTier,
)
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR, DRAFTED_BEFORE, credit_type_json
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.units import (
    AI_CREDITS,
    credit_type,
    per_ai_credit,
    per_major_unit,
)
from parity_pipeline.sandbox.metronome_side.wire import Json, plain


def rate_card_json(card: RateCard, opened_at: datetime, *, rates_in_dollars: bool) -> Json:
    """A rate card; with `rates_in_dollars` the worth of a credit is given in dollars instead of cents."""
    conversions = []
    if card.is_in_credits:
        worth = per_ai_credit(card.currency)
        if rates_in_dollars and card.currency == "usd":
            worth /= per_major_unit("usd")
        shown_worth = format(plain(worth), "f")
        conversions = [
            {"custom_credit_type": credit_type_json(AI_CREDITS), "fiat_per_custom_credit": shown_worth}
        ]
    return {
        "id": card.id,
        "name": f"List prices {card.currency.upper()}{' in AI credits' if card.is_in_credits else ''}",
        "description": "What every customer pays unless a contract says otherwise",
        "fiat_credit_type": credit_type_json(credit_type(card.currency)),
        "credit_type_conversions": conversions,
        "aliases": [],
        "created_at": opened_at - DRAFTED_BEFORE,
        "created_by": CREATOR,
        "custom_fields": {},
    }


def rate_json(rate: Rate) -> Json:
    """A price."""
    shown: Json = {"rate_type": rate.rate_type, "credit_type": credit_type_json(rate.unit)}
    if rate.rate_type == "TIERED":
        shown["tiers"] = [_tier_json(tier) for tier in rate.tiers]
    else:
        shown["price"] = plain(rate.tiers[0].price)
    if rate.rate_type == "SUBSCRIPTION":
        shown |= {"quantity": 1, "is_prorated": False}
    return shown


def rate_card_rates(catalogue: Catalogue, card: RateCard, opened_at: datetime) -> list[Json]:
    """The rows of a rate card; nobody is entitled to its monthly fee but by an agreement."""
    fee = Rate(PLATFORM_FEE, (), (RateTier(Decimal(0)),), credit_type(card.currency))
    rows = [_row(rate, opened_at) | {"rate": rate_json(rate)} for rate in catalogue.rates[card.key]]
    return [*rows, _row(fee, opened_at) | {"rate": rate_json(fee), "entitled": False}]


def contract_rates(contract: Contract, opened_at: datetime, at: datetime) -> list[Json]:
    """What a contract is entitled to at an instant, with its overrides and how long they hold."""
    listed = (*contract.rates, *((contract.listed_fee,) if contract.has_platform_fee else ()))
    return [_contract_row(contract, rate, opened_at, at) for rate in listed]


def _contract_row(contract: Contract, listed: Rate, opened_at: datetime, at: datetime) -> Json:
    frequency = "ANNUAL" if contract.customer.interval == "year" else "MONTHLY"
    row = _row(listed, opened_at, frequency) | {
        "rate_card_id": contract.rate_card_id,
        "list_rate": rate_json(listed),
    }
    agreed = contract.agreed(listed, at)
    if agreed.tiers != listed.tiers:
        row["override_rate"] = rate_json(agreed)
    bounds = [
        bound
        for override in contract.overrides
        if override.fits(listed)
        for bound in (override.starts_at, override.ends_at)
        if bound is not None
    ]
    row["starting_at"] = max([opened_at, *(bound for bound in bounds if bound <= at)])
    ends_at = min((bound for bound in bounds if bound > at), default=None)
    return row if ends_at is None else row | {"ending_before": ends_at}


def _tier_json(tier: RateTier) -> Json:
    size = {} if tier.size is None else {"size": plain(tier.size)}
    return {"price": plain(tier.price)} | size


def _row(rate: Rate, opened_at: datetime, frequency: str = "MONTHLY") -> Json:
    shown: Json = {
        "product_id": rate.product.id,
        "product_name": rate.product.name,
        "product_tags": [],
        "product_custom_fields": {},
        "entitled": True,
        "starting_at": opened_at,
    }
    if rate.values:
        shown["pricing_group_values"] = dict(rate.values)
    if rate.rate_type == "SUBSCRIPTION":
        shown["billing_frequency"] = frequency
    return shown


def matches_any(row: Json, selectors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row of rates is asked for; without selectors every row is."""
    return not selectors or any(_matches(row, selector) for selector in selectors)


def _matches(row: Json, selector: Mapping[str, Any]) -> bool:
    values: Mapping[str, str] = row.get("pricing_group_values", {})
    partial: Mapping[str, str] = selector.get("partial_pricing_group_values") or {}
    frequency = selector.get("billing_frequency")
    return (
        selector.get("product_id") in (None, row["product_id"])
        and (frequency is None or str(frequency).upper() == row.get("billing_frequency"))
        and selector.get("pricing_group_values") in (None, values)
        and partial.items() <= values.items()
        and set(selector.get("product_tags") or ()) <= set(row["product_tags"])
    )
