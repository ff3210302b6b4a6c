"""Meter error reports: the thin v2 events that tell of meter events dropped after a 200."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from parity_pipeline.sandbox.stripe_side.metering import Meters, Rejected

Json = dict[str, Any]
REPORT = "v1.billing.meter.error_report_triggered"
NO_METER = "v1.billing.meter.no_meter_found"
_SAMPLES = 5


def error_reports(meters: Meters) -> list[Json]:
    """One report a day and kind, newest first, with `data`, which only a single retrieve shows."""
    by_day: dict[tuple[str, str, str], list[Rejected]] = defaultdict(list)
    for each in meters.rejected:
        kind = NO_METER if each.code == "no_meter" else REPORT
        by_day[each.event.at.date().isoformat(), kind, each.event.event_name].append(each)
    return [_report(number, *key, found) for number, (key, found) in enumerate(sorted(by_day.items()))][::-1]


def without_data(report: Json) -> Json:
    """The report as a list shows it."""
    return {key: value for key, value in report.items() if key != "data"}


def _report(number: int, day: str, kind: str, event_name: str, found: list[Rejected]) -> Json:
    meter = f"mtr_{event_name}"
    related = {"id": meter, "type": "billing.meter", "url": f"/v1/billing/meters/{meter}"}
    return {
        "id": f"evt_report_{number:06d}",
        "object": "v2.core.event",
        "context": None,
        "created": _rfc3339(max(each.event.at for each in found)),
        "livemode": False,
        "reason": None,
        "type": kind,
        **({} if kind == NO_METER else {"related_object": related}),
        "data": {
            "developer_message_summary": f"{len(found)} invalid meter events",
            "validation_start": f"{day}T00:00:00.000Z",
            "validation_end": f"{day}T23:59:59.999Z",
            "reason": {"error_count": len(found), "error_types": _error_types(found)},
        },
    }


def _error_types(found: list[Rejected]) -> list[Json]:
    counts = Counter(each.code for each in found)
    return [
        {
            "code": code,
            "error_count": count,
            "sample_errors": [
                {"error_message": code, "request": {"identifier": each.event.event_id}}
                for each in found
                if each.code == code
            ][:_SAMPLES],
        }
        for code, count in counts.items()
    ]


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
