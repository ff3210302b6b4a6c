"""Credit grants, balance transactions and balances, as Stripe's API writes them."""

from dataclasses import dataclass
from datetime import datetime

from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount, Grant, Movement
from parity_pipeline.sandbox.stripe_side.shelf import Json


@dataclass(frozen=True, slots=True)
class OwnedGrant:
    """A grant and Stripe's id of the customer who has it."""

    grant: Grant
    customer_id: str


@dataclass(frozen=True, slots=True)
class OwnedMovement:
    """A balance transaction, Stripe's id of the customer whose credit moved, and the currency."""

    movement: Movement
    customer_id: str
    currency: str


def grant_json(owned: OwnedGrant) -> Json:
    """One credit grant; Stripe shows no remaining amount on it."""
    grant = owned.grant
    scope: Json = {"price_type": "metered"}
    if grant.prices:
        scope = {"prices": [{"id": price} for price in grant.prices]}
    return {
        "id": grant.grant_id,
        "object": "billing.credit_grant",
        "amount": _monetary(grant.currency, grant.amount),
        "applicability_config": {"scope": scope},
        "category": grant.category,
        "created": unix(grant.effective_at),
        "customer": owned.customer_id,
        "customer_account": None,
        "effective_at": unix(grant.effective_at),
        "expires_at": unix(grant.expires_at) if grant.expires_at else None,
        "livemode": False,
        "metadata": {},
        "name": grant.name,
        "priority": grant.priority,
        "test_clock": None,
        "updated": unix(grant.voided_at or grant.effective_at),
        "voided_at": unix(grant.voided_at) if grant.voided_at else None,
    }


def movement_json(owned: OwnedMovement) -> Json:
    """One credit balance transaction."""
    movement = owned.movement
    amount = _monetary(owned.currency, movement.amount)
    place = {"invoice": movement.invoice_id, "invoice_line_item": movement.line_id}
    detail: Json = {"amount": amount, "type": movement.kind}
    if movement.is_debit:
        detail["credits_applied"] = place if movement.kind == "credits_applied" else None
    else:
        voided = movement.kind == "credits_application_invoice_voided"
        detail["credits_application_invoice_voided"] = place if voided else None
    return {
        "id": movement.movement_id,
        "object": "billing.credit_balance_transaction",
        "created": unix(movement.at),
        "credit": None if movement.is_debit else detail,
        "credit_grant": movement.grant_id,
        "debit": detail if movement.is_debit else None,
        "effective_at": unix(movement.at),
        "livemode": False,
        "test_clock": None,
        "type": "debit" if movement.is_debit else "credit",
    }


def balance_json(account: CreditAccount, customer_id: str, now: datetime, *, grant_id: str | None) -> Json:
    """What is left of all grants, or of one."""
    wanted = [grant for grant in account.grants if grant_id in (None, grant.grant_id)]
    left = sum(account.balance(grant.grant_id, now) for grant in wanted)
    amounts = [_monetary(grant.currency, left) for grant in wanted[:1]]
    return {
        "object": "billing.credit_balance_summary",
        "balances": [{"available_balance": amount, "ledger_balance": amount} for amount in amounts],
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
    }


def _monetary(currency: str, value: int) -> Json:
    return {"type": "monetary", "monetary": {"currency": currency, "value": value}}
