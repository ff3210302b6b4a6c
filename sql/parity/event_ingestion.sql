-- One row per account, customer, meter and UTC day (one per period for meters that do not add up over days).
-- Kept as a view: its rows are written when they are published.
-- expected_value: Stripe's meter event summary, raw units of the meter
-- actual_value: Metronome's usage aggregation, raw units of the meter
-- period_start: start of the compared whole UTC days, for meters that do not add up over days; NULL on daily rows
-- period_end: end of the compared whole UTC days, exclusive; NULL on daily rows
-- usage_date: the UTC day; NULL on rows for a whole period
select
    check_rows.account,
    check_rows.stripe_customer_id,
    check_rows.metronome_customer_id,
    check_rows.meter,
    check_rows.period_start,
    check_rows.period_end,
    check_rows.usage_date,
    check_rows.presence,
    check_rows.expected_value,
    check_rows.actual_value,
    check_rows.variance,
    check_rows.variance_ratio,
    check_rows.status
from intermediate.int_check_rows__judged as check_rows
where check_rows.check_name = 'event_ingestion'
