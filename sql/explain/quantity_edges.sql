-- One row per row of explain.quantity_rows with a variance that has something to tell of the days at its edges.
-- A part of such a day is billed in the period, so what is known of the whole day bounds what it can explain.
-- contract_cause: cause of the first day of the period on a part of which no contract is in force; for meters that do not add up
-- over days, of any day without one
-- contract_evidence: the contract's dates
-- edge_share: what differs, or has no rate, on the days that the bounds cut; for meters that do not add up over days, on any
-- day, since nobody can say which of them the period's value comes from; raw units
-- edge_cause: the cause of the greatest of it
-- edge_evidence: that cause in a sentence
with

quantities as (
    select * from explain.quantity_rows
    where variance <> 0
),

-- Days on which a contract starts or ends; for meters that do not add up over days, all days without one.
contract_edges as (
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        min(days.cause_of_any_part) as cause,
        min(days.evidence) as evidence
    from quantities
    inner join explain.contract_days as days
        on
            quantities.account = days.account
            and quantities.customer_key = days.customer_key
            and cast(days.usage_date as timestamp) < quantities.period_end
            and cast(days.usage_date as timestamp) + interval 1 day
            > quantities.period_start
            and days.cause_of_any_part <> 'contract_overlap'
            and (
                quantities.period_start < days.next_start_at
                or quantities.period_end > days.last_end_at
                or days.cause = 'contract_missing'
            )
            and (
                days.is_partly_covered
                or not quantities.is_additive
                or cast(days.usage_date as timestamp) < quantities.period_start
                or cast(days.usage_date as timestamp) + interval 1 day
                > quantities.period_end
            )
    group by
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start
),

differing_days as (
    select
        usage_shares.account,
        usage_shares.customer_key,
        usage_shares.meter,
        usage_shares.usage_date,
        usage_shares.cause,
        usage_shares.share,
        usage_shares.evidence
    from explain.usage_shares as usage_shares
    union all
    select
        unrated_days.account,
        unrated_days.customer_key,
        unrated_days.meter,
        unrated_days.usage_date,
        unrated_days.cause,
        -unrated_days.usage_value as share,
        unrated_days.evidence
    from explain.unrated_days as unrated_days
),

usage_edges as (
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        max(quantities.times_billed) * sum(shares.share) as share,
        min_by(
            shares.cause,
            greatest_first(shares.share, shares.cause || shares.evidence)
        ) as cause,
        min_by(
            shares.evidence,
            greatest_first(shares.share, shares.cause || shares.evidence)
        ) as evidence
    from quantities
    inner join differing_days as shares
        on
            quantities.account = shares.account
            and quantities.customer_key = shares.customer_key
            and quantities.meter = shares.meter
            and cast(shares.usage_date as timestamp) < quantities.period_end
            and cast(shares.usage_date as timestamp) + interval 1 day
            > quantities.period_start
            and (
                cast(shares.usage_date as timestamp) < quantities.period_start
                or cast(shares.usage_date as timestamp) + interval 1 day
                > quantities.period_end
                or not quantities.is_additive
            )
    group by
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start
)

select
    quantities.account,
    quantities.customer_key,
    quantities.meter,
    quantities.period_start,
    contract_edges.cause as contract_cause,
    contract_edges.evidence as contract_evidence,
    usage_edges.share as edge_share,
    usage_edges.cause as edge_cause,
    usage_edges.evidence as edge_evidence
from quantities
left join contract_edges
    on
        quantities.account = contract_edges.account
        and quantities.customer_key = contract_edges.customer_key
        and quantities.meter = contract_edges.meter
        and quantities.period_start = contract_edges.period_start
left join usage_edges
    on
        quantities.account = usage_edges.account
        and quantities.customer_key = usage_edges.customer_key
        and quantities.meter = usage_edges.meter
        and quantities.period_start = usage_edges.period_start
where contract_edges.account is not null or usage_edges.account is not null
