-- One row per reason, account and currency of what was left out of the comparison.
-- reason: why it was left out
-- currency: lower-case ISO code of amount; NULL when the reason has no money
-- count: how many things were left out
-- amount: their money in minor units of currency; NULL without money
select
    billed.reason,
    billed.account,
    billed.currency,
    billed.count,
    billed.amount
from intermediate.int_exclusions__billed as billed
union all
select
    named.reason,
    named.account,
    cast(null as varchar) as currency,
    named.count,
    cast(null as decimal(38, 12)) as amount
from intermediate.int_exclusions__named as named
