-- One row per day of explain.shift_bands of a meter that is higher on some days, lower on others and not wholly shifted, with what is
-- missing or extra besides a shift. The sum of it stays where it is as long as the band allows, and goes no further than it must: so the
-- shift explains as much as it can, and whatever does not come back on a day near by is something else.
-- other_gain: what must be missing (negative) or extra on that day besides the shift, raw units
-- shifted_gain: the rest of the day's difference, raw units
with recursive

bands as (
    select * from explain.shift_bands
),

-- One sum for all days would be a shift and nothing else.
mixed as (
    select
        bands.account,
        bands.customer_key,
        bands.meter
    from bands
    group by bands.account, bands.customer_key, bands.meter
    having
        min(bands.usage_gain) < 0
        and max(bands.usage_gain) > 0
        and max(bands.least_other) filter (where bands.direction = 'late')
        > min(bands.greatest_other) filter (where bands.direction = 'late')
        and max(bands.least_other) filter (where bands.direction = 'early')
        > min(bands.greatest_other) filter (where bands.direction = 'early')
),

-- least_sum and greatest_sum bound the sum: one value from the day on that something else is needed.
walked as (
    select
        bands.account,
        bands.customer_key,
        bands.meter,
        bands.direction,
        cast(0 as bigint) as step,
        cast(null as date) as usage_date,
        cast(0 as decimal(38, 12)) as usage_gain,
        cast(least(bands.crossed, 0) as decimal(38, 12)) as least_sum,
        cast(greatest(bands.crossed, 0) as decimal(38, 12)) as greatest_sum,
        cast(0 as decimal(38, 12)) as other_gain
    from bands
    inner join mixed
        on
            bands.account = mixed.account
            and bands.customer_key = mixed.customer_key
            and bands.meter = mixed.meter
    where bands.step = 1
    union all
    select
        bands.account,
        bands.customer_key,
        bands.meter,
        bands.direction,
        bands.step,
        bands.usage_date,
        bands.usage_gain,
        least(
            greatest(
                walked.least_sum, coalesce(bands.least_other, walked.least_sum)
            ),
            bands.greatest_other
        ) as least_sum,
        greatest(
            least(walked.greatest_sum, bands.greatest_other),
            coalesce(bands.least_other, bands.greatest_other)
        ) as greatest_sum,
        cast(
            greatest(coalesce(bands.least_other - walked.greatest_sum, 0), 0)
            + least(bands.greatest_other - walked.least_sum, 0) as decimal(38, 12)
        ) as other_gain
    from walked
    inner join bands
        on
            walked.account = bands.account
            and walked.customer_key = bands.customer_key
            and walked.meter = bands.meter
            and walked.direction = bands.direction
            and walked.step + 1 = bands.step
)

select
    walked.account,
    walked.customer_key,
    walked.meter,
    walked.direction,
    walked.usage_date,
    walked.other_gain,
    walked.usage_gain - walked.other_gain as shifted_gain
from walked
where walked.step > 0
