"""Everything Dagster knows of the hub, put together."""

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

HUB = Hub(Settings())
SPECS, CHECKS = specs.of(project.manifest(HUB.settings))


@dg.multi_asset(name="whole_pass", specs=SPECS, check_specs=CHECKS, pool=POOL, retry_policy=BUSY)
def whole_pass(
    context: dg.AssetExecutionContext, hub: dg.ResourceParam[Hub]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Land every source, bring the marts up to date, test them, publish."""
    outcome = refresh(hub.settings, context.log.info)
    yield from telling.results(outcome, SPECS, CHECKS)


deep_pass = dg.define_asset_job("deep_pass", selection=dg.AssetSelection.assets(whole_pass))
# The refresher looks at recent deals only; once a night everything that may still change is read.
nightly = dg.ScheduleDefinition(
    job=deep_pass, cron_schedule="23 2 * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)

defs = dg.Definitions(
    assets=[
        whole_pass,
        bank_files,
        platform_statements,
        *dg.load_assets_from_modules([psp, reference]),
    ],
    schedules=[nightly],
    resources={"hub": HUB},
)
