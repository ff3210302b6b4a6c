-- One row per segment of Stripe's prices and set of contracts, with the part of Metronome's quantity that it would price.
-- A Metronome line goes to the segment in whose stretch of time it lies. Where it lies in several (a price that Stripe
-- changed and Metronome did not, two items with one price), it is divided as Stripe's own quantity is; where it lies in
-- none, it goes to the largest. Bounds less than an hour apart do not count as overlap: Metronome's sit on hours.
-- contract_id: NULL unless contracts overlap; then each contract is priced by itself, as Metronome bills each by itself
with

segments as (
    select
        stripe_segments.*,
        row_number() over (
            partition by
                stripe_segments.money_row,
                stripe_segments.charge_meter,
                stripe_segments.charge_group
            order by
                stripe_segments.quantity desc,
                stripe_segments.ends_at desc,
                stripe_segments.subscription_item_id asc,
                stripe_segments.stripe_price_id asc
        ) as size_rank
    from explain.stripe_segments as stripe_segments
    where stripe_segments.is_metered
),

overlapped_rows as (
    select distinct money_rows.money_row
    from explain.money_rows as money_rows
    inner join explain.place_causes as place_causes
        on
            money_rows.account = place_causes.account
            and money_rows.customer_key = place_causes.customer_key
            and place_causes.cause = 'contract_overlap'
            and (
                place_causes.period_start is null
                or money_rows.period_start = place_causes.period_start
            )
),

pieces as (
    select
        metronome_lines.money_row,
        metronome_lines.charge_meter,
        metronome_lines.charge_group,
        case
            when overlapped_rows.money_row is not null then metronome_lines.contract_id
        end as contract_id,
        metronome_lines.effective_at,
        metronome_lines.ends_at,
        cast(sum(metronome_lines.quantity) as decimal(38, 12)) as quantity
    from explain.metronome_lines as metronome_lines
    left join overlapped_rows on metronome_lines.money_row = overlapped_rows.money_row
    where metronome_lines.quantity is not null
    group by
        metronome_lines.money_row,
        metronome_lines.charge_meter,
        metronome_lines.charge_group,
        case
            when overlapped_rows.money_row is not null then metronome_lines.contract_id
        end,
        metronome_lines.effective_at,
        metronome_lines.ends_at
),

numbered as (
    select
        pieces.*,
        row_number() over (
            order by
                pieces.money_row,
                pieces.charge_meter,
                pieces.charge_group,
                pieces.contract_id,
                pieces.effective_at,
                pieces.ends_at
        ) as piece
    from pieces
),

met as (
    select
        numbered.piece,
        numbered.contract_id,
        numbered.quantity,
        segments.money_row,
        segments.charge_meter,
        segments.charge_group,
        segments.stripe_price_id,
        segments.subscription_item_id,
        segments.size_rank,
        segments.quantity as segment_quantity,
        numbered.effective_at < segments.ends_at - interval 1 hour
        and numbered.ends_at > segments.starts_at + interval 1 hour as is_met
    from numbered
    inner join segments
        on
            numbered.money_row = segments.money_row
            and numbered.charge_meter = segments.charge_meter
            and numbered.charge_group = segments.charge_group
),

counted as (
    select
        met.*,
        count(*) filter (where met.is_met)
            over (partition by met.piece)
            as met_segments,
        sum(met.segment_quantity) filter (where met.is_met) over (
            partition by met.piece
        ) as met_quantity
    from met
),

candidates as (
    select
        counted.*,
        row_number() over (
            partition by counted.piece
            order by counted.size_rank
        ) as preference
    from counted
    where
        (counted.is_met and counted.met_segments > 0)
        or (counted.met_segments = 0 and counted.size_rank = 1)
),

weighed as (
    select
        candidates.*,
        cast(
            case
                when candidates.met_segments <= 1 or candidates.met_quantity = 0 then 0
                else candidates.segment_quantity / candidates.met_quantity
            end as decimal(18, 12)
        ) as part_ratio
    from candidates
),

parted as (
    select
        weighed.*,
        case
            when weighed.preference > 1
                then
                    cast(
                        cast(weighed.quantity as decimal(28, 6)) * weighed.part_ratio
                        as decimal(38, 12)
                    )
            else cast(0 as decimal(38, 12))
        end as part
    from weighed
),

-- The largest segment takes what the others leave.
rested as (
    select
        parted.*,
        case
            when parted.preference = 1
                then
                    parted.quantity
                    - sum(parted.part) over (partition by parted.piece)
            else parted.part
        end as segment_part
    from parted
)

select
    rested.money_row,
    rested.charge_meter,
    rested.charge_group,
    rested.stripe_price_id,
    rested.subscription_item_id,
    rested.contract_id,
    cast(sum(rested.segment_part) as decimal(38, 12)) as quantity
from rested
group by
    rested.money_row,
    rested.charge_meter,
    rested.charge_group,
    rested.stripe_price_id,
    rested.subscription_item_id,
    rested.contract_id
