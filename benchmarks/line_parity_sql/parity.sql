-- The way of the models: sums of an invoice first, with a checksum of its lines, then the lines of those that differ.
with

stripe_invoices as (
    select
        customer,
        period,
        count(*) as lines,
        sum(quantity) as quantity,
        sum(amount) as amount,
        sum(hash(meter, group_values, quantity, amount)) as checksum
    from stripe
    group by customer, period
),

metronome_invoices as (
    select
        customer,
        period,
        count(*) as lines,
        sum(quantity) as quantity,
        sum(amount) as amount,
        sum(hash(meter, group_values, quantity, amount)) as checksum
    from metronome
    group by customer, period
),

compared as (
    select
        coalesce(stripe_invoices.customer, metronome_invoices.customer) as customer,
        coalesce(stripe_invoices.period, metronome_invoices.period) as period,
        stripe_invoices.lines,
        coalesce(
            stripe_invoices.lines = metronome_invoices.lines
            and stripe_invoices.quantity = metronome_invoices.quantity
            and stripe_invoices.amount = metronome_invoices.amount
            and stripe_invoices.checksum = metronome_invoices.checksum,
            false
        ) as is_equal
    from stripe_invoices
    full outer join metronome_invoices
        on
            stripe_invoices.customer = metronome_invoices.customer
            and stripe_invoices.period = metronome_invoices.period
),

differing as (
    select customer, period from compared
    where not is_equal
),

stripe_lines as (
    select stripe.*
    from stripe
    semi join differing on stripe.customer = differing.customer and stripe.period = differing.period
),

metronome_lines as (
    select metronome.*
    from metronome
    semi join differing on metronome.customer = differing.customer and metronome.period = differing.period
),

drilled as (
    select
        count(*) filter (
            where
            stripe_lines.quantity = metronome_lines.quantity and stripe_lines.amount = metronome_lines.amount
        ) as equal_lines,
        count(*) filter (
            where
            stripe_lines.quantity <> metronome_lines.quantity or stripe_lines.amount <> metronome_lines.amount
        ) as differing_lines,
        count(*) filter (where metronome_lines.customer is null) as only_stripe,
        count(*) filter (where stripe_lines.customer is null) as only_metronome
    from stripe_lines
    full outer join metronome_lines
        on
            stripe_lines.customer = metronome_lines.customer
            and stripe_lines.period = metronome_lines.period
            and stripe_lines.meter = metronome_lines.meter
            and stripe_lines.group_values = metronome_lines.group_values
)

select
    drilled.equal_lines
    + (select coalesce(sum(compared.lines), 0) from compared where compared.is_equal) as equal_lines,
    drilled.differing_lines,
    drilled.only_stripe,
    drilled.only_metronome
from drilled
