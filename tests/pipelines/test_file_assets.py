"""The file sources as Dagster runs them."""

import dagster as dg
import pytest

from pipelines import inbox
from pipelines.bank.assets import bank_files
from pipelines.platform.assets import platform_statements
from pipelines.psp.assets import psp_settlements
from pipelines.reference.assets import reference_lists, reference_market, reference_rates
from pipelines.resources import Hub

ASSETS = [
    bank_files, platform_statements, psp_settlements, reference_lists, reference_market,
    reference_rates,
]  # fmt: skip


@pytest.fixture
def hub(database):
    return Hub(database.settings)


def test_every_file_asset_states_its_grain_its_owner_and_how_fresh_it_must_be():
    for asset in ASSETS:
        (spec,) = asset.specs
        assert spec.description.startswith("One row per ")
        assert spec.owners
        assert spec.freshness_policy


def test_a_refused_file_fails_the_run_and_the_others_land(hub):
    inbox.drop(hub.settings, "bank", "alpha", "broken.xml", b"<Document/>")
    inbox.drop(
        hub.settings, "bank", "alpha", "monday.sta",
        b":20:START\n:25:1/2\n:28C:7/1\n:60F:C260301EUR1815,15\n:62F:C260302EUR1815,15\n-\n",
    )  # fmt: skip

    run = dg.materialize([bank_files], resources={"hub": hub}, raise_on_error=False)

    assert not run.success
    (landed,) = run.asset_materializations_for_node("raw__bank_files")
    assert landed.metadata["files"].value == 1
    (check,) = run.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("no_file_refused", False)
    assert check.blocking
    assert "not a camt" in str(check.metadata["alpha/broken.xml"].value)
