"""Published lists, rates and prices as assets."""

from datetime import timedelta

import dagster as dg

from pipelines.border import BatchRefusedError
from pipelines.contracts import FileRefused
from pipelines.dbt_models.specs import ARRIVES_WHOLE
from pipelines.reference import receive
from pipelines.resources import BUSY, NO_FILE_REFUSED, POOL, Hub, Materialized, arrived, received

LISTS = ["raw", "reference_lists"]
MARKET = ["raw", "reference_market"]
RATES = ["raw", "reference_rates"]


@dg.asset(
    key=LISTS,
    group_name="reference",
    kinds={"ducklake"},
    owners=["team:compliance"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=7)),
    check_specs=[dg.AssetCheckSpec(NO_FILE_REFUSED, asset=LISTS, blocking=True)],
)
def reference_lists(hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per entry, alias, address, birth and document of the newest sanctions lists."""
    with hub.lake() as lake:
        receipt = receive.receive_lists(hub.settings, lake, now=hub.now())
    return received(receipt)


@dg.asset(
    key=MARKET,
    group_name="reference",
    kinds={"ducklake"},
    owners=["team:dealing"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=32)),
    check_specs=[dg.AssetCheckSpec(NO_FILE_REFUSED, asset=MARKET, blocking=True)],
)
def reference_market(hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per price bar and per symbol of the newest price files."""
    with hub.lake() as lake:
        receipt = receive.receive_market(hub.settings, lake, now=hub.now())
    return received(receipt)


# The rates come with a package; an update of it brings new ones.
@dg.asset(
    key=RATES,
    group_name="reference",
    kinds={"ducklake"},
    owners=["team:finance"],
    pool=POOL,
    retry_policy=BUSY,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=32)),
    check_specs=[dg.AssetCheckSpec(ARRIVES_WHOLE, asset=RATES, blocking=True)],
)
def reference_rates(hub: dg.ResourceParam[Hub]) -> Materialized:
    """One row per publication day and currency of the European Central Bank."""
    with hub.lake() as lake:
        try:
            landed = receive.receive_rates(lake, now=hub.now())
        except (BatchRefusedError, FileRefused) as refusal:
            return arrived(0, refusal=str(refusal))
    return arrived(landed.row_count if landed else 0)
