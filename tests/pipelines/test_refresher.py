"""The process that keeps the numbers fresh outlives whatever it is sent."""

import json
from threading import Event

import dagster as dg
import pytest

from lake import publication
from pipelines import inbox, refresher
from tests.pipelines.provider import LISTING, Provider


class AfterOnePass(Event):
    """Stops as soon as the refresher rests."""

    def wait(self, timeout=None):
        self.set()
        return True


@pytest.fixture
def provider():
    found = Provider()
    yield found
    found.close()


@pytest.fixture
def settings(database, provider):
    """A hub whose payment provider answers nonsense and whose platform does not answer."""
    found = database.settings.model_copy(
        update={"psp_ports": {"adyen": provider.port}, "mt5_port": 9}
    )
    for name, kept in (
        ("adyen", {"api_keys": ["key"]}),
        ("mt5", {"manager_login": ["1"], "manager_password": ["secret"]}),
    ):
        (found.root / "secrets" / f"{name}.json").write_text(json.dumps(kept))
    provider.answers[LISTING] = b"<html>Maintenance</html>"
    return found


def test_nonsense_and_silence_are_told_and_the_numbers_are_published(settings):
    poisoned = b"<table><tr><td>Account: 1</td></tr></table>"
    inbox.drop(settings, "platform", "alpha", "statement.htm", poisoned)

    with dg.instance_for_test() as instance:
        refresher.run(settings, AfterOnePass())

        assert instance.get_latest_materialization_event(dg.AssetKey("publication"))
        (check,) = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["raw", "platform_statements"]), "no_file_refused"),
            limit=1,
        )
        deals = dg.AssetKey(["raw", "platform__deals"])
        assert instance.get_latest_materialization_event(deals) is None
    assert not check.event.asset_check_evaluation.passed
    standing = publication.current(settings).published
    assert sorted(standing.unavailable) == ["adyen", "platform_deals"]
