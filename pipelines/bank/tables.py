"""The raw tables of bank files. Amounts are signed: what is credited to our account is positive."""

import pyarrow as pa

from pipelines.contracts import INSTANT

TEXTS = pa.list_(pa.string())

STATEMENTS = pa.schema(
    {
        "statement_no": pa.int64(),
        "message_type": pa.string(),
        "message_version": pa.int64(),
        "message_id": pa.string(),
        "statement_id": pa.string(),
        "sequence_number": pa.string(),
        "legal_sequence_number": pa.string(),
        "account": pa.string(),
        "account_name": pa.string(),
        "page_number": pa.string(),
        "copy_duplicate": pa.string(),
        "additional_information": pa.string(),
        "created_at": INSTANT,
        "from_at": INSTANT,
        "to_at": INSTANT,
    }
)
"""One row per statement, report or notification in a file; `statement_no` counts from 1."""

BALANCES = pa.schema(
    {
        "statement_no": pa.int64(),
        "balance_no": pa.int64(),
        "balance_code": pa.string(),
        "amount_minor": pa.int64(),
        "currency": pa.string(),
        "balance_date": pa.date32(),
    }
)
"""One row per balance. Codes are those of ISO 20022 (OPBD, CLBD, CLAV, FWAV, ...)."""

ENTRIES = pa.schema(
    {
        "statement_no": pa.int64(),
        "entry_no": pa.int64(),
        "entry_reference": pa.string(),
        "servicer_reference": pa.string(),
        "customer_reference": pa.string(),
        "batch_payment_id": pa.string(),
        "amount_minor": pa.int64(),
        "currency": pa.string(),
        "credit_debit": pa.string(),
        "status": pa.string(),
        "is_reversal": pa.bool_(),
        "transaction_domain": pa.string(),
        "transaction_family": pa.string(),
        "transaction_subfamily": pa.string(),
        "proprietary_code": pa.string(),
        "proprietary_issuer": pa.string(),
        "additional_information": pa.string(),
        "booked_at": INSTANT,
        "booking_date": pa.date32(),
        "value_date": pa.date32(),
        "batch_count": pa.int64(),
    }
)
"""One row per booking on the account. `entry_no` counts from 1 within its statement."""

DETAILS = pa.schema(
    {
        "statement_no": pa.int64(),
        "entry_no": pa.int64(),
        "detail_no": pa.int64(),
        "end_to_end_id": pa.string(),
        "instruction_id": pa.string(),
        "message_id": pa.string(),
        "payment_information_id": pa.string(),
        "transaction_id": pa.string(),
        "mandate_id": pa.string(),
        "servicer_reference": pa.string(),
        "cheque_number": pa.string(),
        "clearing_reference": pa.string(),
        "uetr": pa.string(),
        "amount_minor": pa.int64(),
        "currency": pa.string(),
        "credit_debit": pa.string(),
        "debtor_name": pa.string(),
        "debtor_account": pa.string(),
        "debtor_country": pa.string(),
        "debtor_bank": pa.string(),
        "creditor_name": pa.string(),
        "creditor_account": pa.string(),
        "creditor_country": pa.string(),
        "creditor_bank": pa.string(),
        "ultimate_debtor_name": pa.string(),
        "ultimate_creditor_name": pa.string(),
        "remittance": TEXTS,
        "creditor_references": TEXTS,
        "additional_remittance": TEXTS,
        "return_reason": pa.string(),
        "additional_information": pa.string(),
    }
)
"""One row per payment inside a booking; the amount is empty where the bank states none."""

SCHEMAS = {
    "bank__statements": STATEMENTS,
    "bank__balances": BALANCES,
    "bank__entries": ENTRIES,
    "bank__entry_details": DETAILS,
}
