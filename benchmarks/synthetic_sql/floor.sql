-- What the hardware allows for a whole run: one query that reads the landed lines and usage of both sides and
-- fully joins them by customer, period or day, and meter.
with

links as (
    select customer_id, configuration.stripe_customer_id as stripe_customer_id
    from raw_metronome.billing_configurations
),

stripe_lines as (
    select
        invoices.customer,
        make_timestamp(lines.period.start * 1000000) as start_at,
        meters.event_name as meter,
        lines.amount
    from raw_stripe.invoice_lines as lines
    inner join raw_stripe.invoices as invoices on lines.invoice_id = invoices.id
    inner join raw_stripe.prices as prices on lines.pricing.price_details.price = prices.id
    inner join raw_stripe.meters as meters on prices.recurring.meter = meters.id
),

metronome_lines as (
    select
        links.stripe_customer_id,
        invoices.start_timestamp as start_at,
        invoices.line.name as meter,
        cast(invoices.line.total as decimal(38, 12)) as amount
    from (select customer_id, start_timestamp, unnest(line_items) as line from raw_metronome.invoices) as invoices
    inner join links on invoices.customer_id = links.customer_id
),

stripe_usage as (
    select
        summaries.customer_id,
        make_timestamp(summaries.start_time * 1000000) as start_at,
        meters.event_name as meter,
        cast(summaries.aggregated_value as decimal(38, 12)) as quantity
    from raw_stripe.meter_event_summaries as summaries
    inner join raw_stripe.meters as meters on summaries.meter = meters.id
),

metronome_usage as (
    select
        links.stripe_customer_id,
        usage_rows.start_timestamp as start_at,
        metrics.name as meter,
        cast(usage_rows.value as decimal(38, 12)) as quantity
    from raw_metronome.usage as usage_rows
    inner join links on usage_rows.customer_id = links.customer_id
    inner join raw_metronome.billable_metrics as metrics on usage_rows.billable_metric_id = metrics.id
)

select count(*) as pairs, sum(abs(stripe_lines.amount - metronome_lines.amount)) as difference
from stripe_lines
full outer join metronome_lines
    on
        stripe_lines.customer = metronome_lines.stripe_customer_id
        and stripe_lines.start_at = metronome_lines.start_at
        and stripe_lines.meter = metronome_lines.meter
union all
select count(*) as pairs, sum(abs(stripe_usage.quantity - metronome_usage.quantity)) as difference
from stripe_usage
full outer join metronome_usage
    on
        stripe_usage.customer_id = metronome_usage.stripe_customer_id
        and stripe_usage.start_at = metronome_usage.start_at
        and stripe_usage.meter = metronome_usage.meter
