-- One row per name of a Metronome customer that events may bear instead of its id.
-- ingest_alias: the name
select
    assigned.account,
    aliases.metronome_customer_id,
    aliases.ingest_alias
from staging.stg_metronome__ingest_aliases as aliases
inner join intermediate.int_metronome_customers__assigned as assigned
    on
        aliases.environment = assigned.environment
        and aliases.metronome_customer_id = assigned.metronome_customer_id
