-- One row per product and stretch of time with one quantity conversion.
-- inverse_factor is only a first guess where the conversion multiplies: the model that uses it corrects it.
with

changes as (
    select
        product_changes.account,
        product_changes.product_id,
        product_changes.conversion_factor,
        product_changes.conversion_operation,
        product_changes.valid_from_at
    from staging.stg_metronome__product_changes as product_changes
    where product_changes.conversion_factor is not null
)

select
    changes.account,
    changes.product_id,
    changes.conversion_factor,
    changes.conversion_operation,
    case
        -- A binary quotient has some sixteen good digits: a great one loses its places.
        when changes.conversion_factor < 1
            then
                cast(
                    cast(1 / changes.conversion_factor as decimal(32, 6))
                    as decimal(38, 12)
                )
        else cast(1 / changes.conversion_factor as decimal(38, 12))
    end as inverse_factor,
    changes.valid_from_at,
    coalesce(
        lead(changes.valid_from_at) over (
            partition by changes.account, changes.product_id
            order by changes.valid_from_at
        ),
        timestamp '9999-12-31 00:00:00'
    ) as valid_until_at
from changes
