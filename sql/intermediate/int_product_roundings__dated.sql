-- One row per product and stretch of time with one quantity rounding.
-- rounding_step is the smallest billed quantity: 1 for whole units, 0.01 for two places.
with

changes as (
    select
        product_changes.account,
        product_changes.product_id,
        product_changes.rounding_method,
        product_changes.rounding_decimal_places,
        product_changes.valid_from_at
    from staging.stg_metronome__product_changes as product_changes
    where product_changes.rounding_decimal_places is not null
)

select
    changes.account,
    changes.product_id,
    changes.rounding_method,
    cast(
        '1e-' || cast(changes.rounding_decimal_places as varchar) as decimal(38, 12)
    ) as rounding_step,
    changes.valid_from_at,
    coalesce(
        lead(changes.valid_from_at) over (
            partition by changes.account, changes.product_id
            order by changes.valid_from_at
        ),
        timestamp '9999-12-31 00:00:00'
    ) as valid_until_at
from changes
