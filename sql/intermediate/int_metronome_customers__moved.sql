-- One row per Metronome customer whose account has another name than the environment that it was landed under.
-- Where one account has an environment for itself there is none, and whoever looks for one joins nothing.
select
    assigned.environment,
    assigned.metronome_customer_id,
    assigned.account
from intermediate.int_metronome_customers__assigned as assigned
where assigned.account <> assigned.environment
