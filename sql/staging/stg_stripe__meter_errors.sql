-- One row per reason in a report of events that Stripe accepted and dropped later (trap T13).
with

reports as (
    select
        events.account,
        events.id as report_id,
        events.related_object.id as meter_id,
        unnest(events.data.reason.error_types) as error
    from raw_stripe.meter_error_events as events
)

select
    reports.account,
    reports.report_id,
    reports.meter_id,
    reports.error.code as error_code,
    reports.error.error_count
from reports
