"""What must hold of every batch of bank rows before it lands; the sums were checked as it was read."""

from pipelines.border import Expectation, filled, keyed

CURRENCY = {"regex": "^[A-Z]{3,4}$"}

EXPECTATIONS = {
    "bank__statements": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        filled("account"),
        filled("statement_id"),
        *keyed("statement_no"),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "message_type", "value_set": ["camt.052", "camt.053", "camt.054", "mt940"]},
        ),
    ],
    "bank__balances": [
        filled("amount_minor"),
        Expectation("expect_column_values_to_match_regex", {"column": "currency", **CURRENCY}),
        *keyed("statement_no", "balance_no"),
    ],
    "bank__entries": [
        filled("amount_minor"),
        Expectation("expect_column_values_to_match_regex", {"column": "currency", **CURRENCY}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "credit_debit", "value_set": ["CRDT", "DBIT"]},
        ),
        *keyed("statement_no", "entry_no"),
    ],
    "bank__entry_details": keyed("statement_no", "entry_no", "detail_no"),
}
