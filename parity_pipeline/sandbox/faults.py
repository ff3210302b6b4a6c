"""What can go wrong in a migration: how to bring it about, which checks must see it, and its cause.

`fails` names exactly the checks that fail; every other check must still pass. A fault with `safety` set is a
safety hit. One without either must change nothing: the run stays as good as clean.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from parity_pipeline.sandbox.company import Customer, Tier
from parity_pipeline.sandbox.fault_edits import (
    between,
    change_price,
    change_property,
    days,
    drop_events,
    last_month,
    mid_month,
    plain,
    repeat_events,
    scale_credit,
    tell_metronome,
    victims,
    without_credit,
)
from parity_pipeline.sandbox.world import World

TOTALS, QUANTITIES, CREDITS = "invoice_totals", "line_item_quantities", "credit_drawdowns"
COVERAGE, INGESTION, GROUPS = "contract_coverage", "event_ingestion", "group_key_coverage"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; `cause` is the code that explains it, if anything is to be explained."""

    name: str
    summary: str
    fails: frozenset[str]
    cause: str
    apply: Callable[[World], None]
    safety: bool = False


def _events_missing(world: World) -> None:
    keys = victims(world, wanted=plain(world, "api_calls"), turn=0)
    drop_events(world.metronome.events, wanted=between(keys, *last_month(world), "api_calls"), every=3)


def _events_extra(world: World) -> None:
    keys = victims(world, wanted=plain(world, "tokens"), turn=1)
    repeat_events(world.metronome.events, wanted=between(keys, *last_month(world), "tokens"), every=3)


def _ingestion_gap(world: World) -> None:
    keys = victims(world, wanted=plain(world, "api_calls", "tokens"), turn=2)
    gap = days(last_month(world)[0], 7, 7)
    drop_events(world.metronome.events, wanted=between(keys, *gap))


def _events_missing_running(world: World) -> None:
    """Only the running month: no invoice is wrong yet, but the daily counts already are."""
    keys = victims(world, wanted=plain(world, "api_calls"), turn=3)
    drop_events(
        world.metronome.events, wanted=between(keys, last_month(world)[1], world.company.as_of, "api_calls")
    )


def _contract_missing(world: World) -> None:
    world.metronome_quirks.no_contract |= victims(world, wanted=plain(world), turn=4)


def _contract_late(world: World) -> None:
    starts_at = last_month(world)[0]
    keys = victims(world, wanted=plain(world), turn=5)
    world.metronome_quirks.contract_starts_at |= dict.fromkeys(keys, starts_at)


def _contract_ended(world: World) -> None:
    ends_at = last_month(world)[0]
    keys = victims(world, wanted=plain(world), turn=6)
    world.metronome_quirks.contract_ends_at |= dict.fromkeys(keys, ends_at)


def _contract_overlap(world: World) -> None:
    world.metronome_quirks.second_contract |= victims(world, wanted=plain(world), turn=7)


def _group_value_case(world: World) -> None:
    keys = victims(world, wanted=plain(world, "api_calls"), turn=4)
    wanted = between(keys, *last_month(world), "api_calls")
    change_property(world.metronome.events, wanted=wanted, name="region", change=str.upper)


def _group_value_unrated(world: World) -> None:
    keys = victims(world, wanted=plain(world, "api_calls"), turn=5)
    wanted = between(keys, *last_month(world), "api_calls")
    change_property(world.metronome.events, wanted=wanted, name="region", change=lambda _: "sa")
    world.metronome_quirks.unrated_values.setdefault("api_calls", set()).add("sa")


def _quantity_conversion(world: World) -> None:
    world.metronome_quirks.conversion_factor["tokens"] = Decimal(1000)
    without_credit(world, lambda each: "tokens" in each.charges)


def _rate_mismatch(world: World) -> None:
    change_price(
        world, "gpu_h100", "usd", lambda tier: replace(tier, unit_price=tier.unit_price * Decimal("1.25"))
    )


