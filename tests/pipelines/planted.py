"""Twelve ways in which a provider's report can be wrong, planted in the lake by the hundred."""

import duckdb

EVERY = 50
"""One payment in so many is spoiled."""

KINDS = {
    "missing": "missing_external",
    "extra": "missing_internal",
    "amount": "amount_over",
    "currency": "currency_mismatch",
    "date shift": "timing",
    "duplicate": "duplicate",
    "split": "split_mismatch",
    "merged": "merged_mismatch",
    "sign": "sign_mismatch",
    "fee netted": "fee_variance",
    "wrong reference": "reference_mismatch",
    "two equal candidates": "ambiguous",
}
"""What is planted, and what it must be called."""

_SPOILED = f"number % {EVERY} = 7 and number // {EVERY} % 12 = "
_LINE = "line_no in (select number from spoiled)"
_NEXT = "line_no in (select number + 1 from spoiled)"
_COPY = (
    "insert into lake.raw.psp__stripe_lines select * replace ({}) from lake.raw.psp__stripe_lines"
)

_STATEMENTS = {
    "missing": [f"delete from lake.raw.psp__stripe_lines where {_LINE}"],
    "extra": [
        _COPY.format(
            "-line_no as line_no, 'X-' || line_no as merchant_reference, "
            "'pi_x' || line_no as payment_intent_id, gross_minor + 3 as gross_minor"
        )
        + f" where {_LINE}"
    ],
    "amount": [f"update lake.raw.psp__stripe_lines set gross_minor = gross_minor + 101 where {_LINE}"],
    "currency": [f"update lake.raw.psp__stripe_lines set currency = 'EUR' where {_LINE}"],
    "date shift": [
        f"update lake.raw.psp__stripe_lines set created_at = created_at + interval 9 day where {_LINE}"
    ],
    "duplicate": [_COPY.format("-line_no as line_no") + f" where {_LINE}"],
    "split": [
        f"update lake.raw.psp__stripe_lines set gross_minor = gross_minor - 400000 where {_LINE}",
        _COPY.format("-line_no as line_no, 400000 as gross_minor") + f" where {_LINE}",
    ],
    "merged": [
        ("update lake.raw.psp__stripe_lines set gross_minor = 2 * gross_minor + 7 "
        f"where {_LINE}"),
        f"delete from lake.raw.psp__stripe_lines where {_NEXT}",
    ],
    "sign": [f"update lake.raw.psp__stripe_lines set gross_minor = -gross_minor where {_LINE}"],
    "fee netted": [
        f"update lake.raw.psp__stripe_lines set gross_minor = gross_minor - fee_minor where {_LINE}"
    ],
    "wrong reference": [
        ("update lake.raw.psp__stripe_lines set merchant_reference = 'D?' || line_no "
        f"where {_LINE}")
    ],
    "two equal candidates": [
        f"delete from lake.raw.psp__stripe_lines where {_NEXT}",
        ("update lake.raw.psp__stripe_lines "
        f"set merchant_reference = null, payment_intent_id = null where {_LINE}"),
        ("update lake.raw.ledger__entry set amount = amount - sign(amount) * 7 "
        "where journal_id in (select number + 1 from spoiled)"),
    ],
}  # fmt: skip


def plant(lake: duckdb.DuckDBPyConnection, first: int, last: int) -> dict[int, str]:
    """Spoil the reports of payments of these numbers; return what each must be called."""
    expected = {}
    for place, (name, kind) in enumerate(KINDS.items()):
        lake.execute(
            "create or replace temp table spoiled as "
            f"select number from range(?, ?) as payments (number) where {_SPOILED}{place}",
            [first, last],
        )
        for statement in _STATEMENTS[name]:
            lake.execute(statement)
        numbers = lake.execute("select number from spoiled").fetchall()
        expected |= {number: kind for (number,) in numbers}
    return expected


def pay_out(lake: duckdb.DuckDBPyConnection, extract_id: int) -> None:
    """A bank statement that shows every payout of the provider's lines as they are."""
    lake.execute(
        """
        create or replace temp table credits as
        select payout_id, currency, sum(net_minor)::bigint as amount_minor,
               max(payout_effective_at)::date as paid_on,
               row_number() over (order by payout_id, currency) as entry_no,
               'mt940/alpha/' || $extract_id as file_name
        from lake.raw.psp__stripe_lines where extract_id = $extract_id group by payout_id, currency
        """,
        {"extract_id": extract_id},
    )
    for statement in (
        (
            "insert into lake.raw.bank__statements by name select distinct file_name, 1 as statement_no, "
            "'mt940' as message_type, 'DE1' as account, $extract_id as extract_id from credits"
        ),
        (
            "insert into lake.raw.bank__entries by name select file_name, 1 as statement_no, entry_no, "
            "amount_minor, currency, 'CRDT' as credit_debit, 'BOOK' as status, paid_on as value_date, "
            "$extract_id as extract_id from credits"
        ),
        (
            "insert into lake.raw.bank__entry_details by name select file_name, 1 as statement_no, "
            "entry_no, 1 as detail_no, ['STRIPE PAYOUT ' || payout_id] as remittance, "
            "$extract_id as extract_id from credits"
        ),
    ):
        lake.execute(statement, {"extract_id": extract_id})
