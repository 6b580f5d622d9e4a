"""Printed account statements as assets."""

from datetime import timedelta

import dagster as dg

from pipelines.platform import receive
from pipelines.resources import BUSY, NO_FILE_REFUSED, POOL, Hub, Materialized, received

KEY = ["raw", "platform_statements"]


@dg.asset(
    key=KEY,
    group_name="platform",
    kinds={"ducklake"},
    owners=["team:dealing"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=32)),
    check_specs=[dg.AssetCheckSpec(NO_FILE_REFUSED, asset=KEY, blocking=True)],
)
def platform_statements(hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per statement, position, deal and order in every printed account statement."""
    with hub.lake() as lake:
        receipt = receive.receive(hub.settings, lake, now=hub.now())
    return received(receipt)
