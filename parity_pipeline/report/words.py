"""The words of the report: what checks, exclusions and statuses are called, and what pages say alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parity_pipeline import amounts
from parity_pipeline.report.result import EffectBalance

CHECK_TITLES: Final = {
    "invoice_totals": "Invoice totals match",
    "line_item_quantities": "Line item quantities match",
    "credit_drawdowns": "Credit application matches",
    "contract_coverage": "All customers have contracts",
    "event_ingestion": "Event ingestion parity",
    "group_key_coverage": "Group key coverage",
}

VERDICT_MEANINGS: Final = {
    "GO": "Metronome would have billed what Stripe billed.",
    "NO_GO": "Metronome would not have billed what Stripe billed.",
    "UNDECIDED": "There is not enough to tell yet.",
}

CUSTOMER_STATUSES: Final = {
    "in_parity": "could be cut over today",
    "not_in_parity": "cannot be cut over yet",
    "pending": "nothing settled yet",
    "unmapped": "not linked to the other side",
    "already_on_metronome": "already billed by Metronome",
}


EFFECT_TITLES: Final = {
    "quantity": "other quantity",
    "price": "other price",
    "credit": "credit",
    "discount": "discount",
    "fixed_charge": "fixed charge",
    "unmatched_invoice": "invoice on one side only",
    "unmatched_line": "line on one side only",
    "currency": "other currency",
    "currency_unit": "whole units for minor units",
    "rounding": "rounding",
    "unattributed": "not attributed",
}


@dataclass(frozen=True)
class ReasonGroup:
    """The reasons that one check gives; `check` is empty for what is about no single check."""

    check: str
    reasons: tuple[str, ...]


def by_check(reasons: Sequence[str]) -> tuple[ReasonGroup, ...]:
    """A verdict's reasons, together where they are about one check, in the order of the first of each."""
    found: dict[str, list[str]] = {}
    for number, reason in enumerate(reasons):
        words = reason.split(" ", maxsplit=2)[:2]  # an account may stand before the check's name
        check = next((word for word in words if word in CHECK_TITLES), "")
        found.setdefault(check or str(number), []).append(reason)
    return tuple(
        ReasonGroup(key if key in CHECK_TITLES else "", tuple(group)) for key, group in found.items()
    )


def effect_title(effect: str) -> str:
    """An effect's code as words."""
    return EFFECT_TITLES.get(effect, effect.replace("_", " "))


def effects_line(effects: Sequence[EffectBalance]) -> str:
    """Whether the effects of all totals sum to their variances, with what is left; empty without effects."""
    if not effects:
        return ""
    totals = amounts.counted(sum(each.totals for each in effects), "total")
    left = ", ".join(
        f"{amounts.exact(each.residual)} minor units of {each.currency}" for each in effects if each.residual
    )
    return f"The effects of {totals} sum to the variances with a residual of {left or '0'}."


def exclusion(reason: str) -> str:
    """A reason's code as words."""
    return reason.replace("_", " ")
