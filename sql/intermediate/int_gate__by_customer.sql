-- One row per check, unit, cycle and customer where a settled row differs, with the sums that the gate's formula needs.
-- Where none does there is nothing to judge, and most customers have no other units and cycles.
-- scatter_squares is the number of rows inside their allowance where each may be off by one unit (money).
-- A waived row stays in the denominator, and adds nothing to the numerator.
with

settled as (
    select
        judged.*,
        -- The square must fit; no edge hour holds more.
        cast(least(judged.scatter_unit, 1000000000000) as decimal(18, 3))
            as bounded_scatter
    from intermediate.int_check_rows__judged as judged
    where judged.status <> 'pending'
),

-- Read from the rows themselves, so that those above pass through once.
differing as (
    select distinct
        judged.check_name,
        judged.unit,
        judged.cycle,
        judged.customer_number
    from intermediate.int_check_rows__judged as judged
    where judged.variance <> 0
)

select
    settled.check_name,
    settled.unit,
    settled.cycle,
    settled.customer_number,
    cast(coalesce(sum(abs(settled.expected_value)), 0) as decimal(38, 12))
        as gate_denominator,
    cast(
        coalesce(
            sum(abs(settled.variance)) filter (
                where settled.status <> 'waived' and not settled.is_inside_allowance
            ),
            0
        ) as decimal(38, 12)
    ) as outside_variance,
    cast(
        coalesce(
            sum(settled.lean) filter (
                where settled.status <> 'waived' and settled.is_inside_allowance
            ),
            0
        ) as decimal(38, 12)
    ) as inside_variance,
    cast(
        coalesce(
            sum(settled.bounded_scatter * settled.bounded_scatter) filter (
                where settled.status <> 'waived' and settled.is_inside_allowance
            ),
            0
        ) as decimal(38, 6)
    ) as scatter_squares
from settled
inner join differing
    on
        settled.check_name = differing.check_name
        and settled.unit is not distinct from differing.unit
        and settled.cycle = differing.cycle
        and settled.customer_number = differing.customer_number
group by
    settled.check_name,
    settled.unit,
    settled.cycle,
    settled.customer_number
