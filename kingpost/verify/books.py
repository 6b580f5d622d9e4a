"""The ledger against itself, and against the payments and transfers that moved its money."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from operational.kit import db
from operational.kit.settings import Settings

FINDINGS_MAX = 1000
"""Books this wrong need a restore, not a longer list."""

# Each check yields finished sentences. Where one tampered row spoils all after it, the first is named.
LEDGER_CHECKS = (
    """
    select format('ledger.journal %s: expected two legs or more, found %s.', journal.id, count(entry.id))
    from ledger.journal left join ledger.entry on entry.journal_id = journal.id
    group by journal.id having count(entry.id) < 2
    """,
    """
    select format('ledger.journal %s: legs in %s must sum to 0, they sum to %s.',
                  journal_id, currency, sum(amount))
    from ledger.entry group by journal_id, currency having sum(amount) <> 0
    """,
    """
    select format('ledger.entry %s: expected a journal %s, found none.', entry.id, journal_id)
    from ledger.entry left join ledger.journal on journal.id = journal_id where journal.id is null
    """,
    """
    select format('ledger.entry %s: expected %s, the currency of account %s, found %s.',
                  entry.id, coalesce(account.currency, 'an account'), account_id, entry.currency)
    from ledger.entry left join ledger.account on account.id = account_id
    where account.currency is distinct from entry.currency
    """,
    """
    select distinct on (account_id)
           format('ledger.entry %s: expected balance_after %s on account %s, found %s.',
                  id, coalesce(running::text, 'empty'), account_id,
                  coalesce(balance_after::text, 'empty'))
    from (
        select entry.id, account_id, balance_after,
               case when is_cached
                    then sum(amount) over (partition by account_id order by entry.id) end as running
        from ledger.entry join ledger.account on account.id = account_id
    ) as entries
    where balance_after is distinct from running
    order by account_id, id
    """,
    """
    select format('ledger.balance of account %s (%s): expected posted %s, found %s.',
                  account.id, code, coalesce(sum(amount), 0),
                  coalesce(min(posted)::text, 'no row'))
    from ledger.account
    left join ledger.balance on balance.account_id = account.id
    left join ledger.entry on entry.account_id = account.id
    where is_cached
    group by account.id having min(posted) is distinct from coalesce(sum(amount), 0)
    """,
    """
    select format('ledger.balance of account %s: expected held %s, found %s.',
                  balance.account_id, coalesce(sum(amount), 0), held)
    from ledger.balance
    left join ledger.hold on hold.account_id = balance.account_id and status = 'held'
    group by balance.account_id, held having held <> coalesce(sum(amount), 0)
    """,
    """
    select format('ledger.balance of account %s: expected at least %s available, found %s.',
                  account_id, floor, posted - held)
    from ledger.balance where posted - held < floor
    """,
    """
    select format('ledger.journal %s: expected the mirror image of journal %s, found other legs.',
                  journal.id, reverses)
    from ledger.journal
    where reverses is not null and exists (
        (select account_id, amount from ledger.entry where journal_id = journal.id
         except select account_id, -amount from ledger.entry where journal_id = reverses)
        union all
        (select account_id, -amount from ledger.entry where journal_id = reverses
         except select account_id, amount from ledger.entry where journal_id = journal.id)
    )
    """,
)

# And what the ledger must say of the payments and transfers beside it.
_CROSS_CHECKS = (
    # What a PSP captured is in the books once, whole, against the clearing of that PSP; what came in
    # pieces is there piece by piece.
    """
    select format('payments.payment %s (%s): expected a journal deposit:%s of %s %s, found %s.',
                  payment.id, reference, payment.id, coalesce(arrived_minor, amount_minor),
                  payment.currency, coalesce((-sum(entry.amount))::text, 'none'))
    from payments.payment
    left join ledger.journal on split_part(op_key, ':', 2) = payment.id::text
      and (op_key = 'deposit:' || payment.id or exists (
          select from payments.payment_event as event
          where event.payment_id = payment.id and event.news = 'arrived'
            and op_key = 'deposit:' || payment.id || ':' || event.operation_id))
    left join ledger.account on code = 'psp:' || psp || ':' || payment.currency
    left join ledger.entry on journal_id = journal.id and account_id = account.id
    where direction = 'deposit' and succeeded_at is not null
    group by payment.id
    having -sum(entry.amount) is distinct from coalesce(arrived_minor, amount_minor)
    """,
    # And nothing else is: each journal bears the very name of what moved, and no name twice over.
    """
    select format('ledger.journal %s (%s): expected a payment that succeeded, found %s.',
                  journal.id, op_key, coalesce(status, 'none'))
    from ledger.journal
    left join payments.payment
      on payment.id::text = split_part(op_key, ':', 2)
      and case kind
          when 'deposit' then op_key = 'deposit:' || payment.id or exists (
              select from payments.payment_event as event
              where event.payment_id = payment.id and event.news = 'arrived'
                and op_key = 'deposit:' || payment.id || ':' || event.operation_id)
          else exists (
              select from payments.payment_event as event
              where event.payment_id = payment.id
                and op_key = kind || ':' || payment.id || ':' || event.operation_id)
          end
    where kind in ('deposit', 'capture_failed', 'refund', 'refund_failed', 'chargeback',
                   'chargeback_won', 'second_chargeback') and succeeded_at is null
    """,
    """
    select format('payments.payment %s (%s): expected its journals to bring in %s %s, found %s.',
                  payment.id, reference,
                  case status when 'succeeded' then '' else '0 to ' end
                      || coalesce(arrived_minor, amount_minor),
                  payment.currency, -sum(entry.amount))
    from ledger.journal
    join payments.payment on payment.id::text = split_part(op_key, ':', 2)
    join ledger.account on code = 'psp:' || psp || ':' || payment.currency
    join ledger.entry on journal_id = journal.id and account_id = account.id
    group by payment.id
    having -sum(entry.amount) not between 0 and coalesce(arrived_minor, amount_minor)
        or status in ('succeeded', 'underpaid', 'overpaid')
           and -sum(entry.amount) <> coalesce(arrived_minor, amount_minor)
    """,
    """
    select format('ledger.entry %s: expected an account of client %s, whose payment %s it is, found %s.',
                  entry.id, client_id, reference, code)
    from ledger.journal
    join payments.payment on payment.id::text = split_part(op_key, ':', 2)
    join ledger.entry on journal_id = journal.id
    join ledger.account on account.id = account_id
    where code not in ('psp:' || psp || ':' || payment.currency,
                       'wallet:' || client_id || ':' || payment.currency,
                       'client_debt:' || client_id || ':' || payment.currency)
    """,
    """
    select format('ledger.journal %s (%s): expected a payment or transfer that explains it, found kind %s.',
                  id, op_key, kind)
    from ledger.journal
    where reverses is null
      and kind not in ('deposit', 'capture_failed', 'refund', 'refund_failed', 'chargeback',
                       'chargeback_won', 'second_chargeback', 'platform_transfer', 'adjustment')
    """,
    # What two persons agreed to is in the books once, whole; nothing else moved by hand is.
    """
    select format('payments.adjustment %s (%s): expected a journal adjustment:%s of %s %s, found %s.',
                  adjustment.id, reference, adjustment.id, amount_minor, adjustment.currency,
                  coalesce(moved::text, 'none'))
    from payments.adjustment
    cross join lateral (
        select sum(entry.amount) as moved
        from ledger.journal
        join ledger.entry on journal_id = journal.id
        join ledger.account on account.id = account_id
        where op_key = 'adjustment:' || adjustment.id
          and code in ('wallet:' || client_id || ':' || adjustment.currency,
                       'client_debt:' || client_id || ':' || adjustment.currency)) as booked
    where moved is distinct from case status when 'posted' then amount_minor end
    """,
    """
    select format('ledger.journal %s (%s): expected an adjustment that is posted, found %s.',
                  journal.id, op_key, coalesce(status, 'none'))
    from ledger.journal
    left join payments.adjustment on 'adjustment:' || adjustment.id = op_key
    where kind in ('adjustment', 'adjustment_reversal') and status is distinct from 'posted'
    """,
    """
    select format('ledger.hold %s: expected status %s, for the adjustment is %s, found %s.',
                  'adjustment:' || adjustment.id, wanted, adjustment.status,
                  coalesce(hold.status, 'no hold'))
    from payments.adjustment
    cross join lateral (select case adjustment.status when 'posted' then 'settled'
                                                      when 'waiting' then 'held'
                                                      else 'voided' end as wanted) as state
    left join ledger.hold on hold.op_key = 'adjustment:' || adjustment.id
    where amount_minor < 0 and reverses_id is null and hold.status is distinct from wanted
    """,
    # What the platform booked is in the books once, whole; what it refused is not, and is free again.
    """
    select format('platforms.transfer %s (%s): expected a journal transfer:%s of %s %s, found %s.',
                  transfer.id, reference, transfer.id, amount_minor, transfer.currency,
                  coalesce((-entry.amount)::text, 'none'))
    from platforms.transfer
    left join ledger.journal on op_key = 'transfer:' || transfer.id
    left join ledger.account on code = 'wallet:' || client_id || ':' || transfer.currency
    left join ledger.entry on journal_id = journal.id and account_id = account.id
    where status = 'done' and entry.amount is distinct from -amount_minor
    """,
    """
    select format('ledger.journal %s (%s): expected a transfer that is done, found %s.',
                  journal.id, op_key, coalesce(status, 'none'))
    from ledger.journal
    left join platforms.transfer on 'transfer:' || transfer.id = op_key
    where kind = 'platform_transfer' and status is distinct from 'done'
    """,
    """
    select format('ledger.hold %s: expected status %s, for the transfer is %s, found %s.',
                  hold.op_key, wanted, transfer.status, coalesce(hold.status, 'no hold'))
    from platforms.transfer
    cross join lateral (select case transfer.status when 'done' then 'settled'
                                                    when 'refused' then 'voided'
                                                    else 'held' end as wanted) as state
    left join ledger.hold on hold.op_key = 'transfer:' || transfer.id
    where amount_minor > 0 and hold.status is distinct from wanted
    """,
)

_COUNTS = """
select (select count(*) from ledger.journal) as journals,
       (select count(*) from ledger.entry) as entries
"""


@dataclass(frozen=True)
class Books:
    """What was read, and what is wrong."""

    findings: list[str]
    journals: int
    entries: int


def verify(settings: Settings) -> Books:
    """Run every check at one moment, so that a running hub does not look wrong."""
    engine = db.engine(settings, db.EXTRACT, pool_size=1)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            # Millions of entries take longer than a request may.
            connection.execute(text("set statement_timeout = 0"))
            return examine(connection)
    finally:
        engine.dispose()


def examine(connection: Connection, checks: Sequence[str] = LEDGER_CHECKS + _CROSS_CHECKS) -> Books:
    """Run the checks in the transaction at hand."""
    found: list[str] = []
    for check in checks:
        found += connection.scalars(text(f"{check} limit {FINDINGS_MAX}"))
    counts = connection.execute(text(_COUNTS)).one()
    return Books(found, counts.journals, counts.entries)
