select
    stripe_invoice_id as id,
    'paid' as status,
    'usd' as currency,
    stripe_id as customer,
    end_unix as created,
    'subscription_cycle' as billing_reason,
    {'type': 'subscription_details', 'subscription_details': {'subscription': subscription_id}} as parent,
    start_unix as period_start,
    end_unix as period_end,
    sum(cast(round(quantity * unit_price) as bigint)) as total,
    total as total_excluding_tax,
    {'finalized_at': end_unix + 3600, 'voided_at': null} as status_transitions,
    '{}' as metadata
from periods
inner join lines using (number, month)
where not is_running
group by all
order by stripe_invoice_id
