-- Fails if the balance the ledger keeps for a client account is not the sum of its entries.
select
    kept.account_id,
    kept.posted_minor,
    summed.balance_minor
from {{ ref("stg_ledger__balances") }} as kept
left join {{ ref("fct_ledger_balances") }} as summed on kept.account_id = summed.account_id
where summed.balance_minor is distinct from kept.posted_minor
