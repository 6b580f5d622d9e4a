"""The border: every arriving batch is held against its expectations, or refused whole."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa

SAMPLE_ROWS = 5
"""How many offending rows a refusal names."""


class Expectation(NamedTuple):
    """One of Great Expectations' checks, by its name and arguments."""

    name: str
    arguments: dict[str, Any]


def keyed(*columns: str) -> list[Expectation]:
    """No row comes twice, and every part of what names it is there."""
    unique = (
        Expectation("expect_column_values_to_be_unique", {"column": columns[0]})
        if len(columns) == 1
        else Expectation("expect_compound_columns_to_be_unique", {"column_list": list(columns)})
    )
    return [unique, *map(filled, columns)]


def filled(column: str) -> Expectation:
    """Every row has a value."""
    return Expectation("expect_column_values_to_not_be_null", {"column": column})


class BatchRefusedError(Exception):
    """The batch breaks an expectation; nothing of it may be landed. `reasons` say which."""

    def __init__(self, batch: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{batch} refused: " + "; ".join(reasons))
        self.reasons = tuple(reasons)


def validate(
    batch: str, rows: pa.Table, expectations: Sequence[Expectation], *, names: str
) -> None:
    """Hold `rows` against their expectations; values of column `names` say which row it was.

    Raises:
        BatchRefusedError: with a reason for each expectation that failed.
    """
    assert expectations, f"nothing is expected of {batch}"
    # Importing it takes several seconds, which a process that lands nothing should not pay.
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    suite = gx.ExpectationSuite(name=batch)
    for name, arguments in expectations:
        suite.add_expectation_configuration(ExpectationConfiguration(name, arguments))
    asset = _context().data_sources.add_pandas("arrivals").add_dataframe_asset(batch)
    arrived = asset.add_batch_definition_whole_dataframe("whole").get_batch(
        # Arrow's own types, or a column of whole numbers with a gap would turn into floats.
        {"dataframe": rows.to_pandas(types_mapper=pd.ArrowDtype)}
    )
    result = arrived.validate(
        suite,
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [names]},
    )
    reasons = [_reason(check) for check in result.results if not check.success]
    if reasons:
        raise BatchRefusedError(batch, reasons)


def _context() -> Any:
    """A context that reports to nobody, draws nothing and keeps nothing on disk."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(),
        ),
    )


def _reason(check: Any) -> str:
    """Which expectation failed, on which columns, and the first rows that broke it."""
    about = check.expectation_config.kwargs
    columns = [about[key] for key in ("column", "column_A", "column_B") if key in about]
    columns += about.get("column_list", [])
    offenders = check.result.get("unexpected_index_list") or []
    sample = "; ".join(
        ", ".join(f"{column} {value}" for column, value in offender.items())
        for offender in offenders[:SAMPLE_ROWS]
    )
    what = check.expectation_config.type.removeprefix("expect_").replace("_", " ")
    return f"{' and '.join(columns)}: {what} ({len(offenders)} rows: {sample})"
