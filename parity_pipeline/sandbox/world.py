"""What each pretend vendor was told: the same facts, until a fault changes one side's.

No rating here either. A fault (see faults.py) edits one `Told`; the vendor's side then works from it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from parity_pipeline.sandbox.company import build_company
from parity_pipeline.sandbox.facts import Charge, Company, Customer, UsageEvent
from parity_pipeline.sandbox.readings import Readings
from parity_pipeline.sandbox.usage_events import stray_events, usage_events


@dataclass
class Told:
    """One vendor's copy of the facts. Edit freely: it is not shared with the other side."""

    charges: dict[str, Charge]
    customers: dict[str, Customer]
    events: list[UsageEvent]


@dataclass
class StripeQuirks:
    """Things only Stripe's side can have wrong or special. Keys are customer keys."""

    voided_and_revised: set[str] = field(default_factory=set)
    """The last closed invoice was voided and issued again as a revision with the same lines."""
    threshold_billed: set[str] = field(default_factory=set)
    """The last closed period was billed in two invoices: a threshold invoice and the cycle invoice."""
    missing_last_invoice: set[str] = field(default_factory=set)
    """The last closed period was never billed: its draft was deleted."""


@dataclass
class MetronomeQuirks:
    """Things only Metronome's side can have wrong or special. Keys are customer keys."""

    absent_customers: set[str] = field(default_factory=set)
    """Not in Metronome at all."""
    unlinked_customers: set[str] = field(default_factory=set)
    """In Metronome, but nothing there names the Stripe customer."""
    no_contract: set[str] = field(default_factory=set)
    """Usage arrives, but there is no contract, hence no invoice."""
    contract_starts_at: dict[str, datetime] = field(default_factory=dict)
    """The contract starts then instead of at the customer's start."""
    contract_ends_at: dict[str, datetime] = field(default_factory=dict)
    """The contract ends then."""
    second_contract: set[str] = field(default_factory=set)
    """A second contract on the same rate card bills the same usage again."""
    calendar_anchored: set[str] = field(default_factory=set)
    """Billed by calendar month although Stripe bills from another day."""
    unrated_values: dict[str, set[str]] = field(default_factory=dict)
    """Charge key -> values of its `varies_by` property that the rate card has no rate for."""
    missing_last_invoice: set[str] = field(default_factory=set)
    """The last closed period has no invoice."""
    draft_last_invoice: set[str] = field(default_factory=set)
    """The last closed period's invoice is still a draft."""
    pushed_invoices: set[str] = field(default_factory=set)
    """The last closed invoice was pushed into Stripe although Stripe bills the period itself."""
    auto_recharge: set[str] = field(default_factory=set)
    """The contract has an enabled prepaid balance threshold."""
    aggregation: dict[str, str] = field(default_factory=dict)
    """Event name -> Metronome aggregation type that its metric has instead of the right one."""
    amounts_as_minor_units: set[str] = field(default_factory=set)
    """Currencies whose rates were entered in minor units although Metronome wants whole units."""
    amounts_as_major_units: set[str] = field(default_factory=set)
    """Currencies whose rates were entered in whole units although Metronome wants minor units (dollars)."""
    rounded_up: set[str] = field(default_factory=set)
    """Charge keys whose product rounds quantities up to a whole priced unit although Stripe bills parts."""
    claimed_twice: set[str] = field(default_factory=set)
    """A second, unused Metronome customer names the same Stripe customer in its custom field."""
    spend_threshold: set[str] = field(default_factory=set)
    """The contract charges by itself when a spend threshold is reached."""
    conversion_factor: dict[str, Decimal] = field(default_factory=dict)
    """Charge key -> divisor of the product's quantity conversion instead of `quoted_per`; the rate stays."""


@dataclass
class World:
    """The company and what each vendor was told about it, looked at when the world's clock says `now`.

    Neither vendor shows anything that happens later: events it has not received, periods that have not ended.
    """

    company: Company
    stripe: Told
    metronome: Told
    now: datetime
    stripe_quirks: StripeQuirks = field(default_factory=StripeQuirks)
    metronome_quirks: MetronomeQuirks = field(default_factory=MetronomeQuirks)
    readings: Readings = field(default_factory=Readings)

    def at(self, moment: datetime) -> "World":
        """The same world when its clock says `moment`, which must not lie after the company's `as_of`."""
        if moment > self.company.as_of:
            raise ValueError(f"this company is known until {self.company.as_of}, not until {moment}")
        return replace(self, now=moment)


def build_world(
    *,
    seed: int,
    as_of: datetime,
    customers: int = 60,
    accounts: int = 1,
    readings: Readings | None = None,
) -> World:
    """A world in which both vendors were told the truth; its clock says `as_of`."""
    company = build_company(seed=seed, as_of=as_of, customers=customers, accounts=accounts)
    events = [*usage_events(company), *stray_events(company)]
    return World(
        company=company,
        stripe=Told(dict(company.charges), dict(company.customers), list(events)),
        metronome=Told(dict(company.charges), dict(company.customers), list(events)),
        now=company.as_of,
        readings=readings or Readings(),
    )


@dataclass(frozen=True)
class PushedInvoice:
    """An invoice that Metronome pushed into Stripe, as Stripe was asked to create it."""

    stripe_invoice_id: str
    metronome_invoice_id: str
    customer: str
    currency: str
    amount_minor_units: int
    created_at: datetime
