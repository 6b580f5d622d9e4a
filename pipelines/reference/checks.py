"""What must hold of every issue of a list, of rates and of bars before it lands."""

from pipelines.border import Expectation

_BAR = {"column_list": ["venue", "symbol", "resolution", "bar_at"]}

EXPECTATIONS = {
    "reference__ofac_entries": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        Expectation("expect_column_values_to_be_unique", {"column": "ent_num"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "name"}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "kind", "value_set": ["individual", "entity", "vessel", "aircraft"]},
        ),
    ],
    "reference__ofac_aliases": [
        Expectation("expect_column_values_to_be_unique", {"column": "alias_num"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "name"}),
    ],
    "reference__ofac_addresses": [
        Expectation("expect_column_values_to_be_unique", {"column": "address_num"}),
    ],
    "reference__un_entries": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        Expectation("expect_column_values_to_be_unique", {"column": "reference_number"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "listed_date"}),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "kind", "value_set": ["individual", "entity"]},
        ),
    ],
    "reference__fx_rates": [
        Expectation(
            "expect_compound_columns_to_be_unique",
            {"column_list": ["rate_date", "quote_currency"]},
        ),
        Expectation(
            "expect_column_values_to_be_between",
            {"column": "rate", "min_value": 0, "strict_min": True},
        ),
    ],
    "reference__quote_bars": [Expectation("expect_compound_columns_to_be_unique", _BAR)],
    "reference__price_bars": [Expectation("expect_compound_columns_to_be_unique", _BAR)],
    "reference__symbols": [
        Expectation("expect_compound_columns_to_be_unique", {"column_list": ["venue", "symbol"]}),
        Expectation(
            "expect_column_values_to_be_between",
            {"column": "contract_multiplier", "min_value": 0, "strict_min": True},
        ),
        Expectation(
            "expect_column_values_to_be_between",
            {"column": "price_step", "min_value": 0, "strict_min": True},
        ),
    ],
}
