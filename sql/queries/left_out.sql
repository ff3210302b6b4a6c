-- What was left out of the comparison, why, and how much money is it?
select
    exclusions.account,
    exclusions.reason,
    exclusions.currency,
    sum(exclusions.count) as count,
    sum(exclusions.amount) as minor_units
from control.exclusions as exclusions
group by exclusions.account, exclusions.reason, exclusions.currency
order by
    abs(sum(exclusions.amount)) desc nulls last,
    exclusions.reason,
    exclusions.account asc,
    exclusions.currency asc
