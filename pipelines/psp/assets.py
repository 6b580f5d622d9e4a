"""Settlement reports as assets."""

from datetime import timedelta

import dagster as dg

from pipelines.psp import fetch, receive
from pipelines.resources import BUSY, NO_FILE_REFUSED, POOL, Hub, Materialized, received

KEY = ["raw", "psp_settlements"]


@dg.asset(
    key=KEY,
    group_name="psp",
    kinds={"ducklake"},
    owners=["team:finance"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=3)),
    check_specs=[dg.AssetCheckSpec(NO_FILE_REFUSED, asset=KEY, blocking=True)],
)
def psp_settlements(context: dg.AssetExecutionContext, hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per line of every settlement report, fetched from the provider or dropped by hand."""
    now = hub.now()
    with hub.lake() as lake:
        context.log.info("fetched: %s", fetch.fetch(hub.settings, lake, today=now.date()))
        receipt = receive.receive(hub.settings, lake, now=now)
    return received(receipt)
