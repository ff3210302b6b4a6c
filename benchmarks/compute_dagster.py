"""What the same run costs when Dagster conducts it: every model an asset, every suite a check."""

from datetime import timedelta
from pathlib import Path

import dagster as dg

from benchmarks.compute_stages import KEYS, Cost, measured
from benchmarks.synthetic import AS_OF
from parity_pipeline.defs.build import build_definitions
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.errors import ParityError
from parity_pipeline.periods import DAY

_GATE = "published__gate"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_orchestrated(home_folder: Path, variables: dict[str, str]) -> Cost:
    """The daily job of the landing's day, a day later, when it needs no vendor."""
    environment = {**KEYS, **variables, "PARITY_HOME": str(home_folder)}
    runs = PartitionRuns(environment, clock=lambda: AS_OF + timedelta(hours=30))
    with measured() as cost, dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(runs=runs).resolve_job_def("daily_parity")
        result = job.execute_in_process(
            partition_key=(AS_OF - DAY).date().isoformat(),
            instance=instance,
            raise_on_error=False,
            run_config=_QUIET,
        )
    failed = {each.step_key for each in result.all_events if each.is_step_failure}
    if failed - {_GATE}:
        raise ParityError(f"these steps failed: {', '.join(sorted(map(str, failed)))}")
    return cost
