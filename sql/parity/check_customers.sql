-- One row per account and check with a settled row, with the share of customers that the gate judges.
-- customers: customers with a settled row
-- customers_within: of those, the ones within in every unit and cycle of their own
-- is_share_met: whether enough of them are
select
    shares.account,
    shares.check_name,
    shares.customers,
    shares.customers_within,
    shares.is_share_met
from intermediate.int_gate__customer_shares as shares
where shares.cohort = ''
