"""What must hold of every printed statement before it lands; its totals were checked as it was read."""

from pipelines.border import Expectation, filled, keyed

EXPECTATIONS = {
    "platform__statements": [
        Expectation("expect_table_row_count_to_equal", {"value": 1}),
        Expectation(
            "expect_column_values_to_be_in_set", {"column": "platform", "value_set": ["mt4", "mt5"]}
        ),
        Expectation("expect_column_values_to_match_regex", {"column": "login", "regex": r"^\d+$"}),
    ],
    "platform__statement_trades": [
        *keyed("section", "ticket"),
        Expectation("expect_column_values_to_be_between", {"column": "volume_e8", "min_value": 1}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "section", "value_set": ["closed", "open", "working"]},
        ),
    ],
    "platform__statement_deals": [
        *keyed("deal"),
        filled("balance_minor"),
    ],
    "platform__statement_orders": keyed("order"),
}
