"""Puts together what Dagster runs for one hub: the whole pass, and the file sources one by one."""

from collections.abc import Iterator

import dagster as dg

from operational.kit.settings import Settings
from pipelines import telling
from pipelines.bank.assets import bank_files
from pipelines.dbt_models import project, specs
from pipelines.platform.assets import platform_statements
from pipelines.psp import assets as psp
from pipelines.reference import assets as reference
from pipelines.refresh import refresh
from pipelines.resources import BUSY, POOL, Hub


def assemble(settings: Settings) -> dg.Definitions:
    """Assets, checks and resources of the hub these settings lead to."""
    return dg.Definitions(
        assets=[
            whole_pass(settings),
            bank_files,
            platform_statements,
            *dg.load_assets_from_modules([psp, reference]),
        ],
        resources={"hub": Hub(settings)},
    )


def whole_pass(settings: Settings) -> dg.AssetsDefinition:
    """One run that does what the refresher does all day."""
    assets, checks = specs.of(project.manifest(settings))

    @dg.multi_asset(
        name="whole_pass", specs=assets, check_specs=checks, pool=POOL, retry_policy=BUSY
    )
    def run(
        context: dg.AssetExecutionContext, hub: dg.ResourceParam[Hub]
    ) -> Iterator[telling.Result]:
        """Land every source, bring the marts up to date, test them, publish."""
        outcome = refresh(hub.settings, context.log.info)
        telling.report(context.instance, telling.files(outcome.landed))
        yield from telling.results(outcome, assets, checks)
        if outcome.failures:
            why = "; ".join(f"{failure.name}: {failure.detail}" for failure in outcome.failures)
            raise dg.Failure(f"not published: {why}", allow_retries=False)

    return run
