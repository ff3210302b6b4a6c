"""Faults in contracts, customers, invoices and periods; what must never happen; and what is harmless."""

from collections.abc import Sequence

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.fault_choice import plain, with_trait
from parity_pipeline.sandbox.fault_edits import marked, marked_in_stripe
from parity_pipeline.sandbox.fault_model import (
    COVERAGE,
    GROUPS,
    INGESTION,
    QUANTITIES,
    TOTALS,
    Amount,
    Fault,
)
from parity_pipeline.sandbox.fault_scene import Scene


def _starts_late(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    scene.world.metronome_quirks.contract_starts_at |= dict.fromkeys(keys, scene.last_month[0])


def _ended(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    scene.world.metronome_quirks.contract_ends_at |= dict.fromkeys(keys, scene.last_month[0])


def _nobody(_: Scene, __: Amount) -> tuple[str, ...]:
    return ()


def _nothing(_: Scene, __: Sequence[str], ___: Amount) -> None:
    """Leave the world as it is."""


def _from_mid_month(customer: Customer) -> bool:
    return 8 <= customer.started_at.day <= 23


_MONEY = frozenset({QUANTITIES, TOTALS})
_UNCOVERED = frozenset({COVERAGE, GROUPS, *_MONEY})
_UNKNOWN = frozenset({COVERAGE, INGESTION, *_MONEY})
_SAFE = frozenset[str]()
CONTRACT_FAULTS = (
    Fault("contract_missing", "A customer has no contract.",
          _UNCOVERED, "contract_missing", plain, marked("no_contract")),
    Fault("contract_late", "A contract starts a month after the parallel run.",
          _UNCOVERED, "contract_late", plain, _starts_late),
    Fault("contract_ended", "A contract ended a month into the parallel run.",
          _UNCOVERED, "contract_ended", plain, _ended),
    Fault("contract_overlap", "Two contracts bill the same usage.",
          frozenset({COVERAGE, *_MONEY}), "contract_overlap", plain, marked("second_contract")),
    Fault("customer_unmapped", "Nothing in Metronome names the Stripe customer.",
          _UNKNOWN, "customer_unmapped", plain, marked("unlinked_customers")),
    Fault("customer_absent", "A customer was never created in Metronome.",
          _UNKNOWN, "customer_unmapped", plain, marked("absent_customers")),
    Fault("customer_claimed_twice", "Two customers in Metronome name the same Stripe customer.",
          _UNKNOWN, "customer_unmapped", plain, marked("claimed_twice")),
    Fault("invoice_missing", "Metronome made no invoice for last month.",
          _MONEY, "invoice_missing", plain, marked("missing_last_invoice")),
    Fault("invoice_missing_in_stripe", "Stripe made no invoice for last month.",
          _MONEY, "invoice_missing", plain, marked_in_stripe("missing_last_invoice")),
    Fault("period_shift", "Metronome bills by calendar month what Stripe bills from the middle of it.",
          _MONEY, "period_shift", with_trait("started_at", has=_from_mid_month), marked("calendar_anchored")),
    Fault("double_billing", "Metronome pushed an invoice for a period that Stripe bills itself.",
          _SAFE, "double_billing", plain, marked("pushed_invoices"), safety=True),
    Fault("auto_charge_enabled", "A contract recharges its prepaid balance by itself.",
          _SAFE, "auto_charge_enabled", plain, marked("auto_recharge"), safety=True),
    Fault("spend_threshold_enabled", "A contract charges by itself when a spend threshold is reached.",
          _SAFE, "auto_charge_enabled", plain, marked("spend_threshold"), safety=True),
)  # fmt: skip  # a table: one entry, one row
HARMLESS = (
    Fault("clean", "Nothing is wrong.", _SAFE, "", _nobody, _nothing, reaches=()),
    Fault("invoice_draft", "Metronome's invoice of last month is still a draft.",
          _SAFE, "", plain, marked("draft_last_invoice")),
    Fault("invoice_revised", "Stripe's last invoice was voided and issued again.",
          _SAFE, "", plain, marked_in_stripe("voided_and_revised")),
    Fault("threshold_billed", "Stripe billed last month in two invoices.",
          _SAFE, "", plain, marked_in_stripe("threshold_billed")),
)  # fmt: skip  # a table: one entry, one row
