-- What the hardware allows: one query that scans and fully joins both sides.
select
    count(*) filter (
        where stripe.quantity = metronome.quantity and stripe.amount = metronome.amount
    ) as equal_lines,
    count(*) filter (
        where stripe.quantity <> metronome.quantity or stripe.amount <> metronome.amount
    ) as differing_lines,
    count(*) filter (where metronome.customer is null) as only_stripe,
    count(*) filter (where stripe.customer is null) as only_metronome
from stripe
full outer join metronome
    on
        stripe.customer = metronome.customer
        and stripe.period = metronome.period
        and stripe.meter = metronome.meter
        and stripe.group_values = metronome.group_values
