-- One row per account and Stripe meter of its catalogue, active or not.
-- Only sums and counts add up over days; the other formulas are compared once a period (traps T10, T11).
select distinct
    catalogues.account,
    meters.id as meter_id,
    meters.event_name as meter,
    meters.status,
    meters.event_time_window,
    meters.default_aggregation.formula,
    meters.default_aggregation.formula in ('sum', 'count') as is_additive
from raw_stripe.meters as meters
inner join staging.stg_settings__stripe_catalogues as catalogues
    on meters.account = catalogues.stripe_account
