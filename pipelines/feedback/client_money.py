"""What clients are owed and what is held for them at the close of one day, read from one snapshot.

Each question says one part of the sum. Together they leave nothing out: what is held less what is
owed is the house's own share, the fees of providers, and what the two sides do not agree on yet.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
from sqlalchemy import Engine

from lake import connection
from lake.publication import Publication
from operational.kit import db
from operational.kit.settings import Settings
from operational.reconciliation import queries, reports, statement
from operational.reconciliation.statement import Figure, Item, Side

# ruff: noqa: S608 - SQL of our own; the day is bound

_ITEMS = """
with expected as (
    select i.item_key, i.leg, i.kind, e.currency, e.counterpart, e.our_reference, e.due_at,
        e.expected_minor as minor
    from (select *, unnest(expectation_keys) as key from lake.intermediate.int_reconciled) as i
    join lake.marts.fct_expectations as e on i.key = e.expectation_key
    where e.occurred_at < $close
), found as (
    select i.item_key, i.leg, i.kind, l.currency, l.counterpart, l.our_reference,
        l.actual_minor as minor
    from (select *, unnest(line_ids) as line_id from lake.intermediate.int_reconciled) as i
    join lake.intermediate.int_lines as l on i.line_id = l.line_id
    where l.booked_at < $close
), coming as (
    select * from expected anti join found using (item_key) where due_at >= $close
)
"""
"""Both sides by the close, and of what is expected that which is not due yet."""

_POSTED = """
from lake.staging.stg_ledger__entries as e
join lake.staging.stg_ledger__journals as j using (journal_id)
join lake.staging.stg_ledger__accounts as a using (account_id)
where j.effective_at < $close
"""

_BATCHES = """
with lines as (
    select *,
        coalesce(
            max(paid_at) filter (movement = 'settlement') over batches,
            if(psp = 'stripe', paid_at, null)
        ) as left_at
    from lake.staging.stg_psp__lines
    where booked_at < $close
    window batches as (partition by psp, batch)
)
"""
"""Lines of providers with when their batch left for the bank; only Stripe dates it on each line."""

# Currency, name, minor units, note. Everything is summed in whole minor units.
_QUESTIONS: dict[tuple[Side, Item], str] = {
    (Side.OWED, Item.WALLETS): f"""
        select e.currency, '', sum(e.amount_minor), null {_POSTED}
        and a.account_code like 'wallet:%' group by e.currency""",
    (Side.OWED, Item.UNALLOCATED): f"""
        select e.currency, '', sum(e.amount_minor), null {_POSTED}
        and a.account_code like 'unallocated:%' group by e.currency""",
    (Side.OWED, Item.TRADING_ACCOUNTS): """
        select currency, platform || '/' || server, sum(greatest(minor, 0)), null
        from balances group by all""",
    (Side.NOTED, Item.HOLDS): """
        select a.currency, '', sum(h.amount), null
        from lake.raw.ledger__hold as h join lake.staging.stg_ledger__accounts as a using (account_id)
        where h.created_at < $close and (h.ended_at is null or h.ended_at >= $close)
        group by a.currency""",
    (Side.HELD, Item.AT_PSPS): f"""
        {_BATCHES}
        select net_currency, psp, sum(net_minor), 'in their reports, not yet paid out'
        from lines
        where movement <> 'settlement' and (left_at is null or left_at >= $close) group by all""",
    (Side.HELD, Item.TO_REPORT): f"""
        {_ITEMS}
        select currency, counterpart, sum(minor), 'to come in their reports'
        from coming where leg = 'psp_line' group by all""",
    (Side.HELD, Item.IN_TRANSIT): f"""
        {_ITEMS}
        select currency, counterpart, sum(minor), 'paid out, to come on a statement'
        from coming where leg = 'bank_line' group by all""",
    (Side.EXPLAINED, Item.HOUSE): f"""
        select e.currency, regexp_extract(a.account_code, '^[^:]+'), sum(e.amount_minor), null
        {_POSTED}
        and not regexp_matches(a.account_code, '^(wallet|unallocated|psp|bank|platform):')
        group by all""",
    (Side.EXPLAINED, Item.CLEARED): f"""
        select e.currency, regexp_extract(a.account_code, '^[^:]+:[^:]+'), sum(e.amount_minor),
            'booked by hand against clearing'
        {_POSTED}
        and regexp_matches(a.account_code, '^(psp|bank|platform):')
        and not j.is_with_provider and j.journal_kind <> 'platform_transfer'
        group by all""",
    (Side.EXPLAINED, Item.TRADING): """
        select currency, platform || '/' || server, -sum(result_minor), 'what clients won or lost'
        from balances group by all""",
    (Side.EXPLAINED, Item.BELOW_ZERO): """
        select currency, platform || '/' || server, sum(least(minor, 0)),
            count(*) filter (minor < 0) || ' accounts'
        from balances group by all""",
    (Side.EXPLAINED, Item.FEES): f"""
        {_BATCHES}
        select net_currency, psp,
            sum(if(movement = 'fee', net_minor, -coalesce(fee_minor, 0))), null
        from lines where movement not in ('settlement', 'reserve', 'fx', 'adjustment') group by all""",
    (Side.EXPLAINED, Item.RESERVES): f"""
        {_BATCHES}
        select net_currency, psp, sum(net_minor), null
        from lines where movement = 'reserve' group by all""",
    (Side.EXPLAINED, Item.CONVERSIONS): f"""
        {_BATCHES}, moved as (
            select psp, net_currency as currency, net_minor as minor
            from lines where movement in ('fx', 'adjustment')
            union all
            select psp, net_currency, net_minor + coalesce(fee_minor, 0)
            from lines where currency <> net_currency and movement <> 'settlement'
            union all
            select psp, currency, -gross_minor
            from lines where currency <> net_currency and movement <> 'settlement'
        )
        select currency, psp, sum(minor), null from moved group by all""",
    (Side.EXPLAINED, Item.BANK_CHARGES): """
        select currency, account, sum(amount_minor), null from lake.staging.stg_bank__lines
        where booked_at < $close and account in (select account from named)
            and transaction_subfamily in ('CHRG', 'FEES', 'COMM', 'INTR')
        group by all""",
    (Side.EXPLAINED, Item.ELSEWHERE): f"""
        {_ITEMS}
        select currency, counterpart, -sum(minor), 'an account that is not on the list'
        from found where leg = 'bank_line' and counterpart not in (select account from named)
        group by all""",
    (Side.EXPLAINED, Item.BREAK): f"""
        {_ITEMS}, sides as (
            select * exclude (due_at), -minor as signed from expected
            where (item_key, currency) not in (
                select (item_key, currency) from coming where leg <> 'platform_deal')
            union all by name
            select *, minor as signed from found
        )
        select currency,
            coalesce(min(our_reference), min(item_key)),
            sum(if(leg = 'platform_deal', -signed, signed)),
            leg || ': ' || coalesce(kind, 'booked on another day') || ', ' || min(counterpart)
        from sides group by item_key, currency, leg, kind having sum(signed) <> 0""",
}

_BALANCES = """
create or replace temp table balances as
select accounts.currency, deals.platform, deals.server, deals.login,
    sum((profit + swap + commission + fee) * minor_per_unit)::bigint as minor,
    sum(if(action = 2, 0, (profit + swap + commission + fee) * minor_per_unit))::bigint
        as result_minor
