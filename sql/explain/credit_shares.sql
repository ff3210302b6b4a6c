-- One row per money row with credit on either side and cause of the difference in what was drawn.
-- share: the cause's part of Stripe's drawing less Metronome's, minor units: what it adds to Metronome's net charges
-- Order: what follows from other charges, now or earlier, has their causes. The rest is a difference of the credit
-- itself: credit_missing where Metronome has no balance, or lacks one of several and has the others as they are;
-- currency_unit where it is off by the currency's minor units; credit_amount where what can be drawn by the period's end is
-- another amount (granted, or ended earlier);
-- credit_scope where some charge can be paid on one side only; credit_order where the same amounts come in another order.
-- A period whose own terms agree takes the cause of an earlier period's terms: what was not drawn then is left over.
-- Where one side has no invoice, its credit has the cause of that, also where credit leaves nothing to pay.
-- Looks alike: less drawn because less was charged; a grant migrated at its remaining balance. Neither is told so.
with

parts as (
    select * from explain.credit_parts
),

own_terms as (
    select
        parts.money_row,
        parts.account,
        parts.customer_key,
        parts.currency,
        parts.period_start,
        case
            when parts.presence <> 'both' then null
            when parts.stripe_drawn <> 0 and not parts.has_any_balance
                then 'credit_missing'
            when
                parts.is_part_missing
                and abs(parts.stripe_available - parts.metronome_available) > 1
                and parts.balances > 0
                then 'credit_missing'
            when parts.is_other_unit then 'currency_unit'
            when abs(parts.stripe_available - parts.metronome_available) > 1
                then 'credit_amount'
            when parts.is_other_scope or parts.drawn_elsewhere <> 0 then 'credit_scope'
            when parts.is_other_order then 'credit_order'
        end as cause,
        'Stripe''s open grants came to '
        || money_text(parts.stripe_available, parts.currency)
        || ', Metronome''s open balances to '
        || money_text(parts.metronome_available, parts.currency)
        || '; in the period Stripe drew '
        || money_text(parts.stripe_drawn, parts.currency)
        || ' and Metronome '
        || money_text(parts.metronome_drawn, parts.currency)
        || coalesce(
            '. Only one side''s credit pays for ' || parts.scope_differences, ''
        )
        || case
            when parts.is_other_order
                then
                    '. Stripe draws them in the order '
                    || parts.stripe_order
                    || ', Metronome '
                    || coalesce(parts.metronome_order, 'none')
            else ''
        end
        || '.' as evidence
    from parts
),

-- The latest period up to now whose terms differ.
earlier_terms as (
    select
        later.money_row,
        min_by(
            own_terms.cause,
            date_diff('day', own_terms.period_start, later.period_start)
        )
            as cause,
        min_by(
            own_terms.evidence,
            date_diff('day', own_terms.period_start, later.period_start)
        ) as evidence
    from parts as later
    inner join own_terms
        on
            later.account = own_terms.account
            and later.customer_key = own_terms.customer_key
            and later.currency = own_terms.currency
            and later.period_start >= own_terms.period_start
    where own_terms.cause is not null
    group by later.money_row
),

charge_causes as (
    select
        charge_causes.*,
        money_rows.account,
        money_rows.customer_key,
        money_rows.currency,
        money_rows.period_start
    from explain.charge_causes as charge_causes
    inner join explain.money_rows as money_rows
        on charge_causes.money_row = money_rows.money_row
    where charge_causes.share <> 0
),

-- Causes that credit may follow from: those of the row for one part, those of earlier rows for the other.
followed as (
    select
        parts.money_row,
        'now' as part,
        parts.by_charges as amount,
        charge_causes.cause,
        charge_causes.evidence,
        charge_causes.share
    from parts
    inner join charge_causes on parts.money_row = charge_causes.money_row
    where parts.by_charges <> 0
    union all
    select
        parts.money_row,
        'earlier' as part,
        parts.by_earlier_charges as amount,
        charge_causes.cause,
        charge_causes.evidence,
        charge_causes.share
    from parts
    inner join charge_causes
        on
            parts.account = charge_causes.account
            and parts.customer_key = charge_causes.customer_key
            and parts.currency = charge_causes.currency
            and parts.period_start > charge_causes.period_start
    where parts.by_earlier_charges <> 0
),

