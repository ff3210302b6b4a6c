"""Commits and credits as the API shows them."""

from datetime import datetime

from parity_pipeline.sandbox.metronome_side.catalogue import PREPAID_CREDIT
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR, credit_type_json
from parity_pipeline.sandbox.metronome_side.credits import Balance, LedgerEntry
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.metronome_side.wire import Json, plain

_LEDGER_PREFIX = {"PREPAID": "PREPAID_COMMIT", "POSTPAID": "POSTPAID_COMMIT", "CREDIT": "CREDIT"}


def balance_json(balance: Balance) -> Json:
    """A commit or credit without its balance and ledger."""
    shown: Json = {
        "id": balance.id,
        "type": balance.kind,
        "rate_type": "LIST_RATE",
        "name": balance.name,
        "priority": balance.priority,
        "product": {"id": PREPAID_CREDIT.id, "name": PREPAID_CREDIT.name},
        "applicable_product_ids": list(balance.product_ids),
        "access_schedule": {
            "credit_type": credit_type_json(credit_type(balance.currency)),
            "schedule_items": [
                {
                    "id": balance.segment_id,
                    "amount": plain(balance.amount),
                    "starting_at": balance.starts_at,
                    "ending_before": balance.ends_at,
                }
            ],
        },
        "created_at": balance.starts_at,
        "created_by": CREATOR,
        "custom_fields": {},
    }
    if balance.contract_id is not None:
        shown["contract"] = {"id": balance.contract_id}
    if balance.kind == "PREPAID":
        shown["invoice_schedule"] = {"schedule_items": [], "do_not_invoice": True}
    if balance.successor is not None:
        shown["rollover_fraction"] = 1
    if balance.rolled_over_from is not None and balance.contract_id is not None:
        shown["rolled_over_from"] = {
            "commit_id": balance.rolled_over_from,
            "contract_id": balance.contract_id,
        }
    return shown


def ledger_json(balance: Balance, *, positive_deductions: bool) -> list[Json]:
    """What happened to a commit or credit; the sign of deductions can be either."""
    return [_entry_json(balance, each, positive_deductions=positive_deductions) for each in balance.ledger]


def _entry_json(balance: Balance, entry: LedgerEntry, *, positive_deductions: bool) -> Json:
    is_deduction = entry.suffix == "AUTOMATED_INVOICE_DEDUCTION"
    shown: Json = {
        "type": f"{_LEDGER_PREFIX[balance.kind]}_{entry.suffix}",
        "amount": plain(abs(entry.amount) if is_deduction and positive_deductions else entry.amount),
        "timestamp": entry.at,
    }
    if entry.suffix != "INITIAL_BALANCE":
        shown["segment_id"] = balance.segment_id
    if entry.suffix == "ROLLOVER":
        return shown | {"new_contract_id": entry.contract_id}
    if entry.invoice_id is not None:
        shown["invoice_id"] = entry.invoice_id
        shown |= {} if entry.contract_id is None else {"contract_id": entry.contract_id}
    return shown


def held_at(balance: Balance, now: datetime) -> Json:
    """What the balance is now."""
    return {"balance": plain(balance.at(now))}
