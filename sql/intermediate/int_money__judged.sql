-- One row per row of invoice_totals and credit_drawdowns, as int_check_rows__judged has it.
-- They are few, and read often.
select judged.*
from intermediate.int_check_rows__judged as judged
where judged.check_name in ('invoice_totals', 'credit_drawdowns')
