-- One row per row of explain.quantity_rows whose parts do not sum to its variance, with the cause of the rest.
-- First that holds:
-- 1. a rest below the fifteenth digit is noise of floating point numbers: it joins the greatest part;
-- 2. nobody is linked (customer_unmapped);
-- 3. a side has no invoice: the first cause of the place (no contract then, shifted bounds, invoice_missing);
-- 4. the metric aggregates otherwise (aggregation_mismatch): days do not add up to what is billed;
-- 5. Metronome bills more and two contracts are in force (contract_overlap);
-- 6. Metronome bills less and a contract leaves out a part of a day, or days of a meter that does not add up over days;
-- 7. the bounds are more than a day apart (period_shift), but for rounding steps where a contract that starts or ends makes them;
-- 8. Metronome bills less by just the usage of a product that the contract passes over (product_not_entitled);
-- 9. the rest fits in the days at the bounds, of usage that differs or has no rate there or of bounds that differ there (their causes, period_shift),
-- for a meter that does not add up over days, in its days without a rate;
-- 10. it fits in the rounding steps of the product: quantity_conversion, but where Stripe's price comes in packages too it joins the
-- greatest part. A product that always rounds up or down goes before bounds that differ by less than an hour;
-- 11. Metronome's invoice is its own usage times a factor by which units are converted (explain.cause_quantity_conversion).
-- What is left is unexplained: Metronome's invoice differs from its own rated usage. Late events are no reason: Metronome's invoice
-- is final a day after Stripe's, so they would be missing in Stripe's first.
-- rest: the variance less the counted parts, raw units
-- cause: code of the cause
-- evidence: the cause in a sentence, with the numbers it rests on
with

summed as (
    select
        parts.account,
        parts.customer_key,
        parts.meter,
        parts.period_start,
        sum(parts.part) as part,
        min_by(
            parts.cause,
            greatest_first(parts.part, parts.cause || parts.evidence)
        ) as greatest_cause,
        min_by(
            parts.evidence,
            greatest_first(parts.part, parts.cause || parts.evidence)
        ) as greatest_evidence
    from explain.quantity_parts as parts
    group by parts.account, parts.customer_key, parts.meter, parts.period_start
),

rests as (
    select
        quantities.*,
        cast(
            quantities.variance - coalesce(summed.part, 0) as decimal(38, 12)
        ) as rest,
        summed.greatest_cause,
        summed.greatest_evidence,
        greatest(
            abs(coalesce(quantities.expected_value, 0)),
            abs(coalesce(quantities.actual_value, 0))
        ) as greater_value
    from explain.quantity_rows as quantities
    left join summed
        on
            quantities.account = summed.account
            and quantities.customer_key = summed.customer_key
            and quantities.meter = summed.meter
            and quantities.period_start = summed.period_start
    where
        quantities.variance <> 0 and quantities.variance <> coalesce(summed.part, 0)
),

places as (
    select
        rests.account,
        rests.customer_key,
        rests.meter,
        rests.period_start,
        min_by(
            places.cause,
            in_order(places.precedence, places.cause || places.evidence)
        ) as cause,
        min_by(
            places.evidence,
            in_order(places.precedence, places.cause || places.evidence)
        ) as evidence,
        min(places.evidence) filter (where places.cause = 'contract_overlap')
            as overlap_evidence,
        min(places.evidence) filter (where places.cause = 'period_shift')
            as shift_evidence,
        bool_or(places.cause in ('contract_late', 'contract_ended')) as is_by_contract
    from rests
    inner join explain.place_causes as places
        on
            rests.account = places.account
            and rests.customer_key = places.customer_key
            and coalesce(rests.period_start = places.period_start, true)
    group by rests.account, rests.customer_key, rests.meter, rests.period_start
),

packaged as (
    select distinct
        meters.account,
        meters.meter
    from staging.stg_stripe__prices as prices
    inner join staging.stg_stripe__meters as meters
        on prices.account = meters.account and prices.meter_id = meters.meter_id
    where prices.package_size is not null
),

passed_over as (
    select
        rated.account,
        rated.customer_key,
        linked.meter,
        min(rated.product) as product
    from intermediate.int_group_usage__rated as rated
    inner join explain.breaching_customers as breaching
        on
            rated.account = breaching.account
            and rated.customer_key = breaching.customer_key
    inner join intermediate.int_products__linked as linked
        on
            rated.account = linked.account
            and rated.product_id = linked.product_id
    where rated.is_passed_over
    group by rated.account, rated.customer_key, linked.meter
),

