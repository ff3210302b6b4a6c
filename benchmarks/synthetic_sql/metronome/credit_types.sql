select '2714e483-4ff1-48e4-9e25-ac732e8f24f2' as id, 'USD (cents)' as name, true as is_currency
