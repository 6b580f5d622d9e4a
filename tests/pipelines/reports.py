"""Settlement reports as the providers write them, made of lines a test can change."""

import csv
import io

from pipelines.psp import parse_adyen

SETTLED = {
    "Company Account": "Kingpost", "Merchant Account": "KingpostEU", "Psp Reference": "PSP1",
    "Merchant Reference": "D-7K3MQ0TR", "Payment Method": "visa",
    "Creation Date": "2026-03-02 10:00:00", "TimeZone": "CET", "Type": "Settled",
    "Gross Currency": "EUR", "Gross Credit (GC)": "100.00", "Exchange Rate": "1",
    "Net Currency": "EUR", "Net Credit (NC)": "98.50", "Markup (NC)": "1.20",
    "Scheme Fees (NC)": "0.10", "Interchange (NC)": "0.20", "Batch Number": "7",
}  # fmt: skip
PAYOUT = {
    "Company Account": "Kingpost", "Merchant Account": "KingpostEU",
    "Creation Date": "2026-03-04 00:00:00", "TimeZone": "CET", "Type": "MerchantPayout",
    "Modification Reference": "TX1 batch 7", "Net Currency": "EUR", "Net Debit (NC)": "98.50",
    "Batch Number": "7",
}  # fmt: skip


def a_report(*rows, columns=parse_adyen.COLUMNS, delimiter=","):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows or (SETTLED, PAYOUT))
    return text.getvalue().encode()


MOVEMENT = {
    "balance_transaction_id": "txn_1", "created_utc": "2026-03-02 10:00:00",
    "available_on_utc": "2026-03-04 00:00:00", "currency": "usd", "gross": "100.00", "fee": "3.20",
    "net": "96.80", "reporting_category": "charge", "source_id": "ch_1", "description": "Deposit",
    "automatic_payout_id": "po_1", "automatic_payout_id_effective_at_utc": "2026-03-04 00:00:00",
    "payment_metadata[reference]": "D-7K3MQ0TR",
}  # fmt: skip
REFUND = MOVEMENT | {
    "balance_transaction_id": "txn_2", "gross": "-20.00", "fee": "0.00", "net": "-20.00",
    "reporting_category": "refund",
}  # fmt: skip
OTHER = MOVEMENT | {"balance_transaction_id": "txn_3", "automatic_payout_id": "po_2"}


def an_itemised(*rows):
    return a_report(*(rows or (MOVEMENT, REFUND, OTHER)), columns=tuple(MOVEMENT))