judged as (
    select
        rests.*,
        coalesce(edges.contract_evidence, places.evidence) as contract_evidence,
        places.evidence as place_evidence,
        places.overlap_evidence,
        places.shift_evidence,
        edges.edge_evidence,
        aggregations.evidence as aggregation_evidence,
        conversions.evidence as conversion_evidence,
        passed_over.product as passed_over_product,
        case
            when abs(rests.rest) <= rests.greater_value * 0.000000000001
                then coalesce(rests.greatest_cause, 'quantity_conversion')
            when places.cause = 'customer_unmapped' then places.cause
            when
                rests.is_missing_in_stripe
                and rests.rest > 0
                and places.overlap_evidence is not null
                then 'contract_overlap'
            when
                (rests.is_missing_in_stripe or rests.is_missing_in_metronome)
                and places.cause is not null
                then places.cause
            when aggregations.meter is not null then 'aggregation_mismatch'
            when rests.rest > 0 and places.overlap_evidence is not null
                then 'contract_overlap'
            when rests.rest < 0 and edges.contract_cause is not null
                then edges.contract_cause
            when
                rests.is_shifted
                and not (
                    places.is_by_contract
                    and abs(rests.rest) <= rests.allowance - rests.scatter_unit
                )
                then 'period_shift'
            when
                rests.rest < 0
                and passed_over.product is not null
                and rests.times_billed > 1
                then 'product_not_entitled'
            when
                (rests.rest > 0) = (edges.edge_share > 0)
                and abs(rests.rest) <= abs(edges.edge_share)
                then edges.edge_cause
            when abs(rests.rest) <= rests.allowance - rests.scatter_unit
                then
                    case
                        when packaged.meter is null then 'quantity_conversion'
                        else coalesce(rests.greatest_cause, 'quantity_conversion')
                    end
            when
                not rests.are_bounds_equal
                and abs(rests.rest) <= rests.allowance
                then 'period_shift'
            when
                shifts.is_whole
                and abs(rests.rest)
                <= rests.stripe_edge_usage + rests.metronome_edge_usage
                then 'period_shift'
            when abs(rests.rest) <= rests.allowance then 'quantity_conversion'
            when conversions.meter is not null then 'quantity_conversion'
            else 'unexplained'
        end as cause
    from rests
    left join places
        on
            rests.account = places.account
            and rests.customer_key = places.customer_key
            and rests.meter = places.meter
            and rests.period_start = places.period_start
    left join packaged
        on rests.account = packaged.account and rests.meter = packaged.meter
    left join explain.quantity_edges as edges
        on
            rests.account = edges.account
            and rests.customer_key = edges.customer_key
            and rests.meter = edges.meter
            and rests.period_start = edges.period_start
    left join passed_over
        on
            rests.account = passed_over.account
            and rests.customer_key = passed_over.customer_key
            and rests.meter = passed_over.meter
    left join explain.cause_aggregation_mismatch as aggregations
        on
            rests.account = aggregations.account
            and rests.meter = aggregations.meter
    left join explain.cause_period_shift as shifts
        on
            rests.account = shifts.account
            and rests.customer_key = shifts.customer_key
            and rests.meter = shifts.meter
    left join explain.cause_quantity_conversion as conversions
        on
            rests.account = conversions.account
            and rests.customer_key = conversions.customer_key
            and rests.meter = conversions.meter
            and rests.period_start = conversions.period_start
)

select
    judged.account,
    judged.customer_key,
    judged.meter,
    judged.period_start,
    judged.rest,
    judged.cause,
    case
        when judged.cause in ('contract_missing', 'contract_late', 'contract_ended')
            then judged.contract_evidence
        when judged.cause = 'contract_overlap' then judged.overlap_evidence
        when judged.cause in ('customer_unmapped', 'invoice_missing')
            then judged.place_evidence
        when judged.cause = 'aggregation_mismatch' then judged.aggregation_evidence
        when judged.cause = 'period_shift'
            then
                coalesce(
                    judged.shift_evidence,
                    'The usage of the hours at the bounds falls in another period.'
                )
        when judged.cause = 'product_not_entitled'
            then
                coalesce(
                    'The contract does not rate ' || judged.passed_over_product
                    || ', one of several products of the meter.',
                    judged.edge_evidence
                )
        when judged.cause = 'quantity_conversion'
            then
                coalesce(
                    judged.conversion_evidence,
                    'The product rounds quantities that the meter does not round.'
                )
        when judged.cause = 'unexplained'
            then
                'Metronome''s invoice holds '
                || replace(
                    cast(coalesce(judged.actual_value, 0) as varchar),
                    '.000000000000',
                    ''
                )
                || ', Stripe''s '
                || replace(
                    cast(coalesce(judged.expected_value, 0) as varchar),
                    '.000000000000',
                    ''
                )
                || '; no rule explains the difference.'
        else coalesce(judged.edge_evidence, judged.greatest_evidence)
    end as evidence
from judged
