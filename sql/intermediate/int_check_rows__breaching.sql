-- One row per row of any of the six checks that is a breach, as int_check_rows__judged has it.
select judged.*
from intermediate.int_check_rows__judged as judged
where judged.status = 'breach'
