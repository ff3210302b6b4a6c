"""What every check is worked out from: the two readings, the links, and the terms of the comparison."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from parity_pipeline.sandbox.metronome_side.billing import keep_books, pushed_invoices
from parity_pipeline.sandbox.stripe_side.books import open_books
from parity_pipeline.sandbox.truth.billed import Account
from parity_pipeline.sandbox.truth.mapping import Meter, Pair, meters, pairs
from parity_pipeline.sandbox.truth.metronome_reading import MetronomeReading
from parity_pipeline.sandbox.truth.periods import Span, midnight
from parity_pipeline.sandbox.truth.rows import Check
from parity_pipeline.sandbox.truth.stripe_reading import StripeReading
from parity_pipeline.sandbox.world import World
from parity_pipeline.setting_sections import Thresholds


@dataclass(frozen=True)
class Terms:
    """Since when both systems run, the instant before which everything counts, and how much may differ."""

    start: datetime
    as_of: datetime
    thresholds: Thresholds

    @property
    def window(self) -> Span:
        """The whole UTC days that are compared."""
        return Span(self.start, midnight(self.as_of))

    def is_settled(self, check: Check, end: datetime) -> bool:
        """Whether something that ended then has had its time to settle."""
        return end + timedelta(hours=self.thresholds.of(check).settling_hours) <= self.as_of


@dataclass(frozen=True)
class Billing:
    """What both sides billed one pair of customers."""

    pair: Pair
    stripe: Account
    metronome: Account


class Scene:
    """A world as the checks look at it; the books are opened once."""

    def __init__(self, world: World, thresholds: Thresholds) -> None:
        """Open both sides' books."""
        self.world = world
        self.terms = Terms(world.company.parallel_start, world.now, thresholds)
        self.meters: tuple[Meter, ...] = meters(world)
        self.pushed = pushed_invoices(world)
        self.stripe = StripeReading(world, open_books(world, self.pushed), self.meters)
        self.metronome = MetronomeReading(keep_books(world), self.meters)

    @cached_property
    def billing(self) -> list[Billing]:
        """The customers that are compared, each with what was billed."""
        every = (
            Billing(
                pair,
                self.stripe.billed(pair.stripe) if pair.stripe else {},
                self.metronome.billed(pair.metronome.key) if pair.metronome else {},
            )
            for pair in pairs(self.world)
        )
        return [each for each in every if not self.is_already_moved(each)]

    def is_already_moved(self, billing: Billing) -> bool:
        """Whether Metronome bills the customer and Stripe has nothing metered in the window."""
        customer = billing.pair.stripe
        if customer is None or billing.pair.metronome is None:
            return False
        left_before = customer.ended_at is not None and customer.ended_at <= self.terms.start
        has_item = bool(customer.charges) and customer.started_at < self.terms.as_of and not left_before
        has_line = any(self.in_scope(span) and entries for span, entries in billing.stripe.items())
        has_charges = any(
            entry.net
            for span, entries in billing.metronome.items()
            if self.in_scope(span)
            for entry in entries.values()
        )
        return has_charges and not has_item and not has_line

    def in_scope(self, span: Span) -> bool:
        """Whether a billing period begins in the parallel run."""
        return self.terms.start <= span.start < self.terms.as_of
