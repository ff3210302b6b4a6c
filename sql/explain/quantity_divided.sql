-- One row per counted part and per rest of a row of explain.quantity_rows: together they are its variance.
-- charge_group: the charge that the part is about, where the meter has several; empty text for all of them
-- part: what the cause adds to Metronome's quantity, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
select
    parts.account,
    parts.customer_key,
    parts.meter,
    parts.period_start,
    parts.cause,
    parts.charge_group,
    parts.part,
    parts.evidence
from explain.quantity_parts as parts
union all
select
    rests.account,
    rests.customer_key,
    rests.meter,
    rests.period_start,
    rests.cause,
    '' as charge_group,
    rests.rest as part,
    rests.evidence
from explain.quantity_rest as rests
