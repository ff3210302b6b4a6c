-- One row per breach of group_key_coverage and cause; the shares of a row sum to its variance.
-- Usage on days without a contract in force carries the contract's cause, the rest that of the value itself.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

breaches as (
    select * from intermediate.int_check_rows__breaching
    where check_name = 'group_key_coverage'
),

-- A customer is billed in one currency, as a rule.
risks as (
    select
        group_risks.account,
        group_risks.customer_key,
        group_risks.product_id,
        group_risks.pricing_group_values,
        string_agg(group_risks.evidence, '' order by group_risks.currency) as evidence
    from explain.group_risks as group_risks
    group by
        group_risks.account,
        group_risks.customer_key,
        group_risks.product_id,
        group_risks.pricing_group_values
),

values_of_breaches as (
    select
        breaches.*,
        coalesce(group_values.cause, 'unexplained') as value_cause,
        coalesce(
            group_values.evidence || coalesce(risks.evidence, ''),
            'No rule explains this difference.'
        ) as value_evidence
    from breaches
    left join explain.cause_group_values as group_values
        on
            breaches.account = group_values.account
            and breaches.customer_key = group_values.customer_key
            and breaches.product = group_values.product
            and breaches.pricing_group_values = group_values.pricing_group_values
    left join risks
        on
            group_values.account = risks.account
            and group_values.customer_key = risks.customer_key
            and group_values.product_id = risks.product_id
            and group_values.pricing_group_values = risks.pricing_group_values
),

by_contract as (
    select
        unrated.account,
        unrated.customer_key,
        unrated.product,
        unrated.pricing_group_values,
        days.cause,
        max(days.evidence) as evidence,
        sum(unrated.usage_value) as usage_value,
        max(unrated.usage_value) as greatest_value
    from explain.unrated_usage as unrated
    inner join explain.contract_days as days
        on
            unrated.account = days.account
            and unrated.customer_key = days.customer_key
            and unrated.usage_date = days.usage_date
    where days.is_uncovered and days.cause is not null
    group by
        unrated.account,
        unrated.customer_key,
        unrated.product,
        unrated.pricing_group_values,
        days.cause
),

-- A meter that does not add up over days counts with its greatest day: never more than the variance is shared.
running as (
    select
        breaches.*,
        by_contract.cause as contract_cause,
        by_contract.evidence as contract_evidence,
        sum(by_contract.usage_value) over (
            partition by
                breaches.account,
                breaches.customer_key,
                breaches.product,
                breaches.pricing_group_values
            order by by_contract.cause
        ) as used_so_far,
        by_contract.usage_value
    from values_of_breaches as breaches
    inner join by_contract
        on
            breaches.account = by_contract.account
            and breaches.customer_key = by_contract.customer_key
            and breaches.product = by_contract.product
            and breaches.pricing_group_values = by_contract.pricing_group_values
),

contract_shares as (
    select
        running.*,
        -greatest(
            least(
                running.usage_value,
                running.usage_value - running.variance - running.used_so_far
            ),
            0
        ) as share
    from running
),

explained as (
    select
        contract_shares.account,
        contract_shares.customer_key,
        contract_shares.product,
        contract_shares.pricing_group_values,
        sum(contract_shares.share) as share
    from contract_shares
    group by
        contract_shares.account,
        contract_shares.customer_key,
        contract_shares.product,
        contract_shares.pricing_group_values
),

shares as (
    select
        contract_shares.account,
        contract_shares.customer_key,
        contract_shares.stripe_customer_id,
        contract_shares.metronome_customer_id,
        contract_shares.product,
        contract_shares.pricing_group_values,
        contract_shares.contract_cause as cause,
        cast(contract_shares.share as decimal(38, 12)) as share,
        contract_shares.contract_evidence as evidence
    from contract_shares
    union all
    select
        breaches.account,
        breaches.customer_key,
        breaches.stripe_customer_id,
        breaches.metronome_customer_id,
        breaches.product,
        breaches.pricing_group_values,
        breaches.value_cause as cause,
        cast(
            breaches.variance - coalesce(explained.share, 0) as decimal(38, 12)
        ) as share,
        breaches.value_evidence as evidence
    from values_of_breaches as breaches
    left join explained
        on
            breaches.account = explained.account
            and breaches.customer_key = explained.customer_key
            and breaches.product = explained.product
            and breaches.pricing_group_values = explained.pricing_group_values
)

select
    'group_key_coverage' as check_name,
    shares.account,
    shares.customer_key,
    shares.stripe_customer_id,
    shares.metronome_customer_id,
    cast(null as varchar) as currency,
    cast(null as varchar) as meter,
    shares.product,
    shares.pricing_group_values,
    cast(null as timestamp) as period_start,
    cast(null as timestamp) as period_end,
    cast(null as date) as usage_date,
    shares.cause,
    shares.share,
    shares.evidence
from shares
where shares.share <> 0
