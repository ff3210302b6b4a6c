select
    metronome_invoice_id as id,
    metronome_id as customer_id,
    'USAGE' as type,
    case when is_running then 'DRAFT' else 'FINALIZED' end as status,
    {'id': '2714e483-4ff1-48e4-9e25-ac732e8f24f2', 'name': 'USD (cents)', 'is_currency': null} as credit_type,
    sum(metronome_quantity * metronome_price)::varchar as total,
    list(
        {
            'name': meter,
            'total': (metronome_quantity * metronome_price)::varchar,
            'credit_type': {
                'id': '2714e483-4ff1-48e4-9e25-ac732e8f24f2', 'name': 'USD (cents)', 'is_currency': null
            },
            'type': 'usage',
            'quantity': case
                when divide_by = 1000 then (metronome_quantity * 0.001)::varchar else metronome_quantity::varchar
            end,
            'unit_price': (metronome_price * divide_by)::varchar,
            'product_id': product_id,
            'product_type': 'UsageProductListItem',
            'starting_at': start_text,
            'ending_before': end_text,
            'pricing_group_values': case when is_grouped then '{"region":"' || region || '"}' end
        }
    ) as line_items,
    contract_id,
    start_text as start_timestamp,
    end_text as end_timestamp,
    end_text as issued_at
from lines
inner join periods using (number, month)
inner join meters on lines.meter_number = meters.number
group by all
