-- What is still open, and from when is it settled at the earliest?
select
    pending.check_name,
    cast(pending.period_end as date) as period_end,
    cast(
        pending.period_end + thresholds.settling_hours * interval 1 hour as timestamp
    ) as settled_from,
    count(*) as open_rows
from (
    select
        'invoice_totals' as check_name,
        invoice_totals.period_end
    from parity.invoice_totals as invoice_totals
    where invoice_totals.status = 'pending'
    union all
    select
        'line_item_quantities' as check_name,
        line_item_quantities.period_end
    from parity.line_item_quantities as line_item_quantities
    where line_item_quantities.status = 'pending'
    union all
    select
        'credit_drawdowns' as check_name,
        credit_drawdowns.period_end
    from parity.credit_drawdowns as credit_drawdowns
    where credit_drawdowns.status = 'pending'
) as pending
inner join control.thresholds as thresholds
    on pending.check_name = thresholds.check_name
group by pending.check_name, pending.period_end, thresholds.settling_hours
order by pending.period_end, pending.check_name
