"""The dbt project as Dagster sees it: one asset per table, with grain, owner and blocking checks."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

Node = dict[str, Any]

PUBLICATION = dg.AssetKey("publication")
"""The pointer people read through."""

# The running hub publishes within a minute; ten without news mean that something is stuck.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=10))
OURS = "published"
"""Where the build itself remembers how far its checks have looked; no source of anybody."""


def of(manifest: Path) -> tuple[list[dg.AssetSpec], list[dg.AssetCheckSpec]]:
    """Assets and checks of a parsed project: raw tables, models, and the publication on top."""
    parsed = json.loads(manifest.read_text())
    sources = [node for node in parsed["sources"].values() if node["name"] != OURS]
    models = [node for node in parsed["nodes"].values() if node["resource_type"] == "model"]
    keys = {node["unique_id"]: _key(node) for node in (*sources, *models)}
    specs = [_raw(node) for node in sources]
    specs += [_model(node, keys) for node in models]
    specs.append(_publication([_key(node) for node in models if node["schema"] == "marts"]))
    tests = [node for node in parsed["nodes"].values() if node["resource_type"] == "test"]
    return specs, [_check(node, keys) for node in tests]


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
    )


def _model(node: Node, keys: dict[str, dg.AssetKey]) -> dg.AssetSpec:
    owner = node["config"].get("meta", {}).get("owner", "data")
    return dg.AssetSpec(
        _key(node),
        deps=[keys[parent] for parent in node["depends_on"]["nodes"] if parent in keys],
        description=node["description"] or f"A step on the way to the marts: {node['name']}.",
        group_name=node["schema"],
        owners=[f"team:{owner}"],
        kinds={"dbt", "ducklake"},
        freshness_policy=FRESH,
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


def _check(node: Node, keys: dict[str, dg.AssetKey]) -> dg.AssetCheckSpec:
    """A test of one table hangs on it; a fact across tables hangs on the publication it guards."""
    about = keys.get(node.get("attached_node") or "", PUBLICATION)
    return dg.AssetCheckSpec(
        node["name"], asset=about, blocking=True, description=node["description"] or None
    )
