"""New bookings on our own bank accounts become messages for the worker. Done again, it changes nothing.

They are handed over as soon as their file has landed whole, whatever the marts make of it: a client
waits for the money.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
from sqlalchemy import Engine

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.messaging import arrivals
from operational.messaging.arrivals import Arrived
from operational.payments.transfers.lines import LINE, SOURCE, Line

_GIVEN = "create table if not exists lake.raw.bank__given (given_extract_id bigint)"
"""Which files were handed over."""

Row = dict[str, Any]

_NO_REFERENCE = frozenset({None, "", "NONREF", "NOTPROVIDED"})
_TEXTS = (
    "end_to_end_id", "instruction_id", "remittance", "creditor_references",
    "additional_remittance", "detail_information", "return_reason",
)  # fmt: skip
_BOOKED = """
select
    entries.extract_id, entries.file_name, entries.statement_no, entries.entry_no,
    statements.account, statements.message_type, statements.statement_id,
    entries.servicer_reference, entries.entry_reference, entries.customer_reference,
    entries.additional_information, entries.amount_minor, entries.currency,
    coalesce(entries.booking_date, entries.booked_at::date, entries.value_date) as booked_on,
    details.detail_no, details.amount_minor as detail_minor,
    details.debtor_name, details.creditor_name, details.debtor_account, details.creditor_account,
    details.end_to_end_id, details.instruction_id, details.remittance,
    details.creditor_references, details.additional_remittance, details.return_reason,
    details.additional_information as detail_information
from lake.raw.bank__entries as entries
join lake.raw.bank__statements as statements using (file_name, statement_no)
left join lake.raw.bank__entry_details as details using (file_name, statement_no, entry_no)
where entries.status = 'BOOK' and entries.amount_minor <> 0 and list_contains(?, statements.account)
  and entries.extract_id not in (select given_extract_id from lake.raw.bank__given)
order by entries.extract_id, entries.file_name, entries.statement_no, entries.entry_no,
    details.detail_no
"""


def hand_over(
    lake: duckdb.DuckDBPyConnection, settings: Settings, engine: Engine, now: datetime
) -> int:
    """Put what is new into the operational inbox; return how many messages were new there.

    Told first and noted after: a death in between tells it again, under the same ids.
    """
    lake.execute(_GIVEN)
    accounts = [one.split()[1] for one in keys(settings, SOURCE).get("accounts", ())]
    found = lake.execute(_BOOKED, [accounts])
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if not rows:
        return 0
    told = [Arrived(SOURCE, line.line_id, {}, LINE.dump_json(line)) for line in lines(rows)]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        new = arrivals.store(connection, told, now=now)
    files = sorted({row["extract_id"] for row in rows})
    lake.execute("insert into lake.raw.bank__given select unnest(?::bigint[])", [files])
    return new


def lines(rows: Iterable[Row]) -> Iterator[Line]:
    """One line per booking, or per payment of a booking whose payments say what each is.

    A line's id is the bank's own reference of the booking, so that a report of the day, a statement
    and an MT940 tell the same one. Without such a reference only statements count.
    """
    statement = itemgetter("extract_id", "file_name", "statement_no")
    for _, booked in groupby(rows, key=statement):
        seen: Counter[str] = Counter()
        for _, each in groupby(booked, key=itemgetter("entry_no")):
            payments = list(each)
            name = _name(payments[0])
            if name is None:
                continue
            seen[name] += 1
            name += f"#{seen[name]}" if seen[name] > 1 else ""
            yield from _of_entry(name, payments)


def _name(row: Row) -> str | None:
    reference = row["servicer_reference"]
    if reference not in _NO_REFERENCE:
        return f"{row['account']}/{reference}/{row['amount_minor']}"
    if row["message_type"] in {"camt.052", "camt.054"}:
        return None
    return f"{row['account']}/{row['statement_id']}/{row['entry_no']}"


def _of_entry(name: str, payments: list[Row]) -> Iterator[Line]:
    amounts = [row["detail_minor"] for row in payments]
    is_told_apart = len(payments) > 1 and None not in amounts
    if is_told_apart and sum(amounts) == payments[0]["amount_minor"]:
        for row in payments:
            yield _line(f"{name}.{row['detail_no']}", [row], row["detail_minor"])
    else:
        yield _line(name, payments, payments[0]["amount_minor"])


def _line(name: str, payments: list[Row], amount_minor: int) -> Line:
    first = payments[0]
    told = [first[name] for name in ("customer_reference", "additional_information")]
    told += [text for row in payments for column in _TEXTS for text in _texts(row[column])]
    side = "creditor" if amount_minor < 0 else "debtor"
    parties = {row[f"{side}_name"] for row in payments}
    return Line(
        line_id=name,
        account=first["account"],
        amount_minor=amount_minor,
        currency=first["currency"],
        booked_on=first["booked_on"],
        # Where several people paid at once, nobody did alone.
        party=parties.pop() if len(parties) == 1 else None,
        party_account=first[f"{side}_account"],
        told=" ".join(filter(None, told)),
        return_reason=next(
            (row["return_reason"] for row in payments if row["return_reason"]), None
        ),
    )


def _texts(found: str | list[str] | None) -> list[str]:
    return found if isinstance(found, list) else [found or ""]
