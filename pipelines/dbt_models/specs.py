"""The dbt project as Dagster sees it: one asset per table, with grain, owner and blocking checks."""

import json
from datetime import timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

Node = dict[str, Any]

PUBLICATION = dg.AssetKey("publication")
"""The pointer people read through."""

BREAKS = dg.AssetKey(["operations", "breaks"])
REPORTS = dg.AssetKey(["operations", "client_money_reports"])
"""What people work on and sign, told by the published lake."""

STANDS = "nothing_holds_it_back"
ARRIVES_WHOLE = "arrives_whole"
GIVEN_BACK = "operations_were_told"

# The running hub reads and publishes within a minute; ten without mean that something is stuck.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=10))
# Models are built when there is news; a broker without any for a day has lost its source.
BUILT = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=1))
VIEW = "view"
OURS = frozenset({"extracts", "published"})
"""Where passes remember what arrived and how far checks have looked; no source of anybody."""


def of(manifest: Path) -> tuple[list[dg.AssetSpec], list[dg.AssetCheckSpec]]:
    """Assets and checks of a parsed project: raw tables, models, and the publication on top."""
    parsed = json.loads(manifest.read_text())
    sources = [node for node in parsed["sources"].values() if node["name"] not in OURS]
    models = [node for node in parsed["nodes"].values() if node["resource_type"] == "model"]
    keys = {node["unique_id"]: _key(node) for node in (*sources, *models)}
    specs = [_raw(node) for node in sources]
    specs += [_model(node, keys) for node in models]
    specs.append(_publication([_key(node) for node in models if node["schema"] == "marts"]))
    specs += [_breaks(), _reports()]
    tests = [node for node in parsed["nodes"].values() if node["resource_type"] == "test"]
    checks = [_check(node, keys) for node in tests]
    checks += [_arrives_whole(_key(node)) for node in sources]
    checks += [_stands(), _given_back()]
    return _in_order(specs), checks


def _in_order(specs: list[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """Each after what it is made from, as Dagster wants to be told of them."""
    by_key = {spec.key: spec for spec in specs}
    needs = {spec.key: [dep.asset_key for dep in spec.deps] for spec in specs}
    return [by_key[key] for key in TopologicalSorter(needs).static_order()]


def is_raw(key: dg.AssetKey) -> bool:
    return key.path[0] == "raw"


def is_view(spec: dg.AssetSpec) -> bool:
    """Whether it shows what it reads at any moment, without being built again."""
    return VIEW in spec.kinds


def _key(node: Node) -> dg.AssetKey:
    return dg.AssetKey([node["schema"], node["name"]])


def _raw(node: Node) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(node),
        description=node["description"]
        or "Rows as they arrived, each with the number of its arrival.",
        group_name="raw",
        owners=["team:data"],
        kinds={"ducklake"},
        freshness_policy=FRESH,
        # A pass tells what it did, and nothing of what it left alone.
        skippable=True,
    )


def _model(node: Node, keys: dict[str, dg.AssetKey]) -> dg.AssetSpec:
    owner = node["config"].get("meta", {}).get("owner", "data")
    as_view = node["config"]["materialized"] == VIEW
    return dg.AssetSpec(
        _key(node),
        deps=[keys[parent] for parent in node["depends_on"]["nodes"] if parent in keys],
        description=node["description"] or f"A step on the way to the marts: {node['name']}.",
        group_name=node["schema"],
        owners=[f"team:{owner}"],
        kinds={"dbt", "ducklake", VIEW} if as_view else {"dbt", "ducklake"},
        freshness_policy=FRESH if as_view else BUILT,
        skippable=True,
    )


def _publication(marts: list[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        PUBLICATION,
        deps=marts,
        description="One row per decision about a snapshot: published, or held back by a check.",
        group_name="published",
        owners=["team:data"],
        kinds={"postgres"},
        freshness_policy=FRESH,
        skippable=True,
    )


def _breaks() -> dg.AssetSpec:
    return dg.AssetSpec(
        BREAKS,
        deps=[PUBLICATION],
        description="One row per break, as people work on it, opened and closed by what is published.",
        group_name="feedback",
        owners=["team:finance"],
        kinds={"postgres"},
        freshness_policy=FRESH,
        skippable=True,
    )


def _reports() -> dg.AssetSpec:
    return dg.AssetSpec(
        REPORTS,
        deps=[BREAKS],
        description="One row per version of a day's client-money report, for a person to sign.",
        group_name="feedback",
        owners=["team:finance"],
        kinds={"postgres"},
        freshness_policy=BUILT,
        skippable=True,
    )


def _given_back() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        GIVEN_BACK,
        asset=BREAKS,
        blocking=True,
        description="Operations know every break of the published snapshot, and have every report that is due.",
    )


def _arrives_whole(raw: dg.AssetKey) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        ARRIVES_WHOLE,
        asset=raw,
        blocking=True,
        description="Every arriving batch kept what is expected of it; one that did not is refused.",
    )


def _stands() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        STANDS,
        asset=PUBLICATION,
        blocking=True,
        description="Every source arrived whole, every model was built, every test passed.",
    )


def _check(node: Node, keys: dict[str, dg.AssetKey]) -> dg.AssetCheckSpec:
    """A test of one table hangs on it; a fact across tables hangs on the publication it guards."""
    about = keys.get(node.get("attached_node") or "", PUBLICATION)
    return dg.AssetCheckSpec(
        node["name"], asset=about, blocking=True, description=node["description"] or None
    )
