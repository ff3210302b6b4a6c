-- One row per row of event_ingestion of a breaching customer, equal or not, with both values as numbers.
-- Days and periods that Stripe was not asked about, because it was not the customer's turn, are left out: nobody knows them.
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
left join intermediate.int_usage__put_off as put_off
    on
        judged.account = put_off.account
        and judged.customer_key = put_off.stripe_customer_id
where
    judged.check_name = 'event_ingestion'
    and (
        put_off.account is null
        or coalesce(
            judged.period_end, cast(judged.usage_date as timestamp) + interval 1 day
        ) <= put_off.known_until
    )