gathered as (
    select
        followed.money_row,
        followed.part,
        followed.amount,
        followed.cause,
        min_by(
            followed.evidence, greatest_first(followed.share, followed.evidence)
        ) as evidence,
        sum(followed.share) as share
    from followed
    group by followed.money_row, followed.part, followed.amount, followed.cause
),

totalled as (
    select
        gathered.*,
        sum(gathered.share) over (
            partition by gathered.money_row, gathered.part
        ) as total_share,
        sum(abs(gathered.share)) over (
            partition by gathered.money_row, gathered.part
        ) as gross_share,
        row_number() over (
            partition by gathered.money_row, gathered.part
            order by abs(gathered.share) desc, gathered.cause
        ) as preference
    from gathered
    where gathered.share <> 0
),

-- A net change of the charges smaller than what follows from it cannot be its measure: then all changes are.
weighed as (
    select
        totalled.*,
        cast(
            case
                when totalled.preference = 1 then 0
                when
                    abs(totalled.total_share) < abs(totalled.amount)
                    or abs(totalled.total_share) * 1000 < totalled.gross_share
                    then abs(totalled.share) / totalled.gross_share
                else totalled.share / totalled.total_share
            end as decimal(24, 12)
        ) as part_ratio
    from totalled
),

parted as (
    select
        weighed.*,
        cast(
            cast(weighed.amount as decimal(38, 6)) * weighed.part_ratio
            as decimal(38, 12)
        ) as divided
    from weighed
),

by_charges as (
    select
        parted.money_row,
        parted.part,
        parted.cause,
        parted.evidence,
        case
            when parted.preference = 1
                then
                    parted.amount
                    - sum(parted.divided) over (
                        partition by parted.money_row, parted.part
                    )
            else parted.divided
        end as share
    from parted
),

-- What follows from charges that have no cause, and what the terms themselves make.
explained_by_charges as (
    select
        by_charges.money_row,
        sum(by_charges.share) as share
    from by_charges
    group by by_charges.money_row
),

any_charges as (
    select
        parts.money_row,
        min_by(
            charge_causes.cause,
            greatest_first(
                charge_causes.share, charge_causes.cause || charge_causes.evidence
            )
        ) as cause,
        min_by(
            charge_causes.evidence,
            greatest_first(
                charge_causes.share, charge_causes.cause || charge_causes.evidence
            )
        ) as evidence
    from parts
    inner join charge_causes
        on
            parts.account = charge_causes.account
            and parts.customer_key = charge_causes.customer_key
            and parts.currency = charge_causes.currency
            and parts.period_start >= charge_causes.period_start
    group by parts.money_row
),

by_terms as (
    select
        parts.money_row,
        coalesce(
            own_terms.cause,
            placed.cause,
            earlier_terms.cause,
            any_charges.cause,
            'unexplained'
        ) as cause,
        case
            when own_terms.cause is not null then own_terms.evidence
            when placed.cause is not null then placed.evidence
            when earlier_terms.cause is not null
                then 'Left over from an earlier period: ' || earlier_terms.evidence
            when any_charges.cause is not null
                then 'Credit follows other charges: ' || any_charges.evidence
            else own_terms.evidence
        end as evidence,
        parts.by_charges
        + parts.by_earlier_charges
        + parts.by_terms
        - coalesce(explained_by_charges.share, 0) as share
    from parts
    inner join own_terms on parts.money_row = own_terms.money_row
    left join explain.money_places as placed
        on parts.money_row = placed.money_row and parts.presence <> 'both'
    left join earlier_terms on parts.money_row = earlier_terms.money_row
    left join any_charges on parts.money_row = any_charges.money_row
    left join explained_by_charges
        on parts.money_row = explained_by_charges.money_row
),

all_shares as (
    select
        by_charges.money_row,
        by_charges.cause,
        'Credit follows other charges: ' || by_charges.evidence as evidence,
        by_charges.share
    from by_charges
    union all
    select
        by_terms.money_row,
        by_terms.cause,
        by_terms.evidence,
        by_terms.share
    from by_terms
)

select
    all_shares.money_row,
    all_shares.cause,
    cast(sum(all_shares.share) as decimal(38, 12)) as share,
    min_by(
        all_shares.evidence, greatest_first(all_shares.share, all_shares.evidence)
    ) as evidence
from all_shares
group by all_shares.money_row, all_shares.cause
