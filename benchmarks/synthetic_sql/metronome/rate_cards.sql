select
    'rate_card' as id,
    'List prices' as name,
    {'id': '2714e483-4ff1-48e4-9e25-ac732e8f24f2', 'name': 'USD (cents)', 'is_currency': null} as fiat_credit_type
