"""Contracts as the API shows them."""

from collections.abc import Sequence

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import PLATFORM_FEE, PREPAID_CREDIT, Catalogue, Product
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR, rate_json
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.units import per_major_unit
from parity_pipeline.sandbox.metronome_side.wire import Json, plain


def contract_json(contract: Contract, catalogue: Catalogue, commits: Sequence[Json]) -> Json:
    """A contract with its commits; credits hang on the customer."""
    shown: Json = {
        "id": contract.id,
        "customer_id": contract.customer_id,
        "name": f"{contract.customer.name}{' (copy)' if contract.is_duplicate else ''}",
        "rate_card_id": contract.rate_card_id,
        "starting_at": contract.starts_at,
        "created_at": contract.starts_at,
        "created_by": CREATOR,
        "usage_statement_schedule": {"frequency": "MONTHLY", "billing_anchor_date": contract.anchor},
        "usage_filter": [],
        "overrides": _overrides(contract, catalogue),
        "commits": list(commits),
        "credits": [],
        "recurring_commits": [],
        "recurring_credits": [],
        "scheduled_charges": [],
        "subscriptions": _subscriptions(contract),
        "discounts": [],
        "transitions": [],
        "has_more": {"commits": False, "credits": False},
        "custom_fields": {},
    }
    if contract.ends_at is not None:
        shown["ending_before"] = contract.ends_at
    if contract.has_auto_recharge or commits:
        shown["prepaid_balance_threshold_configuration"] = _threshold(contract)
    return shown


def _overrides(contract: Contract, catalogue: Catalogue) -> list[Json]:
    offered = (*catalogue.usage_products.values(), *catalogue.flat_fee_products.values())
    unsold = [product for product in offered if product not in contract.products]
    found: list[Json] = []
    if unsold:
        found.append(_override(contract, "unsold", unsold) | {"entitled": False})
    if contract.multiplier != 1:
        change = {"type": "MULTIPLIER", "multiplier": plain(contract.multiplier), "target": "LIST_RATE"}
        found.append(_override(contract, "discount", contract.products) | change)
    if contract.platform_fee_rate is not None:
        rate = rate_json(contract.platform_fee_rate, contract.currency)
        change = {"type": "OVERWRITE", "overwrite_rate": rate, "entitled": True}
        found.append(_override(contract, "fee", [PLATFORM_FEE]) | change)
    return found


def _override(contract: Contract, kind: str, products: Sequence[Product]) -> Json:
    return {
        "id": metronome_id("override", contract.id, kind),
        "created_at": contract.starts_at,
        "starting_at": contract.starts_at,
        "override_specifiers": [{"product_id": product.id} for product in products],
    }


def _subscriptions(contract: Contract) -> list[Json]:
    found = [
        _subscription(contract, product, "ARREARS")
        for product in contract.products
        if product.kind == "SUBSCRIPTION"
    ]
    if contract.platform_fee:
        collected = "ADVANCE" if contract.is_fee_scheduled else "ARREARS"
        found.append(_subscription(contract, PLATFORM_FEE, collected))
    return found


def _subscription(contract: Contract, product: Product, collected: str) -> Json:
    return {
        "id": contract.subscription_id(product),
        "name": product.name,
        "collection_schedule": collected,
        "starting_at": contract.starts_at,
        "created_at": contract.starts_at,
        "proration": {"is_prorated": False, "invoice_behavior": "BILL_ON_NEXT_COLLECTION_DATE"},
        "quantity_management_mode": "QUANTITY_ONLY",
        "quantity_schedule": [{"quantity": 1, "starting_at": contract.starts_at}],
        "subscription_rate": {
            "billing_frequency": "MONTHLY",
            "product": {"id": product.id, "name": product.name},
        },
        "billing_periods": {},
        "custom_fields": {},
    }


def _threshold(contract: Contract) -> Json:
    """Auto-recharge; contracts with a prepaid commit have it set up, but switched off."""
    unit = per_major_unit(contract.currency)
    return {
        "is_enabled": contract.has_auto_recharge,
        "threshold_amount": plain(10 * unit),
        "recharge_to_amount": plain(100 * unit),
        "payment_gate_config": {"payment_gate_type": "STRIPE"},
        "commit": {"product_id": PREPAID_CREDIT.id, "name": "Automatic top-up"},
    }
