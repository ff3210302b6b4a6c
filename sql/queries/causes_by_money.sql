-- Which causes cost most, and what is the next step for each?
select
    findings.cause,
    findings.currency,
    count(*) as findings,
    count(
        distinct coalesce(findings.stripe_customer_id, findings.metronome_customer_id)
    ) as customers,
    sum(findings.variance) filter (where findings.check_name = 'invoice_totals')
        as net_minor_units,
    sum(abs(findings.variance)) filter (where findings.check_name = 'invoice_totals')
        as gross_minor_units,
    min(causes.next_step) as next_step
from parity.findings as findings
left join control.causes as causes on findings.cause = causes.code
group by findings.cause, findings.currency
order by gross_minor_units desc nulls last, findings.cause asc, findings.currency asc
