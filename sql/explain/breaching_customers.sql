-- One row per customer with a breach in any check: the only customers whose causes are looked for.
select distinct
    judged.account,
    judged.customer_key
from intermediate.int_check_rows__judged as judged
where judged.status = 'breach'
