"""Every break is found and called by its name, nothing else is, and what was decided on stays so."""

import json
from collections.abc import Iterator
from hashlib import md5
from uuid import UUID

import duckdb
import pytest

from kingpost.bench import settled
from lake import connection
from pipelines import sources
from pipelines.dbt_models import project
from pipelines.operational_db.extract import extract
from tests.pipelines.planted import KINDS, pay_out, plant

CLEAN, ALL = 10_000, 110_000
MODELS = ("fct_expectations", "int_reconciled", "fct_matches", "fct_breaks")


def build(settings, *models, anew=False):
    """As a pass does, but for the models that have nothing to do with this."""
    scope = ["--full-refresh", "--threads", "1"] if anew else []
    kinds = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    results = project.run(settings, "build", *kinds, *scope, "--select", *(models or MODELS))
    assert [(one.name, one.message) for one in results if not one.passed] == []


@pytest.fixture(scope="module")
def settings(module_database) -> Iterator[object]:
    found = module_database.settings
    with sources.opened(found) as lake:
        extract(lake)
        settled.write(lake, 0, CLEAN, 2)
        pay_out(lake, 2)
    build(found, "+fct_breaks", "+fct_matches", anew=True)
    yield found
    project.release()


@pytest.fixture(scope="module")
def clean(settings):
    """What is found wrong in a day in which nothing is."""
    return breaks(settings)


@pytest.fixture(scope="module")
def planted(settings, clean):
    """What was planted, by the payment's number."""
    with sources.opened(settings) as lake:
        settled.write(lake, CLEAN, ALL, 3)
        found = plant(lake, CLEAN, ALL)
        pay_out(lake, 3)
    build(settings)
    return found


def breaks(settings):
    with connection.write(settings) as lake:
        rows = lake.execute(
            "select break_key, kind, leg, currency, actual_currency, expected_minor, actual_minor, "
            "difference_minor, details from lake.marts.fct_breaks order by break_key"
        )
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def numbers():
    return {
        f"deposit:{UUID(md5(str(number).encode()).hexdigest())}": number for number in range(ALL)
    }


def subject(found, of):
    """The number of the payment that a break is about."""
    details = json.loads(found["details"])
    if details["expectations"]:
        return min(of[key] for key in details["expectations"])
    return abs(details["lines"][0]["row"])


def test_a_clean_day_has_no_break(clean):
    assert clean == []


def test_every_planted_break_is_found_and_called_by_its_name_and_none_is_invented(
    settings, planted
):
    found, of = breaks(settings), numbers()

    assert len(planted) == 2_000
    assert set(planted.values()) == set(KINDS.values())
    assert {subject(one, of): one["kind"] for one in found} == planted
    assert len(found) == len(planted)


def test_the_differences_add_up_to_those_of_the_control_totals(settings, planted):
    found = breaks(settings)
    differences = {
        currency: sum(one["difference_minor"] for one in found if one["currency"] == currency)
        + sum(
            one["actual_minor"]
            for one in found
            if one["actual_currency"] == currency != one["currency"]
        )
        for currency in ("USD", "EUR")
    }

    with connection.write(settings) as lake:
        totals = {
            currency: lake.execute(
                "select (select coalesce(sum(gross_minor), 0) from lake.raw.psp__stripe_lines "
                "where currency = $currency) + (select coalesce(sum(amount), 0) "
                "from lake.raw.ledger__entry where account_id = 1 and currency = $currency)",
                {"currency": currency},
            ).fetchone()[0]
            for currency in ("USD", "EUR")
        }

    assert differences == totals
    assert totals["EUR"] > 0


def test_equal_candidates_are_left_to_a_person_with_their_names(settings, planted):
    (one, *_) = [found for found in breaks(settings) if found["kind"] == "ambiguous"]

    details = json.loads(one["details"])
    assert len(details["expectations"]) == 2
    assert [line["line_id"] for line in details["candidates"]] == [
        (
            f"stripe_payout/stripe/po_{details['candidates'][0]['row'] // 10000}"
            f"#{details['candidates'][0]['row']}"
        )
    ]
    with connection.write(settings) as lake:
        assert lake.execute(
            "select count(*) from lake.marts.fct_matches where expectation_key in (?, ?)",
            details["expectations"],
        ).fetchone() == (0,)


def test_what_was_decided_on_is_not_found_again_unless_its_amounts_change(settings, planted):
    found = breaks(settings)
    missing = next(one for one in found if one["kind"] == "missing_external")
    extra = next(one for one in found if one["kind"] == "missing_internal")
    over = next(one for one in found if one["kind"] == "amount_over")
    line = json.loads(extra["details"])["lines"][0]
    with sources.opened(settings) as lake:
        resolve(lake, over, "write_off")
        resolve(lake, missing, "force_match")
        lake.execute(
            "insert into lake.raw.reconciliation__matched_line by name "
            "select ? as line_id, ? as break_key, 4 as extract_id",
            [line["line_id"], missing["break_key"]],
        )
        lake.execute(
            "insert into lake.raw.extracts select 4, 'x', max(as_of), 1, null, null from lake.raw.extracts"
        )
    gone = {missing["break_key"], extra["break_key"], over["break_key"]}

    build(settings)
    after = breaks(settings)
    build(settings, anew=True)
    anew = breaks(settings)

    assert after == [one for one in found if one["break_key"] not in gone]
    assert anew == after
    with connection.write(settings) as lake:
        assert lake.execute(
            "select tier, is_automatic, line_ids from lake.marts.fct_matches where rule = 'by_hand'"
        ).fetchall() == [(0, False, [line["line_id"]])]
        lake.execute(
            "update lake.raw.reconciliation__resolution set actual_minor = actual_minor + 1 "
            "where action = 'write_off'"
        )
    build(settings, "fct_breaks")
    assert [one for one in breaks(settings) if one not in after] == [over]


def resolve(lake: duckdb.DuckDBPyConnection, found, action) -> None:
    lake.execute(
        "insert into lake.raw.reconciliation__resolution by name select ? as break_key, ? as action, "
        "?::bigint as expected_minor, ?::bigint as actual_minor, 4 as extract_id",
        [found["break_key"], action, found["expected_minor"], found["actual_minor"]],
    )
