"""Contracts as the API shows them."""

from collections.abc import Sequence
from datetime import datetime

from parity_pipeline.sandbox.metronome_side.catalogue import PLATFORM_FEE, PREPAID_CREDIT, Product
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR
from parity_pipeline.sandbox.metronome_side.contracts import Contract, Period
from parity_pipeline.sandbox.metronome_side.overrides import Override, Specifier
from parity_pipeline.sandbox.metronome_side.rates_json import rate_json
from parity_pipeline.sandbox.metronome_side.units import per_major_unit
from parity_pipeline.sandbox.metronome_side.wire import Json, plain


def contract_json(contract: Contract, commits: Sequence[Json], now: datetime) -> Json:
    """A contract with its commits; credits hang on the customer."""
    shown: Json = {
        "id": contract.id,
        "customer_id": contract.customer_id,
        "name": f"{contract.customer.name}{' (copy)' if contract.is_duplicate else ''}",
        "rate_card_id": contract.rate_card_id,
        "starting_at": contract.starts_at,
        "created_at": contract.starts_at,
        "created_by": CREATOR,
        "usage_statement_schedule": {
            "frequency": _frequency(contract),
            "billing_anchor_date": contract.anchor,
        },
        "usage_filter": [],
        "overrides": [_override(each) for each in contract.overrides],
        "multiplier_override_prioritization": "LOWEST_MULTIPLIER",
        "commits": list(commits),
        "credits": [],
        "recurring_commits": [],
        "recurring_credits": [],
        "scheduled_charges": [],
        "subscriptions": _subscriptions(contract, now),
        "discounts": [],
        "transitions": [],
        "has_more": {"commits": False, "credits": False},
        "custom_fields": {},
    }
    if contract.ends_at is not None:
        shown["ending_before"] = contract.ends_at
    if contract.has_auto_recharge or any(commit["type"] == "PREPAID" for commit in commits):
        shown["prepaid_balance_threshold_configuration"] = _recharge(contract)
    if contract.has_spend_threshold:
        shown["spend_threshold_configuration"] = _spend_threshold(contract)
    return shown


def _frequency(contract: Contract) -> str:
    return "ANNUAL" if contract.customer.interval == "year" else "MONTHLY"


def _override(override: Override) -> Json:
    shown: Json = {
        "id": override.id,
        "created_at": override.starts_at,
        "starting_at": override.starts_at,
        "override_specifiers": [_specifier(each) for each in override.specifiers],
    }
    if override.ends_at is not None:
        shown["ending_before"] = override.ends_at
    if override.kind == "UNENTITLED":
        return shown | {"entitled": False}
    if override.rate is None:
        multiplier = plain(override.multiplier)
        return shown | {"type": "MULTIPLIER", "multiplier": multiplier, "target": "LIST_RATE"}
    change = {"type": "OVERWRITE", "overwrite_rate": rate_json(override.rate), "target": "LIST_RATE"}
    return shown | change | ({"entitled": True} if override.rate.product == PLATFORM_FEE else {})


def _specifier(specifier: Specifier) -> Json:
    shown: Json = {"product_id": specifier.product.id}
    return shown | ({"pricing_group_values": dict(specifier.values)} if specifier.values else {})


def _subscriptions(contract: Contract, now: datetime) -> list[Json]:
    found = [
        _subscription(contract, product, "ARREARS", now)
        for product in contract.products
        if product.kind == "SUBSCRIPTION"
    ]
    if contract.has_platform_fee:
        collected = "ADVANCE" if contract.is_fee_scheduled else "ARREARS"
        found.append(_subscription(contract, PLATFORM_FEE, collected, now))
    return found


def _subscription(contract: Contract, product: Product, collected: str, now: datetime) -> Json:
    is_prorated = product == PLATFORM_FEE and contract.customer.fee_change is not None
    shown: Json = {
        "id": contract.subscription_id(product),
        "name": product.name,
        "collection_schedule": collected,
        "starting_at": contract.starts_at,
        "created_at": contract.starts_at,
        "proration": {"is_prorated": is_prorated, "invoice_behavior": "BILL_ON_NEXT_COLLECTION_DATE"},
        "quantity_management_mode": "QUANTITY_ONLY",
        "quantity_schedule": [{"quantity": 1, "starting_at": contract.starts_at}],
        "subscription_rate": {
            "billing_frequency": _frequency(contract),
            "product": {"id": product.id, "name": product.name},
        },
        "billing_periods": _billing_periods(list(contract.periods(now))[-2:], now),
        "custom_fields": {},
    }
    return shown if contract.ends_at is None else shown | {"ending_before": contract.ends_at}


def _billing_periods(periods: Sequence[Period], now: datetime) -> Json:
    """The running period and the one before it."""
    running = periods[-1] if periods and now < periods[-1].end else None
    before = periods[:-1] if running else periods
    named = {"previous": before[-1] if before else None, "current": running}
    return {
        name: {"starting_at": period.start, "ending_before": period.end}
        for name, period in named.items()
        if period is not None
    }


def _recharge(contract: Contract) -> Json:
    """Auto-recharge; contracts with a prepaid commit have it set up, but switched off."""
    unit = per_major_unit(contract.currency)
    return {
        "is_enabled": contract.has_auto_recharge,
        "threshold_amount": plain(10 * unit),
        "recharge_to_amount": plain(100 * unit),
        "payment_gate_config": {"payment_gate_type": "STRIPE"},
        "commit": {"product_id": PREPAID_CREDIT.id, "name": "Automatic top-up"},
    }


def _spend_threshold(contract: Contract) -> Json:
    """A charge as soon as so much was used, whatever the invoice says."""
    return {
        "is_enabled": True,
        "threshold_amount": plain(500 * per_major_unit(contract.currency)),
        "payment_gate_config": {"payment_gate_type": "STRIPE"},
        "commit": {"product_id": PREPAID_CREDIT.id, "name": "Spend threshold"},
    }
