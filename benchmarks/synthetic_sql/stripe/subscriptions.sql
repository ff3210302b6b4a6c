select
    subscription_id as id,
    stripe_id as customer,
    'active' as status,
    {
        'data': list(
            {
                'id': 'si_' || lpad(customers.number::varchar, 7, '0') || '_' || meter,
                'price': {
                    'id': price_id,
                    'currency': 'usd',
                    'product': stripe_product_id,
                    'billing_scheme': case when is_graduated then 'tiered' else 'per_unit' end,
                    'active': true,
                    'tiers_mode': case when is_graduated then 'graduated' end,
                    'recurring': {
                        'interval': 'month', 'usage_type': 'metered', 'interval_count': 1, 'meter': meter_id
                    }
                },
                'current_period_start': start_unix,
                'current_period_end': end_unix
            }
        ),
        'has_more': false
    } as items,
    1735689600 as start_date,
    1735689600 as created,
    'usd' as currency
from customers
inner join (select number, month, start_unix, end_unix from periods where is_running) as running
    on customers.number = running.number
inner join used on running.number = used.number and running.month = used.month
inner join meters on used.meter_number = meters.number
group by subscription_id, stripe_id
order by subscription_id
