"""What must hold of every batch of settlement lines before it lands."""

from pipelines.border import Expectation, filled, keyed

EXPECTATIONS = {
    "psp__adyen_lines": [
        *keyed("line_no"),
        filled("merchant_account"),
        filled("batch_number"),
        filled("net_minor"),
        Expectation("expect_column_sum_to_be_between", {"column": "net_minor", "min_value": 0, "max_value": 0}),
    ],
    "psp__paypal_lines": [
        *keyed("line_no"),
        filled("transaction_id"),
        filled("event_code"),
        filled("net_minor"),
    ],
    "psp__stripe_lines": [
        *keyed("balance_transaction_id"),
        filled("payout_id"),
        filled("net_minor"),
        filled("reporting_category"),
    ],
}  # fmt: skip