def _tier_mismatch(world: World) -> None:
    def narrower(tier: Tier) -> Tier:
        return replace(tier, up_to=100) if tier.up_to == 1000 else tier

    change_price(world, "minutes", "usd", narrower)


def _discount_missing(world: World) -> None:
    keys = [
        each.key for each in world.company.customers.values() if each.discount_percent and not each.credits
    ]
    tell_metronome(world, keys, lambda each: replace(each, discount_percent=Decimal(0)))


def _currency_unit(world: World) -> None:
    world.metronome_quirks.amounts_as_minor_units.add("eur")
    without_credit(world, lambda each: each.currency == "eur")


def _currency_mismatch(world: World) -> None:
    def in_dollars(customer: Customer) -> bool:
        return customer.currency == "usd" and plain(world)(customer)

    keys = victims(world, wanted=in_dollars, turn=2)
    tell_metronome(world, keys, lambda each: replace(each, currency="eur"))


def _customer_unmapped(world: World) -> None:
    world.metronome_quirks.unlinked_customers |= victims(world, wanted=plain(world), turn=8)


def _customer_absent(world: World) -> None:
    world.metronome_quirks.absent_customers |= victims(world, wanted=plain(world), turn=9)


def _invoice_missing(world: World) -> None:
    world.metronome_quirks.missing_last_invoice |= victims(world, wanted=plain(world), turn=10)


def _period_shift(world: World) -> None:
    world.metronome_quirks.calendar_anchored |= victims(world, wanted=mid_month)


def _aggregation_mismatch(world: World) -> None:
    world.metronome_quirks.aggregation["storage_gb"] = "SUM"
    without_credit(world, lambda each: "storage_gb" in each.charges)


def _product_not_entitled(world: World) -> None:
    keys = victims(world, wanted=lambda each: plain(world)(each) and "gpu_a100" in each.charges, turn=1)
    tell_metronome(
        world,
        keys,
        lambda each: replace(
            each, charges=tuple(charge for charge in each.charges if not charge.startswith("gpu_"))
        ),
    )


def _double_billing(world: World) -> None:
    world.metronome_quirks.pushed_invoices |= victims(world, wanted=plain(world), turn=11)


def _auto_charge_enabled(world: World) -> None:
    world.metronome_quirks.auto_recharge |= victims(world, wanted=plain(world), turn=12)


def _invoice_draft(world: World) -> None:
    world.metronome_quirks.draft_last_invoice |= victims(world, wanted=plain(world), turn=13)


def _invoice_revised(world: World) -> None:
    world.stripe_quirks.voided_and_revised |= victims(world, wanted=plain(world), turn=14)


def _threshold_billed(world: World) -> None:
    world.stripe_quirks.threshold_billed |= victims(world, wanted=plain(world), turn=15)


def _nothing(_: World) -> None:
    """Leave the world as it is."""


