-- Which differences are waived, by whom, until when, and does each waiver still hold?
select
    waiver_use.check_name,
    waiver_use.account,
    waiver_use.customer,
    waiver_use.subject,
    waiver_use.reason,
    waiver_use.approved_by,
    waiver_use.expires_on,
    waiver_use.max_minor_units,
    waiver_use.matching_rows,
    waiver_use.waiver_status
from control.waiver_use as waiver_use
order by waiver_use.expires_on, waiver_use.check_name, waiver_use.customer
