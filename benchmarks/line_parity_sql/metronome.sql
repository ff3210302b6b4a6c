-- The same lines as the other side has them, customers in another order: 0.5 % differ, 0.1 % are missing on each side.
with

scattered as (
    select stripe.*, hash(customer, period, meter, group_values) % 1000 as chance
    from stripe
)

select
    customer,
    period,
    meter,
    case when chance = 6 then upper(group_values) else group_values end as group_values,
    case when chance < 3 then quantity + cast(0.0001 as decimal(18, 4)) else quantity end as quantity,
    case when chance between 3 and 4 then amount + 1 else amount end as amount
from scattered
where chance <> 5
order by hash(customer), period, meter, group_values
