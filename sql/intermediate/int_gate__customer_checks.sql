-- One row per check and customer with a row of it, settled or not.
select
    judged.check_name,
    judged.customer_number,
    count(*) filter (where judged.status <> 'pending') as settled_rows,
    count(*) filter (where judged.status = 'waived') as waived_rows
from intermediate.int_check_rows__judged as judged
group by judged.check_name, judged.customer_number
