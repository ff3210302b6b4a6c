-- One row per Stripe customer that was not asked for its usage in this run, because customers take turns.
-- Of those who are not here, everything was asked.
-- known_until: end of the days that were asked about when it was asked last; NULL when too little was ever read
-- is_aged: whether that was longer ago than a verdict may be old
-- counts_until: known_until, unless it is aged; what ends later, or settles later, is pending
with

run as (
    select * from control.run
),

ages as (
    select
        ages.*,
        ages.known_until is not null
        and (
            date_trunc('day', run.as_of)
            > ages.known_until + run.max_age_hours * interval 1 hour
            or coalesce(
                ages.put_off_at > ages.read_at + run.max_age_hours * interval 1 hour,
                true
            )
        ) as is_aged
    from control.usage_ages as ages
    cross join run
)

select
    ages.account,
    ages.stripe_customer_id,
    ages.known_until,
    ages.read_at,
    ages.is_aged,
    case when not ages.is_aged then ages.known_until end as counts_until
from ages
