"""Tells people when a daily run fails for another reason than its verdict, which has told them itself."""

import dagster as dg

from parity_pipeline.defs.partitions import as_of
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.notifications import send

GATE_STEP = "published__gate"
VERDICT = "verdict"
"""The metadata of a failure whose run has published a verdict all the same."""
_MOST_LETTERS = 500
_BLOCKING_CHECK = "DagsterAssetCheckFailedError"


def failure_sensor(runs: PartitionRuns) -> dg.SensorDefinition:
    """Notifies of a failed run by the addresses of [notify]; without any it does nothing."""

    @dg.run_failure_sensor(name="daily_parity_failed", default_status=dg.DefaultSensorStatus.RUNNING)
    def daily_parity_failed(context: dg.RunFailureSensorContext) -> None:
        failures = context.get_step_failure_events()
        day = context.dagster_run.tags.get("dagster/partition", "")
        if {event.step_key for event in failures} == {GATE_STEP}:
            return
        if failures and all(map(_has_verdict, failures)) and runs.was_told(as_of(day)):
            return
        notify = runs.settings().notify
        if notify.urls:
            send(
                notify,
                title=f"The parity run of {day} failed",
                body=_body(context),
                kind="failure",
                attachment=None,
                tell=context.log.warning,
            )

    return daily_parity_failed


def _has_verdict(event: dg.DagsterEvent) -> bool:
    """Whether the step published why it failed, as a verdict."""
    data = event.step_failure_data
    own = data.user_failure_data
    is_blocked = data.error is not None and data.error.cls_name == _BLOCKING_CHECK
    return is_blocked or (own is not None and VERDICT in own.metadata)


def _body(context: dg.RunFailureSensorContext) -> str:
    """What failed and why, a line a step, and where to look."""
    lines = [context.failure_event.message]
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        own = data.user_failure_data.description if data.user_failure_data else None
        told = own or (data.error.message if data.error else "") or "it does not say why"
        lines.append(f"{event.step_key}: {' '.join(told.split())[:_MOST_LETTERS]}")
    return "\n".join([*filter(None, lines), f"Run {context.dagster_run.run_id} in Dagster."])
