-- Which customers differ most in money, and why?
with

shares as (
    select
        findings.account,
        coalesce(findings.stripe_customer_id, findings.metronome_customer_id)
            as customer,
        findings.currency,
        findings.cause,
        sum(findings.variance) as variance,
        sum(abs(findings.variance)) as gross_variance
    from parity.findings as findings
    where findings.check_name = 'invoice_totals'
    group by
        findings.account,
        coalesce(findings.stripe_customer_id, findings.metronome_customer_id),
        findings.currency,
        findings.cause
)

select
    shares.account,
    shares.customer,
    shares.currency,
    sum(shares.variance) as net_minor_units,
    sum(shares.gross_variance) as gross_minor_units,
    string_agg(shares.cause, ', ' order by shares.gross_variance desc) as causes
from shares
group by shares.account, shares.customer, shares.currency
order by gross_minor_units desc, shares.account asc, shares.customer asc
limit 20
