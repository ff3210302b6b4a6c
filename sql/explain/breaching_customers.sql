-- One row per customer with a breach in any check: the only customers whose causes are looked for.
select distinct
    breaching.account,
    breaching.customer_key
from intermediate.int_check_rows__breaching as breaching
