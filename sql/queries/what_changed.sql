-- What is new, what is resolved and what goes on since the last day?
select
    incident_changes.change,
    incident_changes.account,
    incident_changes.cause,
    incident_changes.place,
    incident_changes.since,
    incident_changes.currency,
    incident_changes.amount as minor_units,
    incident_changes.gross_amount as gross_minor_units
from parity.incident_changes as incident_changes
order by
    case incident_changes.change
        when 'new' then 1 when 'resolved' then 2 else 3
    end,
    coalesce(incident_changes.gross_amount, abs(incident_changes.amount))
    desc nulls last,
    incident_changes.account,
    incident_changes.cause asc,
    incident_changes.place asc
