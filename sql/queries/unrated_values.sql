-- Which group values have usage but no rate, and how much money do the customers who use them differ by?
with

unrated as (
    select
        coverage.account,
        coverage.stripe_customer_id,
        coverage.product,
        coverage.pricing_group_values,
        coverage.expected_value - coalesce(coverage.actual_value, 0)
            as unrated_quantity
    from parity.group_key_coverage as coverage
    where coverage.status = 'breach'
),

money as (
    select
        findings.account,
        findings.stripe_customer_id,
        findings.currency,
        sum(findings.variance) as variance
    from parity.findings as findings
    where
        findings.check_name = 'invoice_totals'
        and findings.cause in (
            'group_value_unrated', 'group_value_case', 'product_not_entitled'
        )
    group by findings.account, findings.stripe_customer_id, findings.currency
)

select
    unrated.account,
    unrated.product,
    unrated.pricing_group_values,
    count(distinct unrated.stripe_customer_id) as customers,
    sum(unrated.unrated_quantity) as unrated_quantity,
    money.currency,
    sum(money.variance) as minor_units_of_these_customers
from unrated
left join money
    on
        unrated.account = money.account
        and unrated.stripe_customer_id = money.stripe_customer_id
group by
    unrated.account,
    unrated.product,
    unrated.pricing_group_values,
    money.currency
order by
    abs(sum(money.variance)) desc nulls last,
    unrated_quantity desc,
    unrated.product asc,
    unrated.pricing_group_values asc
