-- One row per row of event_ingestion of a breaching customer, equal or not, with both values as numbers.
-- expected_usage: Stripe's value, an absent one counting 0
-- actual_usage: Metronome's value, an absent one counting 0
-- usage_gain: actual_usage minus expected_usage; 0 where they match to fifteen digits
select
    judged.account,
    judged.customer_key,
    judged.stripe_customer_id,
    judged.metronome_customer_id,
    judged.meter,
    judged.period_start,
    judged.period_end,
    judged.usage_date,
    judged.status,
    coalesce(judged.expected_value, cast(0 as decimal(38, 12))) as expected_usage,
    coalesce(judged.actual_value, cast(0 as decimal(38, 12))) as actual_usage,
    case
        when judged.status = 'match' then cast(0 as decimal(38, 12))
        else judged.variance
    end as usage_gain
from intermediate.int_check_rows__judged as judged
inner join explain.breaching_customers as breaching
    on
        judged.account = breaching.account
        and judged.customer_key = breaching.customer_key
where judged.check_name = 'event_ingestion'
