"""What must hold of every batch of bank rows before it lands; the sums were checked as it was read."""

from pipelines.border import Expectation

CURRENCY = {"regex": "^[A-Z]{3,4}$"}

EXPECTATIONS = {
    "bank__statements": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        Expectation("expect_column_values_to_not_be_null", {"column": "account"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "statement_id"}),
        Expectation("expect_column_values_to_be_unique", {"column": "statement_no"}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "message_type", "value_set": ["camt.052", "camt.053", "camt.054", "mt940"]},
        ),
    ],
    "bank__balances": [
        Expectation("expect_column_values_to_not_be_null", {"column": "amount_minor"}),
        Expectation("expect_column_values_to_match_regex", {"column": "currency", **CURRENCY}),
        Expectation(
            "expect_compound_columns_to_be_unique", {"column_list": ["statement_no", "balance_no"]}
        ),
    ],
    "bank__entries": [
        Expectation("expect_column_values_to_not_be_null", {"column": "amount_minor"}),
        Expectation("expect_column_values_to_match_regex", {"column": "currency", **CURRENCY}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "credit_debit", "value_set": ["CRDT", "DBIT"]},
        ),
        Expectation(
            "expect_compound_columns_to_be_unique", {"column_list": ["statement_no", "entry_no"]}
        ),
    ],
    "bank__entry_details": [
        Expectation(
            "expect_compound_columns_to_be_unique",
            {"column_list": ["statement_no", "entry_no", "detail_no"]},
        ),
    ],
}
