"""Tells people when a daily run fails for another reason than its verdict, which has told them itself."""

import dagster as dg

from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.notifications import send

GATE_STEP = "published__gate"


def failure_sensor(runs: PartitionRuns) -> dg.SensorDefinition:
    """Notifies of a failed run by the addresses of [notify]; without any it does nothing."""

    @dg.run_failure_sensor(name="daily_parity_failed", default_status=dg.DefaultSensorStatus.RUNNING)
    def daily_parity_failed(context: dg.RunFailureSensorContext) -> None:
        steps = {event.step_key for event in context.get_step_failure_events()}
        if steps == {GATE_STEP}:
            return
        notify = runs.settings().notify
        if notify.urls:
            day = context.dagster_run.tags.get("dagster/partition", "")
            send(
                notify,
                title=f"The parity run of {day} failed",
                body=f"{context.failure_event.message}\nRun {context.dagster_run.run_id} in Dagster.",
                kind="failure",
                attachment=None,
                tell=context.log.warning,
            )

    return daily_parity_failed
