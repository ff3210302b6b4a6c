-- One row per account and state in the history of a product of its environment: its first one and every update.
-- An update holds only what it changes (trap T8), so a NULL here means unchanged.
-- The first state holds from the beginning of time: a line may be older than the state's own date.
with

products as (
    select
        environments.account,
        listed.id,
        listed.initial,
        listed.updates
    from raw_metronome.products as listed
    inner join staging.stg_settings__environments as environments
        on listed.account = environments.environment
),

initial_states as (
    select
        products.account,
        products.id as product_id,
        cast(null as timestamp) as valid_from_at,
        products.initial as state
    from products
),

updates as (
    select
        products.account,
        products.id as product_id,
        unnest(products.updates) as state
    from products
),

all_states as (
    select * from initial_states
    union all
    select
        updates.account,
        updates.product_id,
        coalesce(updates.state.starting_at, updates.state.created_at) as valid_from_at,
        updates.state
    from updates
)

select
    all_states.account,
    all_states.product_id,
    cast(all_states.state.quantity_conversion.conversion_factor as decimal(38, 12))
        as conversion_factor,
    upper(all_states.state.quantity_conversion.operation) as conversion_operation,
    upper(all_states.state.quantity_rounding.rounding_method) as rounding_method,
    all_states.state.quantity_rounding.decimal_places as rounding_decimal_places,
    coalesce(all_states.valid_from_at, timestamp '1970-01-01 00:00:00')
        as valid_from_at
from all_states
