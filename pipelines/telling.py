"""What a pass did, told to Dagster: what was read and built, what was checked, what was refused."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from pipelines import resources
from pipelines.dbt_models.project import NodeResult
from pipelines.dbt_models.specs import (
    ARRIVES_WHOLE,
    BREAKS,
    GIVEN_BACK,
    PUBLICATION,
    REPORTS,
    STANDS,
    is_raw,
    is_view,
)
from pipelines.refresh import Outcome
from pipelines.sources import Landed

Result = dg.MaterializeResult[None] | dg.AssetCheckResult
Nodes = dict[tuple[str, str], NodeResult]

PREFIXES = {
    "bank__": "bank_files",
    "platform__": "platform_deals",
    "psp__": "psp_settlements",
    "reference__": "reference_rates",
}
"""Which source a raw table comes from, by how its name begins; the others from operations."""


def results(
    outcome: Outcome, specs: Sequence[dg.AssetSpec], checks: Sequence[dg.AssetCheckSpec]
) -> Iterator[Result]:
    """What a pass did to the assets of a whole pass. What it left alone is left out."""
    nodes = {(node.kind, node.name): node for node in outcome.built.nodes}
    for spec in specs:
        if _is_done(spec, outcome, nodes):
            yield dg.MaterializeResult(asset_key=spec.key, metadata=_metadata(outcome))
    for check in checks:
        yield from _checked(check, outcome, nodes)


def _is_done(spec: dg.AssetSpec, outcome: Outcome, nodes: Nodes) -> bool:
    """Whether the pass brought this asset up to its moment.

    A raw table was read if its source answered; a view shows what was read.
    """
    if spec.key == PUBLICATION:
        return outcome.is_published
    if spec.key in {BREAKS, REPORTS}:
        return outcome.is_published and not outcome.given.failure
    if is_raw(spec.key):
        return _was_read(spec.key, outcome.landed)
    node = nodes.get(("model", spec.key.path[-1]))
    if node is None:
        return is_view(spec) and outcome.is_published
    return node.passed


def _checked(
    check: dg.AssetCheckSpec, outcome: Outcome, nodes: Nodes
) -> Iterator[dg.AssetCheckResult]:
    node = nodes.get(("test", check.name))
    if check.name == STANDS:
        failed = {failure.name: failure.detail for failure in outcome.failures}
        yield _result(check, passed=not failed, metadata=failed)
    elif check.name == GIVEN_BACK:
        if outcome.is_published:
            why = outcome.given.failure
            yield _result(check, passed=not why, metadata={"detail": why} if why else {})
    elif check.name == ARRIVES_WHOLE:
        refused = outcome.landed.broken.get(source_of(check.asset_key))
        if refused or _was_read(check.asset_key, outcome.landed):
            told = {"detail": refused} if refused else {}
            yield _result(check, passed=not refused, metadata=told)
    elif node is not None and node.status != "skipped":
        yield _result(check, passed=node.passed, metadata={} if node.passed else _why(node))


def _result(check: dg.AssetCheckSpec, *, passed: bool, metadata: dict[str, str]) -> Any:
    return dg.AssetCheckResult(
        asset_key=check.asset_key, check_name=check.name, passed=passed, metadata=metadata
    )


def _why(node: NodeResult) -> dict[str, str]:
    return {"detail": node.message}


def source_of(raw: dg.AssetKey) -> str:
    """Which source of a pass a raw table comes from."""
    table = raw.path[-1]
    return next((PREFIXES[each] for each in PREFIXES if table.startswith(each)), "operational_db")


def _was_read(raw: dg.AssetKey, landed: Landed) -> bool:
    source = source_of(raw)
    return source not in landed.unavailable and source not in landed.broken


def files(landed: Landed) -> Iterator[Result]:
    """What became of files and published rates, whose assets stand beside the whole pass."""
    for source, receipt in landed.receipts.items():
        yield from _beside(source, resources.received(receipt), has_landed=bool(receipt.landed))
    rates = "reference_rates"
    if rates in landed.rows or rates in landed.broken:
        told = resources.arrived(landed.rows.get(rates, 0), refusal=landed.broken.get(rates, ""))
        yield from _beside(rates, told, has_landed=rates in landed.rows)


def _beside(source: str, told: dg.MaterializeResult[None], *, has_landed: bool) -> Iterator[Result]:
    key = dg.AssetKey(["raw", source])
    if has_landed:
        yield dg.MaterializeResult(asset_key=key, metadata=told.metadata)
    for check in told.check_results or ():
        yield check._replace(asset_key=key)


def report(instance: dg.DagsterInstance, told: Iterable[Result]) -> None:
    """Tell an instance about what no run of its own did."""
    for result in told:
        if isinstance(result, dg.AssetCheckResult):
            assert result.asset_key, "a check is of an asset"
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=result.asset_key,
                    check_name=result.check_name or "",
                    passed=result.passed,
                    metadata=dict(result.metadata),
                    blocking=True,
                )
            )
        else:
            assert result.asset_key, "what was made has a name"
            instance.report_runless_asset_event(
                dg.AssetMaterialization(result.asset_key, metadata=result.metadata)
            )


def _metadata(outcome: Outcome) -> dict[str, str]:
    return {
        "as_of": outcome.as_of.isoformat(),
        "landed": str(outcome.landed.rows),
        "unavailable": str(outcome.landed.unavailable),
    }
