"""Every cause that a finding can have: what it says, what to do next, and what can look the same.

Data only. The rules that find a cause are the models in sql/explain. control.causes and docs/causes.md are
made from this table (`python -m parity_pipeline.causes > docs/causes.md`).
"""

import re
import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Cause:
    """One cause by its code; texts are plain sentences."""

    code: str
    meaning: str
    next_step: str
    looks_like: str


CAUSES: Final = (
    Cause(
        "customer_unmapped",
        "No Metronome customer is linked to this Stripe customer, or two are, or the reverse.",
        "In Metronome, give the customer a billing provider configuration with the Stripe customer id, or"
        " the custom field stripe_customer_id, or the Stripe id as an ingest alias; or add a line to "
        "customers.csv (`parity explain CUSTOMER --suggest` proposes one). Where two customers claim one,"
        " remove the wrong claim.",
        "A customer that was never created in Metronome has no usage there at all; one without a link has.",
    ),
    Cause(
        "contract_missing",
        "The Metronome customer has no contract with a rate card, so nothing of its usage is billed.",
        "Create a contract on the right rate card that starts no later than the first usage, on the hour.",
        "A contract without a rate card, or an archived one, counts as none.",
    ),
    Cause(
        "contract_late",
        "The contract starts after usage that Stripe bills.",
        "Create a contract that starts at the beginning of the Stripe period and archive the late one, or "
        "set parallel_run.start to a period that the contract covers whole.",
        "Missing events in the first days also lower the first invoice; there the usage itself differs, "
        "here only the invoice does.",
    ),
    Cause(
        "contract_ended",
        "The contract ends before usage that Stripe bills.",
        "Move the end of the contract (ending_before) or create one that follows without a gap. In "
        "Stripe, see whether the subscription should have ended as well.",
        "A subscription that was cancelled in Stripe only shows the reverse: charges in Metronome alone.",
    ),
    Cause(
        "contract_overlap",
        "Two contracts of the customer bill the same usage.",
        "End or archive one of them, or give both usage filters that share no value.",
        "Usage that was sent twice doubles the usage as well; an overlap doubles only the invoice.",
    ),
    Cause(
        "events_missing",
        "Metronome counted less usage than Stripe on the days named.",
        "Send the events of these days again, with the transaction ids of the first attempt. Metronome "
        "takes events up to 34 days back; sending one twice within that time counts once. Look at what it"
        " rejected: event_type and customer id or alias must match exactly.",
        "In Stripe an event repeated after its identifier expired (24 hours at least) counts twice, so "
        "that Metronome seems to lack it.",
    ),
    Cause(
        "events_extra",
        "Metronome counted more usage than Stripe on the days named, Stripe's invoice left usage out that "
        "its meter has, or Metronome charges a product whose metric no Stripe meter is linked to.",
        "Look for events sent twice with different transaction ids, and for events that Stripe dropped "
        "later (error reports of the meter). Correct a sum with events of negative value; for usage that "
        "reached Stripe after its invoice was final, decide who bills it. Link the metric of a product that "
        "stands alone in meters.csv, or take the product off the contract.",
        "Events sent under another customer's id are extra for one and missing for the other.",
    ),
    Cause(
        "ingestion_gap",
        "All meters of a customer, or most customers, stop over the same days or hours.",
        "Find out why events did not reach Metronome in that time and send them all again within 34 days,"
        " with the same transaction ids.",
        "A customer that really used nothing is silent on both sides, and is no finding.",
    ),
    Cause(
        "period_shift",
        "The same usage falls in other periods, or on other days.",
        "Compare the contract's usage_statement_schedule (billing_anchor_date) with the subscription's "
        "billing_cycle_anchor. Where days are shifted, look for events whose timestamps are in local time"
        " instead of UTC.",
        "Missing events do not come back on a day near by; shifted ones do.",
    ),
    Cause(
        "aggregation_mismatch",
        "The billable metric adds up otherwise than the Stripe meter.",
        "Make a new billable metric with the meter's aggregation (sum SUM, count COUNT, last LATEST, max "
        "MAX) and the same property, and put the product on it: a metric's aggregation cannot be changed."
        " A new metric does not see older events; name its first day in [mapping] metric_starts.",
        "With one event a day, a sum and a last value are the same.",
    ),
    Cause(
        "quantity_conversion",
        "The product's quantity conversion or rounding is not the unit of the meter's price.",
        "Set quantity_conversion (factor, and whether it multiplies or divides) and quantity_rounding of "
        "the Metronome product so that one unit there is one unit of the Stripe price, packages included.",
        "A unit price that is wrong by just that factor leads to the same money.",
    ),
    Cause(
        "group_value_unrated",
        "Usage has a pricing group value that no rate is for; it is counted and not charged.",
        "Add a rate for that value to the rate card, or stop sending it. Rates match values exactly.",
        "A value that differs from a rated one only in case or spaces is group_value_case.",
    ),
    Cause(
        "group_value_case",
        "Usage has a pricing group value that differs only in case or spaces from a rated one, or from the "
        "one that meters.csv names.",
        "Send the value as the rate card and meters.csv spell it, or add this spelling to them.",
        "Two values that differ only in case may both be meant; then it is a value without a rate.",
    ),
    Cause(
        "product_not_entitled",
        "The customer uses a product that its contract does not rate.",
        "Entitle the product on the rate card, or by an override of the contract, from the first day of "
        "its usage; for a fixed charge, add its subscription or scheduled charge to the contract.",
        "A product that is rated for other group values is group_value_unrated.",
    ),
    Cause(
        "rate_mismatch",
        "The quantity is the same and the price of a unit is not.",
        "Compare the contract's rates (rate card and overrides) with the Stripe price of that period; a "
        "price that changed in Stripe needs a rate with the same starting_at, a trial an override to "
        "zero.",
        "A discount that was not carried over raises the price as well, by the coupon's amount.",
    ),
    Cause(
        "tier_mismatch",
        "The tiers charge other money for the same quantity.",
        "Compare the tiers: size in Metronome is a tier's width, up_to in Stripe its end. Metronome knows"
        " graduated tiers only: a volume price or a flat fee of a tier needs a rate or a charge of its "
        "own.",
        "Where all usage is in one tier with another price, the unit price is wrong, not the tiers.",
    ),
    Cause(
        "credit_missing",
        "Stripe applied credit that Metronome does not have.",
        "Create the prepaid commit (paid grant) or credit (promotional grant) with the balance that was "
        "left when the parallel run began, available from that day.",
        "Credit that exists but may not be spent on these products is credit_scope.",
    ),
    Cause(
        "credit_amount",
        "Both sides have the credit, with another amount or another end.",
        "Compare the grant's amount and expiry with the access schedule of the commit or credit, and "
        "correct it.",
        "Credit is also drawn less where the charges are lower; that carries the cause of the charges.",
    ),
    Cause(
        "credit_scope",
        "The credit applies to other products than in Stripe.",
        "Set the applicable products of the commit or credit to those of the grant's prices.",
        "The same total with another split over products is no difference of the invoice.",
    ),
    Cause(
        "credit_order",
        "Several credits are drawn in another order, so that one expires unused or covers other charges.",
        "Give commits and credits priorities in the order of the grants; the lowest number is drawn first in "
        "both. Without them Metronome goes by cost basis, scope and end, Stripe by end, and promotional "
        "before paid.",
        "A credit with another end is lost without any difference in order.",
    ),
    Cause(
        "discount_missing",
        "A Stripe coupon lowers the invoice and Metronome has no discount or override for it.",
        "Add a discount to the contract, or an override with the multiplier 1 minus the coupon's "
        "percentage, for the same time.",
        "A negotiated price that was not carried over is rate_mismatch; there Stripe's invoice has no "
        "discount.",
    ),
    Cause(
        "currency_mismatch",
        "Stripe bills in one currency and Metronome in another; both rows carry this cause.",
        "Put the customer's contract on a rate card whose fiat credit type is the subscription's currency.",
        "A customer who is billed in both currencies in Stripe needs a contract for each.",
    ),
    Cause(
        "currency_unit",
        "Amounts differ by the number of minor units in a unit: whole units were taken for cents, or the "
        "reverse.",
        "In Metronome, rates in USD are in cents and rates in any other currency in whole units. Enter "
        "the rate again in its unit.",
        "A conversion by a hundred has the same money; there the quantities show it.",
    ),
    Cause(
        "invoice_missing",
        "One side has no invoice for the period although both have usage.",
        "Look whether the contract generates invoices for that period (invoice_generation_starting_at, "
        "usage_statement_schedule), whether one was voided without another in its place, or whether the "
        "subscription was cancelled without a last invoice.",
        "Periods that are cut differently leave a period without a partner too: period_shift.",
    ),
    Cause(
        "double_billing",
        "Metronome pushed an invoice into Stripe while the customer's own subscription is billed there.",
        "Now: void that invoice in Stripe and in Metronome, and make the customer unbillable or remove "
        "the billing provider from its contract until the cutover.",
        "A draft that was never sent has charged nobody yet; it will.",
    ),
    Cause(
        "auto_charge_enabled",
        "A contract recharges its balance or charges at a spend threshold by itself, also for unbillable "
        "customers.",
        "Now: set is_enabled to false in the contract's prepaid_balance_threshold_configuration or "
        "spend_threshold_configuration; switch it on again after the cutover.",
        "",
    ),
    Cause(
        "unexplained",
        "No rule fits. The difference is shown as it is, and nothing is guessed.",
        "Look at the lines of both sides (`parity explain CUSTOMER`) and at the effects of the row; then "
        "report what it was, so that a rule can be made of it.",
        "",
    ),
)


def to_markdown() -> str:
    """docs/causes.md."""
    lines = [
        "# The causes",
        "",
        "Each finding in `parity.findings` has one of these codes, with a sentence and its numbers.",
        "The same table is in the published database as `control.causes`.",
        "This page is made by `python -m parity_pipeline.causes`.",
    ]
    for each in CAUSES:
        lines += ["", f"## {each.code}", "", *_sentences(each.meaning)]
        lines += ["", *_sentences(f"**Next step.** {each.next_step}")]
        lines += ["", *_sentences(f"**What looks the same.** {each.looks_like}")] if each.looks_like else []
    return "\n".join(lines) + "\n"


def _sentences(text: str) -> list[str]:
    """One sentence a line."""
    return re.split(r"(?<=[a-z0-9)]\.) (?=[A-Z])", text)


if __name__ == "__main__":
    sys.stdout.write(to_markdown())
