"""Dagster is told what a pass did, and nothing else."""

import json
from datetime import UTC, datetime

import dagster as dg
import pytest

from lake.publication import CheckResult
from pipelines import telling
from pipelines.dbt_models import specs
from pipelines.dbt_models.project import NodeResult
from pipelines.inbox import Receipt
from pipelines.publish import Built
from pipelines.refresh import Outcome
from pipelines.sources import Landed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def node(kind, schema, name, *parents, materialized="incremental", tested=None):
    return {
        "unique_id": f"{kind}.kingpost.{name}", "name": name, "schema": schema,
        "resource_type": kind, "description": "", "depends_on": {"nodes": list(parents)},
        "config": {"materialized": materialized}, "attached_node": tested,
    }  # fmt: skip


CLIENTS = node("source", "raw", "clients__client")
DEALS = node("source", "raw", "platform__deals")
STAGED = node(
    "model", "staging", "stg_deals", "source.kingpost.platform__deals", materialized="view"
)
TRADES = node("model", "marts", "fct_trades", "model.kingpost.stg_deals")
KPIS = node("model", "marts", "fct_daily_kpis", "model.kingpost.fct_trades")
UNIQUE = node("test", "tests", "unique_trade", tested="model.kingpost.fct_trades")
ADDS_UP = node("test", "tests", "assert_kpis_add_up")


@pytest.fixture
def told(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        json.dumps(
            {
                "sources": {each["unique_id"]: each for each in (CLIENTS, DEALS)},
                "nodes": {
                    each["unique_id"]: each for each in (KPIS, TRADES, STAGED, UNIQUE, ADDS_UP)
                },
            }
        )
    )
    assets, checks = specs.of(manifest)

    def found(outcome):
        results = list(telling.results(outcome, assets, checks))
        made = [r.asset_key.to_user_string() for r in results if not is_check(r)]
        verdicts = {
            f"{r.asset_key.to_user_string()} {r.check_name}": r.passed
            for r in results
            if is_check(r)
        }
        return made, verdicts

    return found


def is_check(result):
    return isinstance(result, dg.AssetCheckResult)


def built(**statuses):
    """Nodes by name and status; a test's failure holds the publication back."""
    kinds = {each["name"]: each["unique_id"] for each in (TRADES, KPIS, STAGED, UNIQUE, ADDS_UP)}
    nodes = [NodeResult(kinds[name], status, "why", 0.1) for name, status in statuses.items()]
    checks = [CheckResult(each.name, each.passed, each.message) for each in nodes]
    return Built(tuple(nodes), tuple(checks))


def a_pass(found=None, landed=None):
    found = found or Built((), ())
    passed = all(check.passed for check in found.checks)
    return Outcome(NOW, landed or Landed(NOW), found, is_published=passed)


ALL = {"fct_trades": "success", "fct_daily_kpis": "success", "unique_trade": "pass"}
READ = ["raw/clients__client", "raw/platform__deals"]
GIVEN = ["operations/breaks", "operations/client_money_reports"]
"""What operations are told of a publication."""


def test_what_was_read_built_and_tested_is_told_in_order(told):
    made, verdicts = told(a_pass(built(**ALL)))

    assert sorted(made[:2]) == READ
    assert made[2:] == [
        "staging/stg_deals", "marts/fct_trades", "marts/fct_daily_kpis", "publication", *GIVEN,
    ]  # fmt: skip
    assert verdicts == {
        "raw/clients__client arrives_whole": True,
        "raw/platform__deals arrives_whole": True,
        "marts/fct_trades unique_trade": True,
        "publication nothing_holds_it_back": True,
        "operations/breaks operations_were_told": True,
    }


def test_a_model_that_failed_and_what_was_skipped_after_it_are_not_made(told):
    made, verdicts = told(
        a_pass(
            built(
                fct_trades="error", unique_trade="skipped", fct_daily_kpis="skipped",
                assert_kpis_add_up="fail",
            )
        )
    )  # fmt: skip

    assert sorted(made) == READ
    assert verdicts == {
        "raw/clients__client arrives_whole": True,
        "raw/platform__deals arrives_whole": True,
        "publication assert_kpis_add_up": False,
        "publication nothing_holds_it_back": False,
    }


def test_a_pass_without_news_tells_that_everything_was_looked_at_and_stands(told):
    made, verdicts = told(a_pass())

    assert sorted(made) == [*GIVEN, "publication", *READ, "staging/stg_deals"]
    assert verdicts["publication nothing_holds_it_back"]
    assert "marts/fct_trades unique_trade" not in verdicts


def test_a_source_that_did_not_answer_is_not_read(told):
    made, verdicts = told(
        a_pass(built(**ALL), Landed(NOW, unavailable={"platform_deals": "ConnectError"}))
    )

    assert "raw/platform__deals" not in made
    assert "raw/clients__client" in made
    assert "raw/platform__deals arrives_whole" not in verdicts


def test_a_source_that_sent_what_cannot_be_fails_its_own_check(told):
    refused = Built((), (CheckResult("what arrives is whole", False, "deal 2"),))
    landed = Landed(NOW, broken={"platform_deals": "deal 2"})

    made, verdicts = told(a_pass(refused, landed))

    assert made == ["raw/clients__client"]
    assert verdicts == {
        "raw/clients__client arrives_whole": True,
        "raw/platform__deals arrives_whole": False,
        "publication nothing_holds_it_back": False,
    }


def test_files_and_rates_are_told_of_when_some_came():
    landed = Landed(
        NOW,
        rows={"reference_rates": 7},
        receipts={
            "bank_files": Receipt(landed={"alpha/a.sta": 5}, refused={"alpha/b.sta": "why"}),
            "reference_lists": Receipt(refused={"un/list.xml": "empty"}),
        },
    )
    with dg.DagsterInstance.ephemeral() as instance:
        telling.report(instance, telling.files(landed))

        newest = {
            key.path[-1]: instance.get_latest_materialization_event(key)
            for key in instance.all_asset_keys()
        }
    assert {name for name, event in newest.items() if event} == {"bank_files", "reference_rates"}
    found = {
        (result.asset_key.path[-1], result.passed)
        for result in telling.files(landed)
        if is_check(result)
    }
    assert found == {("bank_files", False), ("reference_lists", False), ("reference_rates", True)}
