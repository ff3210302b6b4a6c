-- One row per account, check, unit, cycle and customer with breaches, the three with the greatest variance each.
-- rank: 1 for the greatest absolute variance
-- variance: sum of the variances of the customer's breaching rows in the cycle
with

breaches as (
    select
        breaching.check_name,
        breaching.unit,
        breaching.cycle,
        breaching.account,
        breaching.customer_key,
        breaching.stripe_customer_id,
        breaching.metronome_customer_id,
        cast(sum(breaching.variance) as decimal(38, 12)) as variance,
        sum(abs(breaching.variance)) as gross_variance
    from intermediate.int_check_rows__breaching as breaching
    group by
        breaching.check_name,
        breaching.unit,
        breaching.cycle,
        breaching.account,
        breaching.customer_key,
        breaching.stripe_customer_id,
        breaching.metronome_customer_id
),

ranked as (
    select
        breaches.*,
        row_number() over (
            partition by
                breaches.account,
                breaches.check_name,
                breaches.unit,
                breaches.cycle
            order by
                breaches.gross_variance desc,
                breaches.customer_key asc
        ) as customer_rank
    from breaches
)

select
    ranked.check_name,
    ranked.unit,
    ranked.cycle,
    ranked.customer_rank as rank,
    ranked.account,
    ranked.stripe_customer_id,
    ranked.metronome_customer_id,
    ranked.variance
from ranked
where ranked.customer_rank <= 3
