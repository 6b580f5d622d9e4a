"""Bank statements as assets."""

from datetime import timedelta

import dagster as dg

from pipelines.bank import receive
from pipelines.resources import BUSY, NO_FILE_REFUSED, POOL, Hub, Materialized, received

KEY = ["raw", "bank_files"]


@dg.asset(
    key=KEY,
    group_name="bank",
    kinds={"ducklake"},
    owners=["team:finance"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=4)),
    check_specs=[dg.AssetCheckSpec(NO_FILE_REFUSED, asset=KEY, blocking=True)],
)
def bank_files(hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per statement, balance, booking and payment in every file a bank sent."""
    with hub.lake() as lake:
        receipt = receive.receive(hub.settings, lake, now=hub.now())
    return received(receipt)
