select stripe_id as id, 1735689600 as created, 'usd' as currency, '{}' as metadata
from customers
order by number
