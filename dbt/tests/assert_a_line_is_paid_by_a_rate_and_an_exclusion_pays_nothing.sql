-- Fails if a commission line lacks partner, plan, rate or the product of lots and rate, or if an
-- excluded deal earns anything.
select
    deal,
    exclusion_reason,
    commission
from {{ ref("fct_partner_commissions") }}
where
    extract_id > {{ published_extract_id() }}
    and case
        when is_paid
            then
                partner_id is null
                or plan_version_id is null
                or rate_id is null
                or commission <> closed_lots * per_lot
        else commission <> 0
    end
