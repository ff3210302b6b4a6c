"""The one assembly of the Dagster front: assets, checks, the daily job and its schedule."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from parity_pipeline.defs.assets import landed_assets, model_assets, published_assets
from parity_pipeline.defs.checks import staging_checks, suite_check
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.schedules import daily_schedule
from parity_pipeline.defs.sensors import failure_sensor
from parity_pipeline.defs.work import RunWork
from parity_pipeline.models import load_models
from parity_pipeline.quality.suites import load_suites


def build_definitions(*, runs: PartitionRuns | None = None) -> dg.Definitions:
    """Everything; a test hands in runs with an environment and a clock of its own."""
    runs = runs or PartitionRuns()
    models, suites = load_models(), load_suites()
    job = dg.define_asset_job(
        "daily_parity",
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,  # DuckDB allows one writing process
        description="Read both vendors, compare, decide and publish, for one UTC day.",
    )
    return dg.Definitions(
        assets=[landed_assets(), *model_assets(models), *published_assets(models)],
        asset_checks=[
            staging_checks([suite for suite in suites if suite.is_staging]),
            *(suite_check(suite) for suite in suites if not suite.is_staging),
        ],
        jobs=[job],
        schedules=[daily_schedule(job.name, runs.schedule())],
        sensors=[failure_sensor(runs)],
        resources={"work": run_work(runs)},
        executor=dg.in_process_executor,
    )


def run_work(runs: PartitionRuns) -> dg.ResourceDefinition:
    """The work of a run, as a resource that its steps share and that ends with it."""

    @contextmanager
    def work(_: dg.InitResourceContext) -> Iterator[RunWork]:
        with closing(RunWork(runs)) as opened:
            yield opened

    return dg.ResourceDefinition(resource_fn=work, description="The work database of the run.")
