-- One row per customer of either side, linked ones once.
-- Several Metronome customers that the mapping file gives one Stripe customer stand in one text.
with

customer_map as (
    select * from control.customer_map
),

linked as (
    select
        customer_map.account,
        customer_map.stripe_customer_id as customer_key,
        customer_map.stripe_customer_id,
        string_agg(
            customer_map.metronome_customer_id, ','
            order by customer_map.metronome_customer_id
        ) as metronome_customer_id,
        true as is_linked,
        false as is_ambiguous
    from customer_map
    where customer_map.status = 'linked'
    group by customer_map.account, customer_map.stripe_customer_id
),

stripe_only as (
    select
        customer_map.account,
        customer_map.stripe_customer_id as customer_key,
        customer_map.stripe_customer_id,
        cast(null as varchar) as metronome_customer_id,
        false as is_linked,
        bool_or(customer_map.status = 'ambiguous') as is_ambiguous
    from customer_map
    where customer_map.status in ('unmapped', 'ambiguous')
    group by customer_map.account, customer_map.stripe_customer_id
),

metronome_only as (
    select
        customer_map.account,
        customer_map.metronome_customer_id as customer_key,
        cast(null as varchar) as stripe_customer_id,
        customer_map.metronome_customer_id,
        false as is_linked,
        bool_or(customer_map.status = 'ambiguous') as is_ambiguous
    from customer_map
    where customer_map.status in ('unlinked', 'ambiguous')
    group by customer_map.account, customer_map.metronome_customer_id
)

select * from linked
union all
select stripe_only.* from stripe_only
left join linked
    on
        stripe_only.account = linked.account
        and stripe_only.customer_key = linked.customer_key
where linked.account is null
union all
select * from metronome_only
