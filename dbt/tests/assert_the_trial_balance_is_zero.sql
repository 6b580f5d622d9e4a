-- Fails if the balances of a currency do not sum to zero.
select
    currency,
    sum(balance_minor) as difference_minor
from {{ ref("fct_ledger_balances") }}
group by currency
having sum(balance_minor) <> 0
