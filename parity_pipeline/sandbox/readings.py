"""Where the vendors' documents leave a rule open: the readings that the sandbox can be switched between.

The defaults are the likelier ones. The pipeline must be right whichever holds.
"""

from dataclasses import dataclass, field, fields
from typing import Literal


@dataclass(frozen=True)
class StripeReadings:
    """What is not certain about Stripe."""

    half_cents: Literal["up", "even"] = "up"
    """How a line's amount of exactly half a minor unit is rounded."""
    empty_summaries: Literal["absent", "zero"] = "absent"
    """Whether a window without events is left out of meter event summaries or is there with 0."""
    summaries_order: Literal["newest_first", "oldest_first"] = "newest_first"
    """The order of meter event summaries."""
    totals_net_of_credit: bool = True
    """Whether an invoice's `total` has credit grants taken off; `total_excluding_tax` always has."""
    zero_usage_lines: bool = True
    """Whether an item without usage has a line on a cycle invoice."""
    pretax_credit_amounts: Literal["listed", "null_without_credit"] = "listed"
    """Whether the list is null, instead of naming the discounts, on what no credit grant was applied to."""


@dataclass(frozen=True)
class MetronomeReadings:
    """What is not certain about Metronome."""

    rounding: Literal["after_conversion", "before_conversion"] = "after_conversion"
    """Whether a quantity is rounded in the priced unit, or in the raw unit before it is converted."""
    rounding_scope: Literal["period", "line"] = "period"
    """Whether what is rounded is the running quantity of the period or each line's own."""
    line_types: bool = True
    """Whether lines name their `type`."""
    deductions: Literal["negative", "positive"] = "negative"
    """The sign of ledger deductions."""
    empty_usage: Literal["null", "absent", "zero"] = "null"
    """What `/v1/usage` says of a window without events of a metric that the customer has used."""
    grace_hours: int = 24
    """How long after its period an invoice stays a draft."""
    credit_rates_in_dollars: bool = False
    """Whether `fiat_per_custom_credit` of a dollar rate card is in dollars instead of cents."""
    default_order: Literal["date_asc", "date_desc"] = "date_asc"
    """How invoices are listed when no `sort` is asked for."""
    scheduled_pass_period_filter: bool = True
    """Whether invoices without a service period come through a filter on `starting_on`."""
    pushed_metadata: Literal["metronome_invoice_id", "metronome_id", "metronome_customer_id"] = (
        "metronome_invoice_id"
    )
    """The key by which an invoice pushed into Stripe names where it is from."""


@dataclass(frozen=True)
class Readings:
    """One reading of every open rule."""

    stripe: StripeReadings = field(default_factory=StripeReadings)
    metronome: MetronomeReadings = field(default_factory=MetronomeReadings)


_OTHERS: tuple[StripeReadings | MetronomeReadings, ...] = (
    StripeReadings(half_cents="even"),
    StripeReadings(empty_summaries="zero"),
    StripeReadings(summaries_order="oldest_first"),
    StripeReadings(totals_net_of_credit=False),
    StripeReadings(zero_usage_lines=False),
    StripeReadings(pretax_credit_amounts="null_without_credit"),
    MetronomeReadings(rounding="before_conversion"),
    MetronomeReadings(rounding_scope="line"),
    MetronomeReadings(line_types=False),
    MetronomeReadings(deductions="positive"),
    MetronomeReadings(empty_usage="absent"),
    MetronomeReadings(empty_usage="zero"),
    MetronomeReadings(grace_hours=0),
    MetronomeReadings(credit_rates_in_dollars=True),
    MetronomeReadings(default_order="date_desc"),
    MetronomeReadings(scheduled_pass_period_filter=False),
    MetronomeReadings(pushed_metadata="metronome_id"),
    MetronomeReadings(pushed_metadata="metronome_customer_id"),
)


def _named(other: StripeReadings | MetronomeReadings) -> tuple[str, Readings]:
    """A reading by the one rule that it takes otherwise."""
    likely: StripeReadings | MetronomeReadings
    if isinstance(other, StripeReadings):
        side, likely, readings = "stripe", StripeReadings(), Readings(stripe=other)
    else:
        side, likely, readings = "metronome", MetronomeReadings(), Readings(metronome=other)
    changed = [each.name for each in fields(other) if getattr(other, each.name) != getattr(likely, each.name)]
    return ", ".join(f"{side}.{name}={getattr(other, name)}" for name in changed), readings


OTHER_READINGS: dict[str, Readings] = dict(_named(each) for each in _OTHERS)
"""Each other reading by its name, everything else as likely as it gets."""
