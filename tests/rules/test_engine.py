"""The same table decides the same facts the same way, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.rules import engine
from operational.rules.errors import FactsInvalid, NoRowApplies, TableInvalid
from tests.rules.tables import limit, table

DE = {"country": "DE"}
facts = st.fixed_dictionaries(
    {
        "amount": st.decimals("0", "99999999", places=2).map(str),
        "country": st.sampled_from(["DE", "IR", "", "ÅÄ"]),
    }
)


@given(facts)
def test_the_same_facts_get_the_same_outcome_and_trace_every_time(given_facts):
    first = engine.evaluate(limit("1000"), given_facts)

    assert all(engine.evaluate(limit("1000"), given_facts) == first for _ in range(3))


@given(st.decimals("0", "9999999999", places=8))
def test_a_limit_is_exact_to_the_eighth_decimal(amount):
    outcome = engine.evaluate(limit("1000.00000001"), DE | {"amount": f"{amount:f}"}).outcome

    assert outcome["verdict"] == ("approve" if amount <= Decimal("1000.00000001") else "review")


@pytest.mark.parametrize("minor", [2**53, 2**53 + 1, 10**18, 10**18 + 1])
def test_whole_numbers_are_compared_exactly_where_a_float_would_round(minor):
    exact = table(
        {"_id": "over", "amount": f"> {minor}", "verdict": "'over'"},
        {"_id": "rest", "verdict": "'not over'"},
    )

    assert engine.evaluate(exact, DE | {"amount": minor}).outcome == {"verdict": "not over"}
    assert engine.evaluate(exact, DE | {"amount": minor + 1}).outcome == {"verdict": "over"}


def test_the_trace_names_the_row_and_what_it_saw():
    found = engine.evaluate(limit("1000"), DE | {"amount": "999.99"})

    (step,) = found.trace["steps"]
    assert step["table"] == "Limits"
    assert [row["rule"]["_id"] for row in step["rows"]] == ["small"]
    assert step["rows"][0]["saw"] == {"amount": "999.99"}


@pytest.mark.parametrize("amount", [None, 1.5, [2.5], {"a": None}, b"1", Decimal("1.5")])
def test_nothing_and_inexact_numbers_are_no_facts(amount):
    with pytest.raises(FactsInvalid):
        engine.evaluate(limit("1000"), DE | {"amount": amount})


def test_a_fact_the_table_asks_for_cannot_be_left_out():
    with pytest.raises(FactsInvalid, match="amount"):
        engine.evaluate(limit("1000"), DE)


def test_a_hole_in_the_table_is_said_and_not_taken_for_a_yes():
    with pytest.raises(NoRowApplies):
        engine.evaluate(
            table({"_id": "a", "country": "'FR'", "verdict": "'x'"}), DE | {"amount": 1}
        )


def test_a_fraction_is_put_out_as_text_or_not_at_all():
    with pytest.raises(TableInvalid, match="text"):
        engine.evaluate(table({"_id": "a", "verdict": "1.5"}), DE | {"amount": 1})


@pytest.mark.parametrize(
    "cell", ["rand(5)", "d().year()", "date('now')", "time( 'now' )", "1 +", "'open", "> 5"]
)
def test_chance_the_clock_and_unreadable_cells_are_refused_before_anybody_relies_on_them(cell):
    with pytest.raises(TableInvalid):
        engine.check(table({"_id": "a", "verdict": cell}))


@pytest.mark.parametrize("cell", ["> > 5", "'a", "in in []"])
def test_a_test_that_could_never_match_is_refused(cell):
    with pytest.raises(TableInvalid):
        engine.check(table({"_id": "a", "amount": cell, "verdict": "'x'"}))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"nodes": []},
        {"nodes": "x"},
        table({"_id": "a", "verdict": "'x'"}, kind="functionNode"),
        table({"_id": "a", "colour": "'x'"}),
    ],
)
def test_what_is_no_table_of_ours_is_refused(content):
    with pytest.raises(TableInvalid):
        engine.check(content)


def test_a_tables_hash_does_not_depend_on_the_order_it_was_written_in():
    content = limit("1000")
    turned = dict(reversed(list(content.items())))

    assert engine.sha256(turned) == engine.sha256(content)
    assert engine.sha256(limit("1001")) != engine.sha256(content)
