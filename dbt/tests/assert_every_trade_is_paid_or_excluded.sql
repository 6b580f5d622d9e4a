-- Fails if a closing deal is missing from the commissions, or the other way round. Deals that came
-- since the last publication are named; of all of them, the keys must have the same digest.
with

trades as (
    select * from {{ ref("fct_trades") }}
),

commissions as (
    select * from {{ ref("fct_partner_commissions") }}
)

select
    'trade without a line' as fault,
    trades.deal
from trades
anti join commissions using (platform, server, deal)
where trades.extract_id > {{ published_extract_id() }}
union all
select
    'line without a trade' as fault,
    commissions.deal
from commissions
anti join trades using (platform, server, deal)
where commissions.extract_id > {{ published_extract_id() }}
union all
select
    'other lines than trades' as fault,
    null as deal
where
    (select sum(hash(platform, server, deal)::hugeint) from trades)
    is distinct from (select sum(hash(platform, server, deal)::hugeint) from commissions)
