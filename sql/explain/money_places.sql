-- One row per money row whose place has a cause, with the one that is told first.
-- cause: code of the cause
-- evidence: the cause in a sentence
select
    money_rows.money_row,
    min_by(
        place_causes.cause,
        in_order(place_causes.precedence, place_causes.cause || place_causes.evidence)
    ) as cause,
    min_by(
        place_causes.evidence,
        in_order(place_causes.precedence, place_causes.cause || place_causes.evidence)
    ) as evidence
from explain.money_rows as money_rows
inner join explain.place_causes as place_causes
    on
        money_rows.account = place_causes.account
        and money_rows.customer_key = place_causes.customer_key
        and (
            place_causes.period_start is null
            or money_rows.period_start = place_causes.period_start
        )
group by money_rows.money_row
