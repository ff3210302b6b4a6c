-- One row per Stripe billing period with a meter whose metric began to see events only after the period began.
select distinct
    lines.account,
    lines.stripe_customer_id as customer_key,
    lines.period_start as stripe_start,
    lines.period_end as stripe_end
from intermediate.int_stripe_lines__periodised as lines
inner join intermediate.int_meters__started as metric_starts
    on
        lines.account = metric_starts.account
        and lines.meter = metric_starts.meter
where cast(lines.period_start as date) < metric_starts.starts_on
