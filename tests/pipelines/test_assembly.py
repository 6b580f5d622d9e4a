"""What Dagster is told of a hub, and of a run that was asked for there."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from operational.kit.clock import utc_now
from pipelines import inbox
from pipelines.assembly import assemble, whole_pass
from pipelines.bank.assets import bank_files
from pipelines.dbt_models.specs import ARRIVES_WHOLE, PUBLICATION, STANDS
from pipelines.platform.assets import platform_statements
from pipelines.psp.assets import psp_settlements
from pipelines.reference.assets import reference_lists, reference_market, reference_rates
from pipelines.resources import NO_FILE_REFUSED, Hub
from tests.pipelines.broker import NOW, Broker

KEYS = Path(__file__).with_name("asset_keys.txt")
CLIENTS, FX = dg.AssetKey(["raw", "clients__client"]), dg.AssetKey(["raw", "reference__fx_rates"])
BANK = dg.AssetKey(["raw", "bank_files"])
BESIDE = {
    *(asset.key for asset in (bank_files, platform_statements, psp_settlements)),
    *(asset.key for asset in (reference_lists, reference_market, reference_rates)),
}
"""Assets of their own: a pass tells of them only what landed in them."""


@pytest.fixture(scope="module")
def definitions(module_database) -> dg.Definitions:
    return assemble(module_database.settings)


@pytest.fixture(scope="module")
def specs(definitions) -> list[dg.AssetSpec]:
    return [spec for asset in definitions.resolve_asset_graph().assets_defs for spec in asset.specs]


def test_the_assets_are_those_people_know(specs):
    assert sorted(spec.key.to_user_string() for spec in specs) == KEYS.read_text().split()


def test_every_asset_states_its_owner_its_grain_and_how_fresh_it_must_be(specs):
    for spec in specs:
        assert spec.owners, spec.key
        assert spec.freshness_policy, spec.key
        assert spec.description, spec.key


def test_every_raw_table_file_source_and_mart_has_a_blocking_check(definitions, specs):
    checks = [
        check
        for asset in definitions.resolve_asset_graph().assets_defs
        for check in asset.check_specs
    ]

    assert all(check.blocking for check in checks)
    guarded = {check.asset_key for check in checks}
    demanded = {spec.key for spec in specs if spec.key.path[0] in {"raw", "marts"}}
    assert demanded | {PUBLICATION} <= guarded


@pytest.fixture(scope="module")
def broker(module_database) -> Iterator[Broker]:
    with closing(Broker(module_database)) as found:
        found.plan()
        found.deposit(found.client(verified_at=NOW), 10_000)
        yield found


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def run(broker, instance):
    def ran():
        hub = {"hub": Hub(broker.settings)}
        asset = whole_pass(broker.settings)
        return dg.materialize([asset], resources=hub, instance=instance, raise_on_error=False)

    return ran


def materialised(run):
    return {event.asset_key for event in run.get_asset_materialization_events()}


def verdicts(run):
    return {
        (check.asset_key, check.check_name): check.passed
        for check in run.get_asset_check_evaluations()
    }


def newest_check(instance, key, name):
    return instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(key, name), limit=1
    )[0].event.asset_check_evaluation


def test_a_run_tells_what_it_read_built_and_checked(run, broker, instance, specs):
    inbox.drop(broker.settings, "bank", "alpha", "broken.xml", b"<Document/>")

    first = run()

    assert first.success
    assert materialised(first) == {spec.key for spec in specs if spec.key not in BESIDE}
    assert all(verdicts(first).values())
    assert {(CLIENTS, ARRIVES_WHOLE), (PUBLICATION, STANDS)} <= set(verdicts(first))
    refused = newest_check(instance, BANK, NO_FILE_REFUSED)
    assert not refused.passed
    assert "not a camt" in str(refused.metadata["alpha/broken.xml"].value)


def test_a_run_over_rows_that_cannot_be_fails_and_tells_of_nothing_it_did_not_do(run, broker):
    run()
    broker.client(created_at=utc_now() + timedelta(days=1))

    second = run()

    assert not second.success
    assert {key.path[0] for key in materialised(second)} == {"raw"}
    assert CLIENTS not in materialised(second)
    assert FX in materialised(second)
    found = verdicts(second)
    assert not found[CLIENTS, ARRIVES_WHOLE]
    assert found[FX, ARRIVES_WHOLE]
    assert not found[PUBLICATION, STANDS]
    assert {name for _, name in found} == {ARRIVES_WHOLE, STANDS}
