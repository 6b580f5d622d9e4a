"""Questions to `fct_ledger_balances`: one row per ledger account. Credits are positive."""

TRIAL_BALANCE = """
select
    currency,
    count(*) as accounts,
    -sum(least(balance_minor, 0))::bigint as debit_minor,
    sum(greatest(balance_minor, 0))::bigint as credit_minor,
    sum(balance_minor)::bigint as difference_minor
from lake.marts.fct_ledger_balances
group by currency
order by currency
"""

BY_BOOK = """
select
    split_part(account_code, ':', 1) as book,
    account_kind as kind,
    count(*) as accounts,
    sum(balance_minor)::bigint as amount_minor,
    currency
from lake.marts.fct_ledger_balances
group by all
order by book, currency
"""
"""Accounts of one kind together: wallets, PSPs, platforms. Nobody's own account is shown."""

OWED_BY_PSPS = """
select
    split_part(account_code, ':', 2) as psp,
    -balance_minor as amount_minor,
    currency
from lake.marts.fct_ledger_balances
where account_code like 'psp:%' and balance_minor <> 0
order by psp, currency
"""
"""What was taken in through a PSP and not yet paid out by it, as positive amounts."""
