-- One row per money row in which both sides have an invoice and fixed charges differ, with the cause. Only with scope `all` are there any.
-- First that holds: the cause of the place (a contract that starts late or ended, shifted bounds); Metronome has no fixed charge, or lacks
-- just one of Stripe's (product_not_entitled: the contract does not hold it); the amounts are off by the number of minor units in a unit
-- (currency_unit); the same number of units for other money (rate_mismatch).
-- What looks the same: a charge that is billed in advance on one side and prorated on the other, or other seats; no code says so, and it is
-- unexplained, as is a charge that Metronome alone has.
-- share: Metronome's fixed charges less Stripe's, minor units of currency
-- evidence: both amounts and numbers of units
with

stripe_charges as (
    select
        segments.money_row,
        sum(segments.charged_minor_units) as charged,
        sum(segments.quantity) as quantity
    from explain.stripe_segments as segments
    where not segments.is_metered
    group by segments.money_row
),

metronome_charges as (
    select
        lines.money_row,
        sum(lines.amount_minor_units) as charged,
        sum(lines.billed_quantity) as quantity
    from explain.metronome_lines as lines
    where lines.line_kind = 'fixed_charge'
    group by lines.money_row
),

compared as (
    select
        money_rows.money_row,
        money_rows.currency,
        money_rows.minor_units_per_unit,
        coalesce(stripe_charges.charged, 0) as stripe_charged,
        coalesce(stripe_charges.quantity, 0) as stripe_quantity,
        coalesce(metronome_charges.charged, 0) as metronome_charged,
        coalesce(metronome_charges.quantity, 0) as metronome_quantity,
        metronome_charges.money_row is null as is_missing_in_metronome
    from explain.money_rows as money_rows
    left join stripe_charges on money_rows.money_row = stripe_charges.money_row
    left join metronome_charges on money_rows.money_row = metronome_charges.money_row
    where money_rows.presence = 'both'
),

lacking as (
    select distinct compared.money_row
    from compared
    inner join explain.stripe_segments as segments
        on
            compared.money_row = segments.money_row
            and not segments.is_metered
            and compared.stripe_charged - compared.metronome_charged
            = segments.charged_minor_units
)

select
    compared.money_row,
    case
        when placed.cause is not null then placed.cause
        when
            compared.stripe_charged <> 0
            and (compared.is_missing_in_metronome or lacking.money_row is not null)
            then 'product_not_entitled'
        when
            compared.minor_units_per_unit > 1
            and compared.stripe_charged <> 0
            and (
                compared.stripe_charged * compared.minor_units_per_unit
                = compared.metronome_charged
                or compared.metronome_charged * compared.minor_units_per_unit
                = compared.stripe_charged
            )
            then 'currency_unit'
        when
            compared.stripe_charged <> 0
            and compared.stripe_quantity = compared.metronome_quantity
            then 'rate_mismatch'
        else 'unexplained'
    end as cause,
    cast(compared.metronome_charged - compared.stripe_charged as decimal(38, 12))
        as share,
    coalesce(
        placed.evidence,
        'Stripe''s fixed charges come to '
        || money_text(compared.stripe_charged, compared.currency)
        || ' for '
        || quantity_text(compared.stripe_quantity)
        || ' units, Metronome''s to '
        || money_text(compared.metronome_charged, compared.currency)
        || ' for '
        || quantity_text(compared.metronome_quantity)
        || '.'
    ) as evidence
from compared
left join lacking on compared.money_row = lacking.money_row
left join explain.money_places as placed on compared.money_row = placed.money_row
where compared.stripe_charged <> compared.metronome_charged
