"""What must hold of every batch of settlement lines before it lands."""

from pipelines.border import Expectation

EXPECTATIONS = {
    "psp__adyen_lines": [
        Expectation("expect_column_values_to_be_unique", {"column": "line_no"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "merchant_account"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "batch_number"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "net_minor"}),
        Expectation("expect_column_sum_to_be_between", {"column": "net_minor", "min_value": 0, "max_value": 0}),
    ],
    "psp__stripe_lines": [
        Expectation("expect_column_values_to_be_unique", {"column": "balance_transaction_id"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "payout_id"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "net_minor"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "reporting_category"}),
    ],
}  # fmt: skip
