"""Questions to `fct_ledger_balances`: one row per ledger account. Credits are positive."""

from dashboards.figures import Figure
from lake.rows import Origin

READERS = ("ledger.read", "reports.build")
"""Who may see the books: any of these. Whoever may build a report on the lake may read one."""

_ACCOUNTS = Origin("fct_ledger_balances")


TRIAL_BALANCE = Figure(
    "Trial balance",
    "What every ledger account holds, debits and credits apart. They must be equal in every currency.",
    """
select
    currency,
    count(*) as accounts,
    -sum(least(balance_minor, 0))::bigint as debit_minor,
    sum(greatest(balance_minor, 0))::bigint as credit_minor,
    sum(balance_minor)::bigint as difference_minor
from lake.marts.fct_ledger_balances
group by currency
order by currency
""",
    _ACCOUNTS,
    READERS,
)

BY_BOOK = Figure(
    "By book",
    "Accounts of one kind together. Credits are positive: what we owe. Debits are negative: what we have.",
    """
select
    split_part(account_code, ':', 1) as book,
    account_kind as kind,
    count(*) as accounts,
    sum(balance_minor)::bigint as amount_minor,
    currency
from lake.marts.fct_ledger_balances
group by all
order by book, currency
""",
    _ACCOUNTS,
    READERS,
)

OWED_BY_PSPS = Figure(
    "Owed to us by PSPs",
    "Taken in through a PSP and not yet paid out by it.",
    """
select
    split_part(account_code, ':', 2) as psp,
    -balance_minor as amount_minor,
    currency
from lake.marts.fct_ledger_balances
where account_code like 'psp:%' and balance_minor <> 0
order by psp, currency
""",
    Origin("fct_ledger_balances", "mart.account_code like 'psp:%' and mart.balance_minor <> 0"),
    READERS,
)
