-- One row per linked customer, product and pricing group value seen in usage.
-- expected is the usage quantity in the window, actual the part of it that has a rate.
-- Kept as a view: it only renames what int_group_usage__rated holds.
select
    'group_key_coverage' as check_name,
    rated.customer_number,
    cast(null as varchar) as currency,
    cast(null as varchar) as meter,
    rated.product,
    rated.pricing_group_values,
    cast(null as timestamp) as period_start,
    cast(null as timestamp) as period_end,
    cast(null as date) as usage_date,
    rated.product as unit,
    rated.expected_value,
    rated.actual_value,
    cast(0 as decimal(38, 12)) as allowance,
    cast(0 as decimal(38, 12)) as rounds_up_by,
    cast(0 as decimal(38, 12)) as rounds_down_by,
    cast(1 as decimal(38, 12)) as scatter_unit,
    true as is_settled,
    false as is_forced_breach,
    false as is_from_floats
from intermediate.int_group_usage__rated as rated
where not rated.is_passed_over