from lake.staging.stg_platform__deals as deals
join lake.intermediate.int_accounts_owned as accounts using (platform, server, login)
-- Credit and bonus are the house's gift and no money of clients.
where not deals.is_deleted and deals.action not in (3, 6) and deals.executed_at < $close
group by all
"""

_NAMED = """
create or replace temp table named as
select account, currency, bank, name, opened_on from lake.raw.reconciliation__bank_account
where opened_on <= $day and (closed_on is null or closed_on >= $day)
"""

# The newest closing balance up to the day, and what was there before the first statement.
_BANKS = """
with told as (
    select s.account, b.currency, b.balance_date, b.balance_code, b.amount_minor, b.file_name,
        b.statement_no
    from lake.raw.bank__balances as b
    join lake.raw.bank__statements as s using (file_name, statement_no)
    where b.balance_date <= $day and s.message_type in ('camt.053', 'mt940')
)
select named.currency, named.account, named.bank,
    (select arg_max(amount_minor, (balance_date, statement_no)) from told
     where account = named.account and currency = named.currency and balance_code = 'CLBD'),
    (select max(balance_date) from told
     where account = named.account and currency = named.currency and balance_code = 'CLBD'),
    (select arg_min(amount_minor, (balance_date, statement_no)) from told
     where account = named.account and currency = named.currency
         and balance_code in ('OPBD', 'PRCD')),
    (select arg_max(file_name, (balance_date, statement_no)) from told
     where account = named.account and currency = named.currency and balance_code = 'CLBD')
from named order by 1, 2
"""


def report(settings: Settings, engine: Engine, published: Publication, now: datetime) -> int:
    """Prepare what is due and what people asked for; how many versions that were."""
    with db.transaction(engine) as session:
        reports.ask_due(session, published.as_of, now=now)
        asked = [(each.id, each.day) for each in queries.asked_reports(session)]
    if not asked:
        return 0
    with connection.read_at(settings, published.snapshot) as lake:
        contents = {report_id: statement_of(lake, day, published) for report_id, day in asked}
    with db.transaction(engine) as session:
        return sum(
            reports.prepare(
                session,
                report_id,
                content,
                as_of=published.as_of,
                snapshot=published.snapshot,
                now=now,
            )
            for report_id, content in contents.items()
        )


def statement_of(
    lake: duckdb.DuckDBPyConnection, day: date, published: Publication
) -> dict[str, Any]:
    """A day's statement out of a pinned snapshot; the same whenever it is read again."""
    return statement.compose(
        day, figures(lake, day), as_of=published.as_of, snapshot=published.snapshot
    )


def figures(lake: duckdb.DuckDBPyConnection, day: date) -> list[Figure]:
    """Every figure of a day's report, in one order: the same snapshot says the same for ever."""
    close = {"close": reports.close_of(day)}
    lake.execute(_BALANCES, close)
    lake.execute(_NAMED, {"day": day})
    found = list(_bank_figures(lake, day))
    for (side, item), question in _QUESTIONS.items():
        bound = close if "$close" in question else {}
        for currency, name, minor, note in lake.execute(question, bound).fetchall():
            if minor:
                found.append(Figure(currency, side, item, name, int(minor), note or ""))
    return sorted(found, key=lambda one: (one.currency, one.side, one.item, one.name, one.note))


def _bank_figures(lake: duckdb.DuckDBPyConnection, day: date) -> Iterator[Figure]:
    for currency, account, bank, closing, closed_on, opening, file_name in lake.execute(
        _BANKS, {"day": day}
    ).fetchall():
        if closed_on is None:
            note, is_missing = "no statement ever", True
        elif closed_on != day:
            note, is_missing = f"no statement of the day; the last is of {closed_on}", True
        else:
            note, is_missing = f"{bank}, {file_name}", False
        yield Figure(
            currency, Side.HELD, Item.BANK, account, int(closing or 0), note, is_missing=is_missing
        )
        if opening:
            yield Figure(currency, Side.EXPLAINED, Item.OPENING, account, int(opening), "")
