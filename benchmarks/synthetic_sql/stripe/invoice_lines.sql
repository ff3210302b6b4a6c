select
    stripe_invoice_id as invoice_id,
    'il_' || lines.number || '_' || lines.month || '_' || meter_number || '_' || tier as id,
    'usd' as currency,
    cast(round(quantity * unit_price) as bigint) as amount,
    amount as subtotal,
    quantity,
    quantity::varchar as quantity_decimal,
    {'start': start_unix, 'end': end_unix} as period,
    {'price_details': {'price': price_id, 'product': stripe_product_id}} as pricing,
    {
        'type': 'subscription_item_details',
        'subscription_item_details': {
            'subscription': subscription_id,
            'subscription_item': 'si_' || lpad(lines.number::varchar, 7, '0') || '_' || meter,
            'proration': false
        }
    } as parent,
    [] as discount_amounts,
    [] as pretax_credit_amounts,
    [] as taxes,
    '{}' as metadata
from lines
inner join periods using (number, month)
inner join meters on lines.meter_number = meters.number
where not is_running
