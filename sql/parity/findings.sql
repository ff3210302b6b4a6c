-- One row per breach of any check and its cause, and one per safety hit.
-- A breach with several causes has a row for each; their variances sum to the variance of the check's row.
-- The rules stand one by one in schema explain, each with its pattern and what else could look the same.
-- check_name: the check whose row breaches; safety for what must not happen at all
-- variance: the cause's share of the row's variance; NULL for a safety hit
with

explained as (
    select * from explain.money_causes
    union all
    select * from explain.quantity_causes
    union all
    select * from explain.coverage_causes
    union all
    select * from explain.usage_causes
    union all
    select * from explain.group_causes
)

select
    explained.check_name,
    explained.account,
    explained.stripe_customer_id,
    explained.metronome_customer_id,
    explained.currency,
    explained.meter,
    explained.product,
    explained.pricing_group_values,
    explained.period_start,
    explained.period_end,
    explained.usage_date,
    cast(explained.share as decimal(38, 12)) as variance,
    explained.cause,
    explained.evidence as explanation
from explained
union all
select
    'safety' as check_name,
    safety.account,
    safety.stripe_customer_id,
    safety.metronome_customer_id,
    cast(null as varchar) as currency,
    cast(null as varchar) as meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    cast(null as timestamp) as period_start,
    cast(null as timestamp) as period_end,
    cast(null as date) as usage_date,
    cast(null as decimal(38, 12)) as variance,
    safety.cause,
    safety.detail as explanation
from parity.safety as safety
