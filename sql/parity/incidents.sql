-- One row per incident and currency of its money; an incident that changes no invoice has one row without a currency.
-- An incident gathers the findings of one cause, at one place, in overlapping or adjacent days or periods. What a
-- place is stands in explain.findings_placed.
-- incident: number of the incident in this run, the greatest money first (compared in minor units)
-- scope: who or what is concerned, in words
-- subject: the meters, products and group values that its findings name; NULL when they name none
-- check_names: the checks that its findings are about, with commas
-- first_at: first UTC instant of its days, or of its periods where it has no days; NULL when it has neither
-- last_at: the instant after the last, UTC
-- customers: customers concerned
-- customer: the customer, by Stripe's id, else Metronome's, when it is just one
-- findings: rows of parity.findings
-- amount: what it adds to Metronome's invoices, minor units of currency: the sum of its shares in invoice_totals
-- gross_amount: the same, each share counted positive, minor units of currency
-- meter: the meter, when its findings name just one
-- usage_quantity: usage that Metronome has more of (negative: less), in the raw unit of meter; NULL without just one meter
-- summary: the incident in a sentence
with

begun as (
    select
        placed.*,
        case
            when
                placed.joins_from <= max(placed.joins_to) over (
                    partition by placed.account, placed.cause, placed.place
                    order by placed.joins_from, placed.joins_to
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from explain.findings_placed as placed
),

stretches as (
    select
        begun.*,
        sum(begun.is_new) over (
            partition by begun.account, begun.cause, begun.place
            order by begun.joins_from, begun.joins_to
        ) as stretch
    from begun
),

gathered as (
    select
        stretches.*,
        stretches.account || ' ' || stretches.cause || ' ' || stretches.place || ' '
        || cast(stretches.stretch as varchar) as incident_key
    from stretches
),

described as (
    select
        gathered.incident_key,
        min(gathered.account) as account,
        min(gathered.cause) as cause,
        min(gathered.place) as place,
        coalesce(
            min(gathered.starts_at) filter (where gathered.is_daily),
            min(gathered.starts_at) filter (where gathered.is_dated)
        ) as first_at,
        coalesce(
            max(gathered.ends_at) filter (where gathered.is_daily),
            max(gathered.ends_at) filter (where gathered.is_dated)
        ) as last_at,
        count(distinct gathered.customer) as customers,
        min(gathered.customer) as first_customer,
        max(gathered.customers_compared) as customers_compared,
        count(*) as findings,
        case
            when min(gathered.meter) = max(gathered.meter) then min(gathered.meter)
        end as meter,
        cast(
            coalesce(
                sum(gathered.variance) filter (
                    where gathered.check_name = 'line_item_quantities'
                ),
                sum(gathered.variance) filter (
                    where gathered.check_name = 'event_ingestion'
                )
            ) as decimal(38, 12)
        ) as usage_quantity
    from gathered
    group by gathered.incident_key
),

checks as (
    select distinct
        gathered.incident_key,
        gathered.check_name
    from gathered
),

check_texts as (
    select
        checks.incident_key,
        string_agg(checks.check_name, ', ' order by checks.check_name) as check_names
    from checks
    group by checks.incident_key
),

subjects as (
    select
        gathered.incident_key,
        gathered.meter as subject
    from gathered
    where gathered.meter is not null
    union
    select
        gathered.incident_key,
        gathered.product
        || case
            when coalesce(gathered.pricing_group_values, '{}') = '{}' then ''
            else ' ' || gathered.pricing_group_values
        end as subject
    from gathered
    where gathered.product is not null
),

subjects_ranked as (
    select
        subjects.*,
        row_number() over (
            partition by subjects.incident_key order by subjects.subject
        ) as place_in_text
    from subjects
),

subject_texts as (
    select
        subjects_ranked.incident_key,
        string_agg(
            subjects_ranked.subject, ', ' order by subjects_ranked.subject
        ) filter (where subjects_ranked.place_in_text <= 5)
        || case
            when count(*) > 5
                then ' and ' || cast(count(*) - 5 as varchar) || ' more'
            else ''
        end as subject
    from subjects_ranked
    group by subjects_ranked.incident_key
),

-- Currencies are never added up. To put incidents in an order, minor units are compared: a yen is about a cent.
money as (
    select
        gathered.incident_key,
        gathered.currency,
        cast(sum(gathered.variance) as decimal(38, 12)) as amount,
        cast(sum(abs(gathered.variance)) as decimal(38, 12)) as gross_amount
    from gathered
    where gathered.check_name = 'invoice_totals' and gathered.currency is not null
    group by gathered.incident_key, gathered.currency
),

weights as (
    select
        money.incident_key,
        max(money.gross_amount) as weight
    from money
    group by money.incident_key
),

numbered as (
    select
        described.*,
        row_number() over (
            order by
                coalesce(weights.weight, 0) desc,
                described.findings desc,
                described.incident_key asc
        ) as incident,
        case
            when described.place = 'everybody'
                then
                    'everybody: ' || cast(described.customers as varchar) || ' of '
                    || cast(described.customers_compared as varchar) || ' customers'
            when described.customers = 1 then described.first_customer
            when described.place = 'several'
                then cast(described.customers as varchar) || ' customers'
            else
                described.place || ': ' || cast(described.customers as varchar)
                || ' customers'
        end as scope
    from described
    left join weights on described.incident_key = weights.incident_key
)

select
    numbered.incident,
    numbered.cause,
    numbered.account,
    numbered.scope,
    subject_texts.subject,
    check_texts.check_names,
    numbered.first_at,
    numbered.last_at,
    numbered.customers,
    case when numbered.customers = 1 then numbered.first_customer end as customer,
    numbered.findings,
    money.currency,
    money.amount,
    money.gross_amount,
    numbered.meter,
    case when numbered.meter is not null then numbered.usage_quantity end
        as usage_quantity,
    numbered.cause || ', ' || numbered.scope
    || case
        when numbered.first_at is null then ''
        else
            ', ' || cast(cast(numbered.first_at as date) as varchar) || ' to '
            || cast(
                cast(numbered.last_at - interval 1 microsecond as date) as varchar
            )
    end
    || coalesce(', ' || subject_texts.subject, '')
    || ': ' || cast(numbered.findings as varchar)
    || case when numbered.findings = 1 then ' finding in ' else ' findings in ' end
    || check_texts.check_names || '.' as summary
from numbered
inner join check_texts on numbered.incident_key = check_texts.incident_key
left join subject_texts on numbered.incident_key = subject_texts.incident_key
left join money on numbered.incident_key = money.incident_key
