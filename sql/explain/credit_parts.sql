-- One row per money row with credit on either side, in three parts of the difference in what was drawn.
-- Stripe's drawing less Metronome's is: what follows from other charges in this period (by_charges), what follows from
-- other charges in earlier periods, which left more or less credit over (by_earlier_charges), and the difference in the
-- credit itself (by_terms). The first is Stripe's drawing less what its own grants would have given for Metronome's charges.
-- All amounts are positive where Metronome drew less. drawn_elsewhere: Metronome's drawing on charges out of scope.
with

terms as (
    select
        money_rows.account,
        money_rows.customer_key,
        money_rows.currency,
        money_rows.period_start,
        money_rows.presence,
        terms.*
    from explain.credit_terms as terms
    inner join explain.money_rows as money_rows
        on terms.money_row = money_rows.money_row
),

stripe_credits as (
    select
        segments.money_row,
        cast(sum(segments.credit_minor_units) as decimal(38, 12)) as drawn
    from explain.stripe_segments as segments
    group by segments.money_row
),

metronome_credits as (
    select
        lines.money_row,
        cast(-sum(lines.amount_minor_units) as decimal(38, 12)) as drawn
    from explain.metronome_lines as lines
    where lines.line_kind = 'credit'
    group by lines.money_row
),

-- Credit that Metronome drew for charges that are out of scope: it is in credit_drawdowns and not in the total.
elsewhere as (
    select
        money_rows.money_row,
        cast(-sum(lines.amount_minor_units) as decimal(38, 12)) as drawn
    from explain.money_rows as money_rows
    inner join intermediate.int_metronome_lines__periodised as lines
        on
            money_rows.account = lines.account
            and money_rows.customer_key = lines.customer_key
            and money_rows.metronome_start = lines.period_start
            and money_rows.metronome_end = lines.period_end
            and money_rows.currency = lines.currency
    where
        lines.is_applied_balance
        and not lines.is_postpaid
        and not lines.in_net
    group by money_rows.money_row
),

discounts as (
    select
        lines.money_row,
        cast(sum(lines.amount_minor_units) as decimal(38, 12)) as amount
    from explain.metronome_lines as lines
    where lines.line_kind = 'discount'
    group by lines.money_row
),

measured as (
    select
        terms.*,
        coalesce(stripe_credits.drawn, 0) as stripe_drawn,
        coalesce(metronome_credits.drawn, 0) as metronome_drawn,
        coalesce(elsewhere.drawn, 0) as drawn_elsewhere,
        terms.metronome_charged_in_scope + coalesce(discounts.amount, 0)
            as chargeable
    from terms
    left join stripe_credits on terms.money_row = stripe_credits.money_row
    left join metronome_credits on terms.money_row = metronome_credits.money_row
    left join elsewhere on terms.money_row = elsewhere.money_row
    left join discounts on terms.money_row = discounts.money_row
),

-- With credit left over, every charge in scope is paid; without, no more than there was.
followed as (
    select
        measured.*,
        case
            when measured.stripe_left <= 1
                then greatest(least(measured.stripe_drawn, measured.chargeable), 0)
            else
                greatest(
                    least(
                        measured.stripe_drawn
                        + measured.chargeable
                        - measured.stripe_charged_in_scope,
                        measured.stripe_drawn + measured.stripe_left
                    ),
                    0
                )
        end as drawn_for_charges
    from measured
),

carried as (
    select
        followed.*,
        sum(followed.stripe_drawn - followed.drawn_for_charges)
            over (
                partition by
                    followed.account, followed.customer_key, followed.currency
                order by followed.period_start
            )
        - (followed.stripe_drawn - followed.drawn_for_charges) as left_over_before
    from followed
),

bounded as (
    select
        carried.*,
        case
            when carried.left_over_before = 0 then carried.drawn_for_charges
            when carried.stripe_left <= 1
                then
                    greatest(
                        least(
                            carried.stripe_drawn + carried.left_over_before,
                            carried.chargeable
                        ),
                        0
                    )
            else
                greatest(
                    least(
                        carried.drawn_for_charges,
                        carried.stripe_drawn
                        + carried.stripe_left
                        + carried.left_over_before
                    ),
                    0
                )
        end as drawn_with_left_over
    from carried
)

select
    bounded.*,
    cast(bounded.stripe_drawn - bounded.drawn_for_charges as decimal(38, 12))
        as by_charges,
    cast(bounded.drawn_for_charges - bounded.drawn_with_left_over as decimal(38, 12))
        as by_earlier_charges,
    cast(bounded.drawn_with_left_over - bounded.metronome_drawn as decimal(38, 12))
        as by_terms
from bounded
where
    bounded.stripe_drawn <> 0
    or bounded.metronome_drawn <> 0
    or bounded.drawn_elsewhere <> 0
