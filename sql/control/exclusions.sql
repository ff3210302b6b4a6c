-- One row per reason, account and currency of what was left out of the comparison.
-- reason: why it was left out
-- currency: lower-case ISO code of amount; NULL when the reason has no money
-- count: how many things were left out
-- amount: their money in minor units of currency; NULL without money
with

run as (
    select * from control.run
),

-- The catalogue counts once an account, not again for Metronome customers of no account.
accounts as (
    select * from control.accounts
),

customers as (
    select * from intermediate.int_customers__classified
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

stripe_invoices as (
    select
        case
            when invoices.origin = 'metronome' then 'invoice_pushed_by_metronome'
            when invoices.is_void then 'void_stripe_invoice'
            when invoices.origin = 'other' then 'manual_stripe_invoice'
        end as reason,
        invoices.account,
        invoices.currency,
        invoices.total_minor_units as amount
    from intermediate.int_stripe_invoices__classified as invoices
),

other_stripe_lines as (
    select
        case
            when lines.is_subscription_line then 'fixed_charge_in_stripe'
            when lines.has_metronome_marks then 'line_pushed_by_metronome'
            else 'manual_line_in_stripe'
        end as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__netted as lines
    cross join run
    where
        not lines.is_metered
        and not (run.scope = 'all' and lines.is_subscription_line)
        and lines.period_end_at > run.parallel_run_start
),

legacy_lines as (
    select
        'metered_line_without_meter' as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__netted as lines
    where lines.is_metered and lines.meter is null
),

credit_notes as (
    select
        'stripe_credit_note' as reason,
        credit_notes.account,
        credit_notes.currency,
        credit_notes.amount_minor_units as amount
    from staging.stg_stripe__credit_notes as credit_notes
),

metronome_invoices as (
    select
        case
            when invoices.status = 'VOID' then 'void_metronome_invoice'
            when
                invoices.invoice_type = 'USAGE_CONSOLIDATED'
                then 'consolidated_metronome_invoice'
            else 'scheduled_metronome_invoice'
        end as reason,
        invoices.account,
        lower(split_part(invoices.credit_type_name, ' (', 1)) as currency,
        cast(
            case
                when invoices.credit_type_name like '% (cents)' then invoices.total
                else invoices.total * currencies.minor_units_per_unit
            end as decimal(38, 12)
        ) as amount
    from staging.stg_metronome__invoices as invoices
    cross join run
    left join control.currencies as currencies
        on lower(split_part(invoices.credit_type_name, ' (', 1)) = currencies.currency
    where
        (
            invoices.status = 'VOID'
            -- A scheduled invoice has no service period that could be paired, whatever the scope.
            or invoices.invoice_type <> 'USAGE'
        )
        and coalesce(
            coalesce(invoices.period_end_at, invoices.issued_at)
            > run.parallel_run_start,
            true
        )
),

metronome_lines as (
    select
        lines.excluded_as || '_in_metronome' as reason,
        lines.account,
        lines.currency,
        lines.amount_minor_units as amount
    from intermediate.int_metronome_lines__periodised as lines
    cross join run
    where
        lines.excluded_as is not null
        and lines.period_end_at > run.parallel_run_start
),

passed_over_products as (
    select
        'product_without_linked_price: ' || unlinked.product as reason,
        unlinked.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from intermediate.int_products__unlinked as unlinked
    inner join accounts on unlinked.account = accounts.account
),

early_stripe_periods as (
    select
        'period_began_before_parallel_run_in_stripe' as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__periodised as lines
    cross join run
    where
        lines.period_start < run.parallel_run_start
        and lines.period_end > run.parallel_run_start
),

half_seen_periods as (
    select
        'period_began_before_metric_saw_events' as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__periodised as lines
    inner join intermediate.int_billing_periods__half_seen as half_seen
        on
            lines.account = half_seen.account
            and lines.stripe_customer_id = half_seen.customer_key
            and lines.period_start = half_seen.stripe_start
            and lines.period_end = half_seen.stripe_end
    cross join run
    where lines.period_start >= run.parallel_run_start
),

early_metronome_periods as (
    select
        'period_began_before_parallel_run_in_metronome' as reason,
        lines.account,
        lines.currency,
        lines.amount_minor_units as amount
    from intermediate.int_metronome_lines__periodised as lines
    inner join intermediate.int_billing_periods__paired as periods
        on
            lines.account = periods.account
            and lines.customer_key = periods.customer_key
            and lines.period_start = periods.metronome_start
            and lines.period_end = periods.metronome_end
    cross join run
    where
        lines.in_net
        and periods.period_start < run.parallel_run_start
        and periods.period_end > run.parallel_run_start
),

already_on_metronome as (
    select
        'customer_already_on_metronome' as reason,
        customers.account,
        lines.currency,
        sum(lines.amount_minor_units) as amount
    from customers
    cross join run
    left join keyed
        on
            customers.account = keyed.account
            and customers.customer_key = keyed.customer_key
    left join intermediate.int_metronome_lines__periodised as lines
        on
            keyed.account = lines.account
            and keyed.metronome_customer_id = lines.metronome_customer_id
            and lines.in_net
            and run.parallel_run_start < lines.period_end_at
            and run.as_of > lines.period_start_at
    where customers.is_already_on_metronome
    group by customers.account, customers.customer_key, lines.currency
),

long_intervals as (
    select
        'billing_interval_longer_than_parallel_run' as reason,
        without_cycle.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from intermediate.int_customers__without_cycle as without_cycle
),

unmapped_metrics as (
    select
        'billable_metric_without_meter' as reason,
        metrics.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from staging.stg_metronome__billable_metrics as metrics
    inner join accounts on metrics.account = accounts.account
    left join control.meter_map as meter_map
        on
            metrics.account = meter_map.account
            and metrics.billable_metric_id = meter_map.billable_metric_id
    where meter_map.account is null and not metrics.is_archived
),

parts_of_periods as (
    select
        'ingestion_of_meter_by_group_that_does_not_add_up: ' || meter_map.meter
            as reason,
        meter_map.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from control.meter_map as meter_map
    inner join accounts on meter_map.account = accounts.account
    where not meter_map.is_additive and meter_map.pricing_group_values <> '{}'
),

unmatched_meters as (
    select
        case
            when meter_map.status = 'ambiguous'
                then 'meter_that_several_metrics_fit: '
            else 'meter_without_metric: '
        end || meter_map.meter as reason,
        meter_map.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from control.meter_map as meter_map
    inner join accounts on meter_map.account = accounts.account
    where meter_map.billable_metric_id is null
),

unrated_products as (
    select distinct
        'product_not_rated_for_customer_beside_one_that_is: ' || rated.product
            as reason,
        rated.account,
        rated.customer_key
    from intermediate.int_group_usage__rated as rated
    where rated.is_passed_over
),

unknown_links as (
    select
        'customers_csv_names_unknown_customer' as reason,
        customer_map.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from control.customer_map as customer_map
    where customer_map.status = 'unknown_id'
),

archived_customers as (
    select
        'linked_metronome_customer_is_archived' as reason,
        customer_map.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from control.customer_map as customer_map
    inner join intermediate.int_metronome_customers__assigned as assigned
        on
            customer_map.account = assigned.account
            and customer_map.metronome_customer_id = assigned.metronome_customer_id
    inner join staging.stg_metronome__customers as metronome_customers
        on
            assigned.environment = metronome_customers.environment
            and customer_map.metronome_customer_id
            = metronome_customers.metronome_customer_id
    where customer_map.status = 'linked' and metronome_customers.is_archived
),

dropped_events as (
    select
        'event_dropped_by_stripe: ' || reports.error_code as reason,
        reports.account,
        reports.error_count
    from staging.stg_stripe__meter_errors as reports
),

everything as (
    select
        stripe_invoices.reason,
        stripe_invoices.account,
        stripe_invoices.currency,
        stripe_invoices.amount
    from stripe_invoices
    where stripe_invoices.reason is not null
    union all
    select * from other_stripe_lines
    union all
    select * from legacy_lines
    union all
    select * from credit_notes
    union all
    select * from metronome_invoices
    union all
    select * from metronome_lines
    union all
    select * from passed_over_products
    union all
    select * from early_stripe_periods
    union all
    select * from early_metronome_periods
    union all
    select * from half_seen_periods
    union all
    select * from already_on_metronome
    union all
    select * from long_intervals
    union all
    select * from unmapped_metrics
    union all
    select * from parts_of_periods
    union all
    select * from unmatched_meters
    union all
    select
        unrated_products.reason,
        unrated_products.account,
        cast(null as varchar) as currency,
        cast(null as decimal(38, 12)) as amount
    from unrated_products
    union all
    select * from unknown_links
    union all
    select * from archived_customers
),

counted as (
    select
        everything.reason,
        everything.account,
        everything.currency,
        count(*) as things,
        cast(sum(everything.amount) as decimal(38, 12)) as amount
    from everything
    group by everything.reason, everything.account, everything.currency
    union all
    select
        dropped_events.reason,
        dropped_events.account,
        cast(null as varchar) as currency,
        cast(sum(dropped_events.error_count) as bigint) as things,
        cast(null as decimal(38, 12)) as amount
    from dropped_events
    group by dropped_events.reason, dropped_events.account
)

select
    counted.reason,
    counted.account,
    counted.currency,
    counted.things as count,
    counted.amount
from counted
