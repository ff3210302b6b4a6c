select
    price_id as id,
    'usd' as currency,
    stripe_product_id as product,
    case when is_graduated then 'tiered' else 'per_unit' end as billing_scheme,
    true as active,
    case when is_graduated then 'graduated' end as tiers_mode,
    case
        when is_graduated
            then list(
                {'up_to': upper_bound, 'unit_amount_decimal': unit_price::varchar, 'flat_amount_decimal': null}
                order by tier
            )
    end as tiers,
    case when not is_graduated then min(unit_price)::varchar end as unit_amount_decimal,
    {'interval': 'month', 'usage_type': 'metered', 'interval_count': 1, 'meter': meter_id} as recurring
from tiers
group by price_id, stripe_product_id, meter_id, is_graduated
order by price_id