_MONEY = (TOTALS, QUANTITIES)
_FAULTS = (
    Fault("clean", "Nothing is wrong.", frozenset(), "", _nothing),
    Fault("events_missing", "A third of a customer's API calls of last month never reached Metronome.",
          frozenset({INGESTION, *_MONEY}), "events_missing", _events_missing),
    Fault("events_missing_running", "A customer's API calls stopped reaching Metronome this month.",
          frozenset({INGESTION}), "events_missing", _events_missing_running),
    Fault("events_extra", "Some of last month's token events were sent to Metronome twice.",
          frozenset({INGESTION, *_MONEY}), "events_extra", _events_extra),
    Fault("ingestion_gap", "Nothing of a customer reached Metronome for a week.",
          frozenset({INGESTION, *_MONEY}), "ingestion_gap", _ingestion_gap),
    Fault("contract_missing", "A customer has no contract.",
          frozenset({COVERAGE, GROUPS, *_MONEY}), "contract_missing", _contract_missing),
    Fault("contract_late", "A contract starts a month after the parallel run.",
          frozenset({COVERAGE, GROUPS, *_MONEY}), "contract_late", _contract_late),
    Fault("contract_ended", "A contract ended a month into the parallel run.",
          frozenset({COVERAGE, GROUPS, *_MONEY}), "contract_ended", _contract_ended),
    Fault("contract_overlap", "Two contracts bill the same usage.",
          frozenset({COVERAGE, *_MONEY}), "contract_overlap", _contract_overlap),
    Fault("product_not_entitled", "A contract leaves out a product that the customer uses.",
          frozenset({GROUPS, *_MONEY}), "product_not_entitled", _product_not_entitled),
    Fault("group_value_case", "A customer's events name regions in capitals; the price list does not.",
          frozenset({GROUPS, *_MONEY}), "group_value_case", _group_value_case),
    Fault("group_value_unrated", "A customer uses a region that has no rate.",
          frozenset({GROUPS, *_MONEY}), "group_value_unrated", _group_value_unrated),
    Fault("quantity_conversion", "Tokens are divided by a thousand but priced by the million.",
          frozenset({TOTALS}), "quantity_conversion", _quantity_conversion),
    Fault("rate_mismatch", "One GPU costs a quarter more in Metronome, in dollars.",
          frozenset({TOTALS}), "rate_mismatch", _rate_mismatch),
    Fault("tier_mismatch", "The first tier of minutes is narrower in Metronome, in dollars.",
          frozenset({TOTALS}), "tier_mismatch", _tier_mismatch),
    Fault("credit_missing", "Paid credit was not carried over.",
          frozenset({CREDITS, TOTALS}), "credit_missing", partial(scale_credit, factor=Decimal(0))),
    Fault("credit_amount", "A tenth of the paid credit was carried over.",
          frozenset({CREDITS, TOTALS}), "credit_amount", partial(scale_credit, factor=Decimal("0.1"))),
    Fault("discount_missing", "Discounts were not carried over.",
          frozenset({TOTALS}), "discount_missing", _discount_missing),
    Fault("currency_unit", "Euro rates were entered in cents; Metronome takes whole euros.",
          frozenset({TOTALS}), "currency_unit", _currency_unit),
    Fault("currency_mismatch", "A dollar customer has a contract in euros.",
          frozenset({TOTALS}), "currency_mismatch", _currency_mismatch),
    Fault("customer_unmapped", "Nothing in Metronome names the Stripe customer.",
          frozenset({COVERAGE, INGESTION, *_MONEY}), "customer_unmapped", _customer_unmapped),
    Fault("customer_absent", "A customer was never created in Metronome.",
          frozenset({COVERAGE, INGESTION, *_MONEY}), "customer_unmapped", _customer_absent),
    Fault("invoice_missing", "Metronome made no invoice for last month.",
          frozenset(_MONEY), "invoice_missing", _invoice_missing),
    Fault("period_shift", "Metronome bills by calendar month what Stripe bills from the fifteenth.",
          frozenset(_MONEY), "period_shift", _period_shift),
    Fault("aggregation_mismatch", "Storage is added up in Metronome; Stripe takes the last value.",
          frozenset({INGESTION, *_MONEY}), "aggregation_mismatch", _aggregation_mismatch),
    Fault("double_billing", "Metronome pushed an invoice for a period that Stripe bills itself.",
          frozenset(), "double_billing", _double_billing, safety=True),
    Fault("auto_charge_enabled", "A contract recharges its prepaid balance by itself.",
          frozenset(), "auto_charge_enabled", _auto_charge_enabled, safety=True),
    Fault("invoice_draft", "Metronome's invoice of last month is still a draft.",
          frozenset(), "", _invoice_draft),
    Fault("invoice_revised", "Stripe's last invoice was voided and issued again.",
          frozenset(), "", _invoice_revised),
    Fault("threshold_billed", "Stripe billed last month in two invoices.",
          frozenset(), "", _threshold_billed),
)  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _FAULTS}


def apply_faults(world: World, names: Iterable[str]) -> None:
    """Bring these faults about, one after the other; an unknown name is refused before any is."""
    chosen = list(names)
    unknown = [name for name in chosen if name not in FAULTS]
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    for name in chosen:
        FAULTS[name].apply(world)
