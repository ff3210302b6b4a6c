-- One row per line of a Metronome invoice, amounts in the minor unit of their currency.
-- The unit is decided by the credit type's name (trap T1): ` (cents)` at its end means minor units,
-- any other currency comes in whole units, everything else is no money and has a NULL currency.
-- Amounts keep 18 places: they are added up before they are rounded to the twelfth. The widths are the
-- widest whose product every engine holds in 38 digits.
-- Older payloads have no line type (trap T5): what was taken off in the name of a commit or credit is an
-- applied balance, else the product says what the line is; one without a product is usage.
with

lines as (
    select
        coalesce(moved.account, invoices.account) as account,
        invoices.account as environment,
        invoices.id as invoice_id,
        unnest(invoices.line_items) as line
    from raw_metronome.invoices as invoices
    left join intermediate.int_metronome_customers__moved as moved
        on
            invoices.account = moved.environment
            and invoices.customer_id = moved.metronome_customer_id
),

named as (
    select
        lines.account,
        lines.invoice_id,
        lines.line,
        lower(split_part(lines.line.credit_type.name, ' (', 1)) as unit_name,
        lines.line.credit_type.name like '% (cents)' as is_in_minor_units,
        upper(
            coalesce(
                replace(lines.line.product_type, 'ProductListItem', ''), products.type
            )
        ) as product_kind,
        coalesce(
            lines.line.type = 'applied_commit_or_credit'
            or (
                lines.line.type is null
                and cast(lines.line.total as decimal(33, 18)) < 0
                and (
                    lines.line.commit_id is not null
                    or lines.line.applied_commit_or_credit.id is not null
                )
            ),
            false
        ) as is_applied_balance
    from lines
    left join raw_metronome.products as products
        on
            lines.environment = products.account
            and lines.line.product_id = products.id
)

select
    named.account,
    named.invoice_id,
    named.line.product_id,
    case
        when named.is_applied_balance then 'applied_commit_or_credit'
        when named.line.type is not null then named.line.type
        when coalesce(named.product_kind in ('USAGE', 'COMPOSITE'), true) then 'usage'
        when named.product_kind = 'SUBSCRIPTION' then 'subscription'
        when named.line.commit_id is not null then 'commit_purchase'
        else 'scheduled'
    end as line_type,
    coalesce(named.line.pricing_group_values, '{}') as pricing_group_values,
    currencies.currency,
    named.is_applied_balance,
    named.is_applied_balance
    and (
        coalesce(named.line.applied_commit_or_credit.type = 'POSTPAID', false)
        or coalesce(named.line.commit_type = 'PostpaidCommit', false)
    ) as is_postpaid,
    named.line.applied_commit_or_credit.id as balance_id,
    named.line.discount_id is not null as is_discount,
    cast(named.line.quantity as decimal(38, 12)) as billed_quantity,
    cast(named.line.unit_price as decimal(24, 12)) as unit_price_in_credit_type,
    cast(named.line.total as decimal(38, 18)) as amount_in_credit_type,
    cast(
        case
            when named.is_in_minor_units
                then cast(named.line.total as decimal(33, 18))
            else
                cast(named.line.total as decimal(33, 18))
                * cast(currencies.minor_units_per_unit as decimal(4, 0))
        end as decimal(38, 18)
    ) as amount_minor_units,
    named.line.starting_at as starts_at,
    named.line.ending_before as ends_at
from named
left join control.currencies as currencies
    on named.unit_name = currencies.currency
