"""What must hold of every issue of a list, of rates and of bars before it lands."""

from pipelines.border import Expectation, filled, keyed

_BAR = keyed("venue", "symbol", "resolution", "bar_at")

EXPECTATIONS = {
    "reference__ofac_entries": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        *keyed("ent_num"),
        filled("name"),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "kind", "value_set": ["individual", "entity", "vessel", "aircraft"]},
        ),
    ],
    "reference__ofac_aliases": [
        *keyed("alias_num"),
        filled("name"),
    ],
    "reference__ofac_addresses": keyed("address_num"),
    "reference__un_entries": [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}),
        *keyed("data_id"),
        *keyed("reference_number"),
        filled("listed_date"),
        Expectation(
            "expect_column_values_to_be_in_set",
            {"column": "kind", "value_set": ["individual", "entity"]},
        ),
    ],
    "reference__un_aliases": keyed("data_id", "alias_no"),
    "reference__un_addresses": keyed("data_id", "address_no"),
    "reference__un_births": keyed("data_id", "birth_no"),
    "reference__un_documents": keyed("data_id", "document_no"),
    "reference__fx_rates": [
        *keyed("rate_date", "quote_currency"),
        Expectation(
            "expect_column_values_to_be_between",
            {"column": "rate", "min_value": 0, "strict_min": True},
        ),
    ],
    "reference__quote_bars": _BAR,
    "reference__price_bars": _BAR,
    "reference__symbols": [
        *keyed("venue", "symbol"),
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
