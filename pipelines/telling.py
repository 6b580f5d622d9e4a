"""What a pass did, told to Dagster: materialisations, checks, and whether the pointer moved."""

from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines.dbt_models.specs import PUBLICATION
from pipelines.refresh import Outcome


def results(
    outcome: Outcome, specs: Sequence[dg.AssetSpec], checks: Sequence[dg.AssetCheckSpec]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The results of a run that was asked for in Dagster."""
    for spec in specs:
        if spec.key != PUBLICATION or outcome.is_published:
            yield dg.MaterializeResult(asset_key=spec.key, metadata=_metadata(outcome))
    failed = _failed(outcome)
    for check in checks:
        yield dg.AssetCheckResult(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=check.name not in failed,
            metadata=failed.get(check.name, {}),
        )


def report(
    instance: dg.DagsterInstance,
    outcome: Outcome,
    specs: Sequence[dg.AssetSpec],
    checks: Sequence[dg.AssetCheckSpec],
) -> None:
    """Tell an instance about a pass that was no run of its own."""
    is_news = bool(outcome.built.nodes)
    for result in results(outcome, specs, checks if is_news else ()):
        if isinstance(result, dg.AssetCheckResult):
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=_known(result.asset_key),
                    check_name=result.check_name or "",
                    passed=result.passed,
                    metadata=dict(result.metadata),
                    blocking=True,
                )
            )
        elif is_news or result.asset_key == PUBLICATION:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(_known(result.asset_key), metadata=result.metadata)
            )


def _metadata(outcome: Outcome) -> dict[str, str]:
    return {"as_of": outcome.as_of.isoformat(), "landed": str(outcome.landed.rows)}


def _failed(outcome: Outcome) -> dict[str, dict[str, str]]:
    return {check.name: {"detail": check.detail} for check in outcome.failures}


def _known(key: dg.AssetKey | None) -> dg.AssetKey:
    assert key is not None
    return key
