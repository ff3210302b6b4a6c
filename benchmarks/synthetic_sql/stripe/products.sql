select stripe_product_id as id, meter as name, true as active
from meters
order by stripe_product_id
