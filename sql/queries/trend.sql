-- How did the verdict and the gate ratios go, day by day?
select
    cast(history.as_of as date) as as_of,
    history.verdict,
    history.is_go_day,
    history.earlier_runs,
    max(history.gate_ratio) filter (where history.check_name = 'invoice_totals')
        as invoice_totals,
    max(history.gate_ratio) filter (
        where history.check_name = 'line_item_quantities'
    ) as line_item_quantities,
    max(history.gate_ratio) filter (where history.check_name = 'credit_drawdowns')
        as credit_drawdowns,
    max(history.gate_ratio) filter (where history.check_name = 'contract_coverage')
        as contract_coverage,
    max(history.gate_ratio) filter (where history.check_name = 'event_ingestion')
        as event_ingestion,
    max(history.gate_ratio) filter (where history.check_name = 'group_key_coverage')
        as group_key_coverage
from control.history as history
group by
    history.as_of, history.verdict, history.is_go_day, history.earlier_runs
order by history.as_of
