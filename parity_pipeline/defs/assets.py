"""The assets: what is landed, one per SQL model, and what is published. Folder, schema and group are one."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

import dagster as dg

from parity_pipeline import warehouse
from parity_pipeline.defs.partitions import DAILY, as_of
from parity_pipeline.defs.sensors import VERDICT
from parity_pipeline.defs.shown import (
    BREACHING,
    ROW_COUNT,
    Metadata,
    landed_metadata,
    report_link,
    run_metadata,
    table_metadata,
)
from parity_pipeline.defs.work import RunWork
from parity_pipeline.errors import ParityError
from parity_pipeline.models import CONTROL_INPUTS, NEAR_MISSES, UNMATCHED_NAMES, SqlModel
from parity_pipeline.near_misses import fill_near_misses
from parity_pipeline.pipeline import input_models, with_upstreams
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.sources.resources import RESOURCES
from parity_pipeline.warehouse import Connection

FRESH_FOR = timedelta(hours=36)  # as long as a verdict holds by default
REPORT = dg.AssetKey(["published", "report"])
GATE = dg.AssetKey(["published", "gate"])
_JUDGED = (BREACHING, "parity.check_summary", "parity.check_unit_cycles")


def table_key(table: str) -> dg.AssetKey:
    """The asset of `schema.table`."""
    return dg.AssetKey(table.split("."))


def landed_assets() -> dg.AssetsDefinition:
    """Every raw and control table that a pull fills, by one step."""
    specs = [
        dg.AssetSpec([each.schema, each.name], description=each.summary, group_name=each.schema)
        for each in RESOURCES
    ]
    specs += [
        dg.AssetSpec(table_key(table), group_name="control")
        for table in (f"control.{name}" for name in CONTROL_INPUTS)
        if table != NEAR_MISSES
    ]

    @dg.multi_asset(name="landing", specs=specs, partitions_def=DAILY)
    def landing(
        context: dg.AssetExecutionContext, work: dg.ResourceParam[RunWork]
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Read both vendors and load what they said."""
        at = as_of(context.partition_key)
        try:
            pull = work.land(at, context.log.info)
        except ParityError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        if pull.error is not None:
            raise dg.Failure(
                description=f"UNDECIDED: {pull.error}",
                metadata={VERDICT: "UNDECIDED"},
                allow_retries=False,
            )
        connection = work.to_read(at)
        shown = landed_metadata(connection)
        for spec in specs:
            table = ".".join(spec.key.path)
            landed = shown.get(table, {})
            rows = landed[ROW_COUNT] if ROW_COUNT in landed else warehouse.count(connection, table)
            yield dg.MaterializeResult(
                asset_key=spec.key, metadata={**table_metadata(connection, table, rows), **landed}
            )

    return landing


def model_assets(models: Sequence[SqlModel]) -> list[dg.AssetsDefinition]:
    """One asset a model, in three steps: the input, the comparison, and what explains and sums it up.

    The comparison waits for the staging suites, which sit on the input's audits.
    """
    inputs = input_models(models)
    audits = [model.key for model in inputs if model.schema == "audit"]
    compared = with_upstreams(models, [*(f"parity.{check}" for check in CHECKS), *_JUDGED])
    comparison = [model for model in compared if model not in inputs]
    explanation = [model for model in models if model not in compared and model not in inputs]
    return [
        step_assets("input_tables", inputs, after=()),
        step_assets("comparison", comparison, after=audits),
        step_assets("explanation", explanation, after=audits),
    ]


def step_assets(name: str, models: Sequence[SqlModel], *, after: Sequence[str]) -> dg.AssetsDefinition:
    """Assets that one step builds in order, each by itself if it is asked for alone.

    A step for each asset would cost more than most of the tables do.
    """
    specs = [_spec(model, models, after) for model in models]
    if UNMATCHED_NAMES in {model.key for model in models}:
        specs.append(
            dg.AssetSpec(table_key(NEAR_MISSES), deps=[table_key(UNMATCHED_NAMES)], group_name="control")
        )

    @dg.multi_asset(name=name, specs=specs, partitions_def=DAILY, can_subset=True)
    def step(
        context: dg.AssetExecutionContext, work: dg.ResourceParam[RunWork]
    ) -> Iterator[dg.MaterializeResult[None]]:
        connection = work.to_read(as_of(context.partition_key))
        built = [each for each in _builders(models) if table_key(each[0]) in context.selected_asset_keys]
        for table, build in built:
            work.changed(table)
            build(connection)
        for table, _ in built:  # what is shown of a table may lie in one that comes after it
            shown = table_metadata(connection, table, warehouse.count(connection, table))
            yield dg.MaterializeResult(asset_key=table_key(table), metadata=shown)

    return step


def _spec(model: SqlModel, step: Sequence[SqlModel], after: Sequence[str]) -> dg.AssetSpec:
    """The asset of a model. Only the first ones of a step wait for what the whole step comes after."""
    is_first = not {each.key for each in step} & {*model.upstream}
    return dg.AssetSpec(
        table_key(model.key),
        deps=[table_key(name) for name in sorted({*model.upstream, *(after if is_first else ())})],
        group_name=model.schema,
        description=model.description,
    )


def _builders(models: Sequence[SqlModel]) -> Iterator[tuple[str, Callable[[Connection], object]]]:
    """Each table of a step with what builds it; near misses are found among the unmatched names."""
    for model in models:
        yield model.key, partial(warehouse.build, model=model)
        if model.key == UNMATCHED_NAMES:
            yield NEAR_MISSES, fill_near_misses


def published_assets(models: Sequence[SqlModel]) -> list[dg.AssetsDefinition]:
    """The report, then the gate, which fails unless the verdict is GO."""

    @dg.asset(
        key=REPORT,
        deps=[table_key(key) for key in _last(models)],
        group_name="published",
        partitions_def=DAILY,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FRESH_FOR),
    )
    def report(
        context: dg.AssetExecutionContext, work: dg.ResourceParam[RunWork]
    ) -> dg.MaterializeResult[None]:
        """Decide and put the four published files in place."""
        result = work.publish(as_of(context.partition_key))
        return dg.MaterializeResult(metadata=run_metadata(work.home, result))

    @dg.asset(key=GATE, deps=[REPORT], group_name="published", partitions_def=DAILY)
    def gate(
        context: dg.AssetExecutionContext, work: dg.ResourceParam[RunWork]
    ) -> dg.MaterializeResult[None]:
        """Fail unless the verdict is GO; the report is there either way."""
        connection = work.to_read(as_of(context.partition_key))
        (row,) = warehouse.rows(connection, "select verdict, reasons from parity.verdict")
        shown: Metadata = {VERDICT: str(row["verdict"]), "report": report_link(work.home)}
        if row["verdict"] != "GO":
            reasons = row["reasons"] if isinstance(row["reasons"], list) else []
            raise dg.Failure(
                description=f"{row['verdict']}: {' '.join(map(str, reasons))}",
                metadata=shown,
                allow_retries=False,
            )
        return dg.MaterializeResult(metadata=shown)

    return [report, gate]


def _last(models: Sequence[SqlModel]) -> list[str]:
    """The tables that no other model reads; whoever waits for them waits for all."""
    read = {name for model in models for name in model.upstream}
    return [key for key in (*(model.key for model in models), NEAR_MISSES) if key not in read]
