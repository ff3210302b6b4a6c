"""The assets: what is landed, one per SQL model, and what is published. Folder, schema and group are one."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import dagster as dg

from parity_pipeline import warehouse
from parity_pipeline.defs.partitions import DAILY, as_of
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.sensors import VERDICT
from parity_pipeline.defs.shown import Metadata, landed_metadata, report_link, run_metadata, table_metadata
from parity_pipeline.errors import ParityError
from parity_pipeline.models import CONTROL_INPUTS, NEAR_MISSES, UNMATCHED_NAMES, SqlModel
from parity_pipeline.near_misses import fill_near_misses
from parity_pipeline.pipeline import input_models
from parity_pipeline.sources.resources import RESOURCES

FRESH_FOR = timedelta(hours=36)  # as long as a verdict holds by default
REPORT = dg.AssetKey(["published", "report"])
GATE = dg.AssetKey(["published", "gate"])


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
        context: dg.AssetExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Read both vendors and load what they said."""
        try:
            pull = runs.land(as_of(context.partition_key), context.log.info)
        except ParityError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        if pull.error is not None:
            raise dg.Failure(
                description=f"UNDECIDED: {pull.error}",
                metadata={VERDICT: "UNDECIDED"},
                allow_retries=False,
            )
        with runs.work(as_of(context.partition_key)) as connection:
            shown = landed_metadata(connection)
            for spec in specs:
                table = ".".join(spec.key.path)
                rows = warehouse.count(connection, table)
                yield dg.MaterializeResult(
                    asset_key=spec.key,
                    metadata={**table_metadata(connection, table, rows), **shown.get(table, {})},
                )

    return landing


def model_assets(models: Sequence[SqlModel]) -> list[dg.AssetsDefinition]:
    """One asset a model; the comparison waits for the staging suites, which sit on the input's audits.

    A model that reads another one of the comparison waits with that one: Dagster looks up the version of all
    that an asset depends on, so needless edges cost time.
    """
    inputs = input_models(models)
    audits = [model.key for model in inputs if model.schema == "audit"]
    waiting = {model.key for model in models} - {model.key for model in inputs} | {NEAR_MISSES}
    return [
        sql_asset(model, after=audits if model.key in waiting and not waiting & {*model.upstream} else ())
        for model in models
    ]


def sql_asset(model: SqlModel, *, after: Sequence[str]) -> dg.AssetsDefinition:
    """Build one table from one SQL file; its upstreams are those it selects from."""

    @dg.asset(
        key=table_key(model.key),
        deps=[table_key(name) for name in sorted({*model.upstream, *after})],
        group_name=model.schema,
        description=model.description,
        partitions_def=DAILY,
    )
    def table(
        context: dg.AssetExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> dg.MaterializeResult[None]:
        with runs.work(as_of(context.partition_key)) as connection:
            rows = warehouse.build(connection, model)
            shown = table_metadata(connection, model.key, rows)
        return dg.MaterializeResult(metadata=shown)

    return table


def near_misses_asset() -> dg.AssetsDefinition:
    """Names that resemble each other: the one table that Python fills between the models."""

    @dg.asset(
        key=table_key(NEAR_MISSES),
        deps=[table_key(UNMATCHED_NAMES)],
        group_name="control",
        partitions_def=DAILY,
    )
    def near_misses(
        context: dg.AssetExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> dg.MaterializeResult[None]:
        """Compare the names that have no partner."""
        with runs.work(as_of(context.partition_key)) as connection:
            shown = table_metadata(connection, NEAR_MISSES, fill_near_misses(connection))
        return dg.MaterializeResult(metadata=shown)

    return near_misses


def published_assets(models: Sequence[SqlModel]) -> list[dg.AssetsDefinition]:
    """The report, then the gate, which fails unless the verdict is GO."""

    @dg.asset(
        key=REPORT,
        deps=[table_key(key) for key in (*(model.key for model in models), NEAR_MISSES)],
        group_name="published",
        partitions_def=DAILY,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FRESH_FOR),
    )
    def report(
        context: dg.AssetExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> dg.MaterializeResult[None]:
        """Decide and put the four published files in place."""
        result = runs.publish(as_of(context.partition_key))
        return dg.MaterializeResult(metadata=run_metadata(runs.home(), result))

    @dg.asset(key=GATE, deps=[REPORT], group_name="published", partitions_def=DAILY)
    def gate(
        context: dg.AssetExecutionContext, runs: dg.ResourceParam[PartitionRuns]
    ) -> dg.MaterializeResult[None]:
        """Fail unless the verdict is GO; the report is there either way."""
        with runs.work(as_of(context.partition_key)) as connection:
            (row,) = warehouse.rows(connection, "select verdict, reasons from parity.verdict")
        shown: Metadata = {VERDICT: str(row["verdict"]), "report": report_link(runs.home())}
        if row["verdict"] != "GO":
            reasons = row["reasons"] if isinstance(row["reasons"], list) else []
            raise dg.Failure(
                description=f"{row['verdict']}: {' '.join(map(str, reasons))}",
                metadata=shown,
                allow_retries=False,
            )
        return dg.MaterializeResult(metadata=shown)

    return [report, gate]
